// Package settings reads and checks the settings of a stack as a whole. It is the only reader of Pulumi config in the program.
// Each section of a stack file has a package of its own, with its type, its defaults and its rules.
package settings

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"ha-web/internal/settings/access"
	"ha-web/internal/settings/cdn"
	"ha-web/internal/settings/database"
	"ha-web/internal/settings/delivery"
	"ha-web/internal/settings/domain"
	"ha-web/internal/settings/monitoring"
	"ha-web/internal/settings/network"
	"ha-web/internal/settings/secrets"
	"ha-web/internal/settings/web"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings are the settings of one stack. The comments of its fields are the text of docs/settings.md.
type Settings struct {
	// Region is that of all resources but those that CloudFront requires in us-east-1. Its key is aws:region.
	Region string

	// Purpose of the stack: `production`, which guard rails apply to, or `development`. Every resource has it as the tag
	// Environment.
	Environment Environment `pulumi:"environment,optional"`
	// The VPC: its addresses, Availability Zones, NAT gateways, endpoints and flow logs.
	Network network.Settings `pulumi:"network,optional"`
	// The load balancer and the instances behind it.
	Web web.Settings `pulumi:"web,optional"`
	// The database, and RDS Proxy in front of it.
	Database database.Settings `pulumi:"database,optional"`
	// The secrets of the application, and the KMS key that encrypts the data of the stack.
	Secrets secrets.Settings `pulumi:"secrets,optional"`
	// The host name of the site, and its certificates.
	Domain domain.Settings `pulumi:"domain,optional"`
	// CloudFront in front of the load balancer, with a bucket of static files and AWS WAF.
	CDN cdn.Settings `pulumi:"cdn,optional"`
	// Alarms, the dashboard, and who is notified. Pages are what someone must act on now; notices record every alarm and event.
	Monitoring monitoring.Settings `pulumi:"monitoring,optional"`
	// How changes reach the stack: the repository of container images, and the roles that CI jobs assume.
	Delivery delivery.Settings `pulumi:"delivery,optional"`
	// Access for users and operators: sign-in, console roles, a scanner, and agents and playbooks on the instances.
	Access access.Settings `pulumi:"access,optional"`
	// Further tags of every resource, such as `{CostCenter: "42"}`, besides Project, Stack, Environment and Name: at most 40. A change
	// replaces the instances in a rollout. Left out: none.
	ExtraTags map[string]string `pulumi:"tags,optional"`
	// Guard rails of production that do not apply to this stack, each with the reason: `{nat-gateway-per-zone: "..."}`.
	// docs/guard-rails.md lists all guard rails.
	Waivers map[string]string `pulumi:"waivers,optional"`

	notes []string // about the config that they were read from
}

// Environment is what a stack is for.
type Environment string

// The environments.
const (
	Production  Environment = "production"
	Development Environment = "development"
)

// Choices returns the environments.
func (Environment) Choices() []string { return []string{string(Production), string(Development)} }

// Tags returns the tags of every resource of the stack.
func (s *Settings) Tags(ctx *pulumi.Context) pulumi.StringMap {
	tags := pulumi.StringMap{
		"Project":     pulumi.String(ctx.Project()),
		"Stack":       pulumi.String(ctx.Stack()),
		"Environment": pulumi.String(s.Environment),
	}
	for key, value := range s.ExtraTags {
		tags[key] = pulumi.String(value)
	}
	return tags
}

// Production reports whether the stack is one that people depend on.
func (s *Settings) Production() bool { return s.Environment == Production }

// HostNames returns the names that resolve to the load balancer: those of the site or, with CloudFront in front of it, another.
func (s *Settings) HostNames() []string {
	switch {
	case s.Domain.Name == "":
		return nil
	case s.behindOrigin():
		return []string{s.Domain.Origin()}
	}
	return s.Domain.Names()
}

// behindOrigin reports whether CloudFront reaches the load balancer, by a name that is not the site's.
func (s *Settings) behindOrigin() bool { return s.CDN.Enabled || s.Web.Ingress == web.CloudFront }

// OriginCertificate returns the certificate of the load balancer, and the names that resolve to it.
func (s *Settings) OriginCertificate() domain.Certificate {
	certificate := domain.Certificate{ARN: given(s.Domain.CertificateARN), HostNames: s.HostNames(), HostedZone: s.Domain.HostedZone}
	if !s.behindOrigin() { // viewers reach it by the names of the site
		certificate.Standby, certificate.OverwriteRecords = s.Domain.Standby, s.Domain.OverwriteRecords
	}
	return certificate
}

// ViewerCertificate returns the certificate of CloudFront, and the names that resolve to it.
func (s *Settings) ViewerCertificate() domain.Certificate {
	return domain.Certificate{
		ARN: given(s.Domain.CDNCertificateARN), HostNames: s.Aliases(), HostedZone: s.Domain.HostedZone,
		Standby: s.Domain.Standby, OverwriteRecords: s.Domain.OverwriteRecords,
	}
}

// PlainHTTP reports whether the load balancer has no certificate, and answers on port 80.
func (s *Settings) PlainHTTP() bool { return !s.Domain.TLS() }

// given returns a text that may be left out.
func given(text string) pulumi.StringInput {
	if text == "" {
		return nil
	}
	return pulumi.String(text)
}

// Default returns the settings of a stack that sets nothing. What has no default, such as the zones, or one that depends
// on others, is zero.
func Default() *Settings {
	return &Settings{
		Environment: Production,
		Network:     network.Default(),
		Web:         web.Default(),
		Database:    database.Default(),
		Domain:      domain.Default(),
		Secrets:     secrets.Default(),
		CDN:         cdn.Default(),
		Monitoring:  monitoring.Default(),
		Delivery:    delivery.Default(),
		Access:      access.Default(),
	}
}

// derive gives the settings whose default depends on others their value.
func (s *Settings) derive() {
	if s.Web.Ingress == "" && s.CDN.Enabled {
		s.Web.Ingress = web.CloudFront
	}
	s.Web = s.Web.Resolved(len(s.Network.AvailabilityZones))
	s.Monitoring = s.Monitoring.Resolved()
	s.Database = s.Database.Resolved()
	s.Access = s.Access.Resolved()
}

// Parse returns the settings in the config of a stack: full keys, and values as the engine passes them to a program, structured
// ones as JSON. secret are the keys whose values are encrypted in the stack file, whole or in part. The error joins every fault.
func Parse(project string, config map[string]string, secret ...string) (*Settings, error) {
	settings := Default()
	settings.Region = config[regionKey]
	var faults, more validate.Faults
	config = maps.Clone(config)
	settings.Web.Now = parseNow(config, &faults)
	settings.notes = checkNamespaces(project, config, secret, &faults)
	misplaced := faults.Err() != nil // so that settings seem to be missing
	decode(settings, project, config, secret, &faults)
	if misplaced {
		return nil, faults.Err()
	}
	settings.notes = slices.Concat(settings.placeholders(), settings.notes) // of what the stack file says, and nothing derived from it
	settings.derive()
	more.Check("cdn.errorPage", settings.loadErrorPage())
	settings.loadAccess(&more)
	settings.validate(&more)
	faults.Merge(more)
	if anySetting(project, config) { // or guard rails would hide that there is none
		var lacking validate.Faults
		settings.guard(&lacking)
		faults.Merge(lacking)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return settings, nil
}

// parseNow takes the time for which the settings apply out of a config.
func parseNow(config map[string]string, faults *validate.Faults) time.Time {
	text := cmp.Or(config[NowKey], PlanTime)
	delete(config, NowKey)
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		faults.Add(NowKey, "must be a time such as %s, got %q", PlanTime, text)
	}
	return now.UTC()
}

// anySetting reports whether a config has a key of the project.
func anySetting(project string, config map[string]string) bool {
	for key := range config {
		if strings.HasPrefix(key, project+":") {
			return true
		}
	}
	return false
}
