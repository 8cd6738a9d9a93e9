package main

import (
	"testing"

	"ha-web/internal/offline"
	"ha-web/internal/settings"
)

// BenchmarkProgram is the program's own share of a preview: settings, registrations, outputs, without engine or provider.
func BenchmarkProgram(b *testing.B) {
	file, err := settings.ReadStackFile("ha-web", "Pulumi.prod.yaml")
	if err != nil {
		b.Fatal(err)
	}
	config, secret, err := file.Config()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		recorded, err := offline.Record(program, offline.Stack{Project: "ha-web", Name: "prod", Config: config, SecretKeys: secret})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(recorded.Resources)), "resources")
	}
}
