package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The sums of docs/trade-offs.md follow from the prices of docs/settings.md, and its totals are those of README.md.
func TestTradeOffsAddUp(t *testing.T) {
	t.Parallel()
	costs := map[string]string{}
	for _, each := range documented(t) {
		costs[each.key] = each.cost
	}
	price := func(key, pattern string) float64 {
		found := regexp.MustCompile(pattern).FindStringSubmatch(costs[key])
		require.NotNil(t, found, "%s: %q", key, costs[key])
		parsed, err := strconv.ParseFloat(found[1], 64)
		require.NoError(t, err)
		return parsed
	}
	instance := price("web.instanceTypes", `m7g\.large (\d+) USD`)
	volume := 30 * price("web.rootVolumeGiB", `([\d.]+) USD a GiB`)
	gateway, traffic := price("network.natGateways", `([\d.]+) USD for each`), price("network.natGateways", `and ([\d.]+) USD a GB`)
	endpoint := price("network.interfaceEndpoints", `([\d.]+) USD for each`)
	small, large := price("database.instanceClass", `medium (\d+) USD`), price("database.instanceClass", `m7g\.large (\d+) USD`)
	const address = 3.65 // public IPv4 address

	page, err := os.ReadFile(filepath.Join(project, "docs/trade-offs.md"))
	require.NoError(t, err)
	for _, said := range []string{
		fmt.Sprintf("A third adds about %.0f: an instance %.0f, six interface endpoints %.0f, a NAT gateway %.0f, two public addresses %.0f",
			instance+volume+6*endpoint+gateway+2*address, instance+volume, 6*endpoint, gateway, 2*address),
		fmt.Sprintf("%d of %.0f for db.t4g.medium", int(small/2), small),
		fmt.Sprintf("%.0f: one m7g.large %.0f, its volume %.0f, a public address %.0f", instance+volume+address, instance, volume, address),
		fmt.Sprintf("The two of `web.size.min` cost %.0f without their volumes: each 10 %% is %.0f a year", 2*instance, 12*2*instance/10),
		fmt.Sprintf("Six instances more, 24 days a year: %.0f On-Demand. The same six all year: %s", 6*instance*24/30, thousands(6*instance*12)),
		fmt.Sprintf("db.t4g.medium %.0f, db.m7g.large %.0f: %.0f a month more", small, large, large-small),
		fmt.Sprintf("Six of them in two zones cost as much as %s GB", thousands(roundTo(6*2*endpoint/traffic, 10))),
		fmt.Sprintf("%.0f for 2 vCPUs and 8 GB on ARM, where m7g.large costs %.0f", 730*(2*0.03238+8*0.00356), instance),
		fmt.Sprintf("%.0f for the control plane of a cluster (0.10 an hour", 730*0.10),
	} {
		assert.Contains(t, string(page), said)
	}
	readme, err := os.ReadFile(filepath.Join(project, "README.md"))
	require.NoError(t, err)
	for _, stack := range []string{"dev", "prod"} {
		total := regexp.MustCompile("`" + stack + "` stack costs\\s+about (\\d+)").FindStringSubmatch(string(readme))
		require.NotNil(t, total, stack)
		assert.Contains(t, string(page), total[1]+" for `"+stack+"`")
	}
}

func roundTo(number, unit float64) float64 { return float64(int(number/unit+0.5)) * unit }

// thousands writes a number of four digits with a comma.
func thousands(number float64) string {
	return fmt.Sprintf("%d,%03d", int(number)/1000, int(number)%1000)
}
