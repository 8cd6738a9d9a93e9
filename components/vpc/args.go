package vpc

import (
	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/settings/network"
	"ha-web/internal/validate"
)

// Settings describe the VPC. They begin as Default.
type (
	Settings    = network.Settings
	NATStrategy = network.NATStrategy
)

// How private subnets reach the internet: package network says what each costs.
const (
	NATPerAZ  = network.NATPerAZ
	NATSingle = network.NATSingle
	NATNone   = network.NATNone
)

// Default returns the default settings, which lack AvailabilityZones.
func Default() Settings { return network.Default() }

// Args describes a Vpc.
type Args struct {
	// Settings describe the VPC. Their AvailabilityZones are required.
	Settings *Settings `pulumi:"settings,optional"`
	// Shared is what the components of a stack have in common.
	Shared component.Shared `pulumi:"shared,optional"`
}

// resolve returns a copy of the arguments with everything that is left out, or every fault of them.
func (a Args) resolve() (*Args, error) {
	settings := component.SettingsOr(a.Settings, Default)
	a.Settings = &settings
	var faults validate.Faults
	settings.Validate(validate.FieldsOf(&faults, &a, fields.ByName))
	return &a, faults.Err()
}
