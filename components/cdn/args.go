package cdn

import (
	_ "embed"

	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/parts"
	"ha-web/internal/settings/cdn"
	"ha-web/internal/settings/domain"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings describe the distribution, its web ACL and its buckets. They begin as Default.
type (
	Settings   = cdn.Settings
	PriceClass = cdn.PriceClass
	AccessLogs = cdn.AccessLogs
	WAF        = cdn.WAF
	Edge       = cdn.Edge
	Header     = cdn.Header
)

// The edge locations that serve viewers.
const (
	PriceClass100 = cdn.PriceClass100
	PriceClass200 = cdn.PriceClass200
	PriceClassAll = cdn.PriceClassAll
)

// Default returns the default settings.
func Default() Settings { return cdn.Default() }

// Certificate describes the host names of the distribution and their certificate in us-east-1.
type Certificate = domain.Certificate

// Origin is the load balancer, or another web server, behind the distribution.
type Origin = parts.Origin

// Args describes a Cdn.
type Args struct {
	// Settings describe the distribution.
	Settings *Settings `pulumi:"settings,optional"`
	// Certificate is that of the distribution. Without one the site has the host name and the certificate of CloudFront, with
	// which viewers may use TLS 1.0.
	Certificate Certificate `pulumi:"certificate,optional"`
	// Origin serves all paths but the static ones.
	Origin Origin `pulumi:"origin"`
	// OwnHostHeader sends the origin its own name in the header Host, as Amazon API Gateway requires. By default it gets the
	// header of the viewer, and can make links to the site.
	OwnHostHeader bool `pulumi:"ownHostHeader,optional"`
	// WaitForDeployment makes an update wait until all edge locations have it, 1 to 13 minutes.
	WaitForDeployment bool `pulumi:"waitForDeployment,optional"`
	// USEast1 is a provider for us-east-1, where CloudFront has its certificates, web ACLs and log deliveries. Required unless
	// the distribution is disabled.
	USEast1 pulumi.ProviderResource
	// Replica is a provider for the replicaRegion of the settings, and required with it.
	Replica pulumi.ProviderResource
	// KeyARN is the KMS key that encrypts the secret of the edge. Default nil: the key aws/secretsmanager.
	KeyARN pulumi.StringInput `pulumi:"keyArn,optional"`
	// Shared is what the components of a stack have in common.
	Shared component.Shared `pulumi:"shared,optional"`
}

//go:embed page/unavailable.html
var plainErrorPage string

const (
	// nameLimit is for the name of the log delivery source, of at most 60 characters (Amazon CloudWatch Logs API reference,
	// PutDeliverySource): Pulumi appends eight to the name of the resource.
	nameLimit = 60 - len("-1234567") - len("-cdn")
	// metricLimit is for the names of metrics (AWS WAF API reference, VisibilityConfig).
	metricLimit = 128
)

// resolve returns a copy of the arguments of a component with everything that is left out, and the name of its web ACL in
// metrics and logs, or every fault of them.
func (a Args) resolve(name, stack string) (args *Args, firewall string, err error) {
	settings := component.SettingsOr(a.Settings, Default)
	a.Settings = &settings
	var faults validate.Faults
	f := validate.FieldsOf(&faults, &a, fields.ByName)
	f.RequireTagged()
	if settings.Enabled {
		if len(name) > nameLimit {
			faults.Add("name", "must be at most %d characters, so that AWS can name the log delivery after it, got %q", nameLimit, name)
		}
		firewall, err = component.PhysicalName(name, stack, "waf", metricLimit)
		faults.Check("name", err)
		a.validate(f)
	}
	settings.Validate(f)
	if settings.ErrorPage != "" && settings.ErrorHTML == "" {
		f.Add(&settings.ErrorHTML, "must be the content of %s, which only stack files load", f.Name(&settings.ErrorPage))
	}
	return &a, firewall, faults.Err()
}

// validate records the faults of arguments that a disabled distribution has no use for.
func (a *Args) validate(f validate.Fields) {
	if a.USEast1 == nil {
		f.Add(&a.USEast1, "is required: CloudFront uses certificates, web ACLs and log deliveries in us-east-1 only")
	}
	replica := &a.Settings.ReplicaRegion
	switch {
	case a.Replica == nil && *replica != "":
		f.Add(&a.Replica, "is required: a provider for %s (%s)", f.Name(replica), *replica)
	case a.Replica != nil && *replica == "":
		f.Add(replica, "is required with %s", f.Name(&a.Replica))
	}
	if len(a.Origin.HeaderValues) > 0 {
		f.Check(&a.Origin.HeaderName, validate.HeaderName(a.Origin.HeaderName))
	}
	a.Certificate.Validate(f)
}
