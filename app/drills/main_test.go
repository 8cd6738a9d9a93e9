package drills

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	flag.Parse()
	if !isSet("test.parallel") {
		// Drills mostly wait. Six at once leave a machine with two processors enough for the answers' times.
		_ = flag.Set("test.parallel", "6")
	}
	folder, err := os.MkdirTemp("", "drills-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	base = folder
	defer os.RemoveAll(base)
	defer func() {
		for _, stop := range atEnd {
			stop()
		}
	}()
	if err := os.Chmod(base, 0o711); err != nil { // the user postgres enters folders of its own
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func isSet(name string) bool {
	found := false
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}
