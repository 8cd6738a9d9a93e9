package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// configuration is what the lab's agent does of the file that the boot script writes (Amazon CloudWatch user guide, "Manually create
// or edit the CloudWatch agent configuration file"). What it does not know, it refuses, so that nothing is left out unseen.
type configuration struct {
	Logs    json.RawMessage `json:"logs"` // the lab ships no logs
	Metrics metrics         `json:"metrics"`
}

type metrics struct {
	Namespace  string            `json:"namespace"`
	Dimensions map[string]string `json:"append_dimensions"`
	RollUps    [][]string        `json:"aggregation_dimensions"`
	Collected  struct {
		StatsD *statsD       `json:"statsd"`
		Memory *measurements `json:"mem"`
		Disk   *measurements `json:"disk"`
	} `json:"metrics_collected"`
}

type statsD struct {
	Address string   `json:"service_address"`
	Dropped []string `json:"drop_original_metrics"`
}

type measurements struct {
	Names     []string `json:"measurement"`
	Resources []string `json:"resources"`
}

// parse reads a configuration.
func parse(content []byte) (metrics, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var c configuration
	if err := decoder.Decode(&c); err != nil {
		return metrics{}, fmt.Errorf("configuration: %w", err)
	}
	m, collected := c.Metrics, c.Metrics.Collected
	if collected.Memory != nil && !slices.Equal(collected.Memory.Names, []string{"mem_used_percent"}) {
		return m, fmt.Errorf("configuration: the lab measures no memory but mem_used_percent, got %v", collected.Memory.Names)
	}
	if collected.Disk != nil && (!slices.Equal(collected.Disk.Names, []string{"used_percent"}) || !slices.Equal(collected.Disk.Resources, []string{"/"})) {
		return m, fmt.Errorf("configuration: the lab measures no disk but used_percent of /, got %v of %v", collected.Disk.Names, collected.Disk.Resources)
	}
	for name, value := range m.Dimensions {
		if !slices.Contains([]string{"AutoScalingGroupName", "InstanceId"}, name) || value != "${aws:"+name+"}" {
			return m, fmt.Errorf("configuration: the lab's agent knows no dimension %s: %s", name, value)
		}
	}
	return m, nil
}
