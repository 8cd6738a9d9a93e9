//go:build lab && linux

package lab

import (
	"cmp"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(suite.Run(m)) }

// drill takes something away from the stack while it serves, and says what came of it.
type drill struct {
	name string
	run  func(t *testing.T, l *Lab) figures
	once bool // it makes the stack what it is from then on, and is not repeated
	slow bool // left out with -short, where the end-to-end tests or the drills of the application try the same in another way
}

// drills are in the order in which they run: each leaves a stack behind that is whole, with a release of the application.
var drills = []drill{
	{name: "instances boot", run: bootDrill, once: true},
	{name: "reachability", run: reachabilityDrill},
	{name: "first release", run: goodReleaseDrill, once: true},
	{name: "verify check", run: checkDrill},
	{name: "bad release", run: badReleaseDrill, slow: true},
	{name: "way back", run: wayBackDrill, slow: true},
	{name: "instance terminated", run: instanceDrill},
	{name: "instance killed", run: killedDrill},
	{name: "instance sick", run: sickDrill, slow: true},
	{name: "drain", run: drainDrill},
	{name: "database failover", run: failoverDrill},
	{name: "password rotation", run: rotationDrill},
	{name: "AWS APIs silent, disk full", run: silentDrill, slow: true},
	{name: "zone lost with the primary", run: zoneLostDrill},
	{name: "zonal shift", run: zonalShiftDrill, slow: true},
	{name: "load", run: loadDrill, slow: true},
	{name: "restore", run: restoreDrill},
}

// TestLab runs the drills on one stack, and with LAB_SOAK, which is a time such as 1h, again and again for that long.
func TestLab(t *testing.T) {
	need(t)
	soak, err := time.ParseDuration(cmp.Or(os.Getenv("LAB_SOAK"), "0s"))
	require.NoError(t, err)
	l := start(t)
	proof := proof{began: l.began}
	for round := 0; round == 0 || time.Since(l.began) < soak && !t.Failed(); round++ {
		for _, each := range drills {
			if round > 0 && each.once || testing.Short() && each.slow {
				continue
			}
			l.drill(t, &proof, each)
		}
	}
	fmt.Print(proof.table())
	require.NoError(t, proof.write(os.Getenv("UPDATE_PROOF")))
}

func (l *Lab) drill(t *testing.T, proof *proof, d drill) {
	t.Run(d.name, func(t *testing.T) {
		if l.ctx.Err() != nil {
			t.Skip("the lab has ended")
		}
		began := time.Now()
		l.say("== %s", d.name)
		defer func() {
			if t.Failed() {
				l.tell()
			}
		}()
		found := d.run(t, l)
		found.drill, found.took = d.name, time.Since(began)
		proof.add(found)
	})
}

// tell prints what machines have logged last, of a drill that failed.
func (l *Lab) tell() {
	for _, m := range l.fleet.all() {
		if m.host == nil {
			continue
		}
		printed, _ := m.host.Command(l.ctx, "sh", "-c", "tail -n 3 "+bootLog+"; grep -v '\"msg\":\"request\"' /var/log/app.log | tail -n 8").CombinedOutput()
		l.say("last of %s:\n%s", m.id, printed)
	}
}
