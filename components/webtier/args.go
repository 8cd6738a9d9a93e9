package webtier

import (
	"maps"
	"regexp"
	"slices"

	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/settings/domain"
	"ha-web/internal/settings/network"
	"ha-web/internal/settings/web"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings describe the web tier. They begin as Default.
type (
	Settings     = web.Settings
	Ingress      = web.Ingress
	OriginHeader = web.OriginHeader
	AccessLogs   = web.AccessLogs
	Size         = web.Size
	HealthCheck  = web.HealthCheck
	TargetGroup  = web.TargetGroup
	Scaling      = web.Scaling
	Schedule     = web.Schedule
	Exams        = web.Exams
	Period       = web.Period
	Spot         = web.Spot
	Rollout      = web.Rollout
	Policy       = web.Policy
)

// Whose requests the load balancer answers.
const (
	Internet   = web.Internet
	CloudFront = web.CloudFront
)

// Certificate is the certificate of the load balancer, with the host names that resolve to it.
type Certificate = domain.Certificate

// Default returns the default settings.
func Default() Settings { return web.Default() }

// Args describes a WebTier.
type Args struct {
	// Settings describe the web tier. Default nil: Default().
	Settings *Settings `pulumi:"settings,optional"`
	// Certificate is the certificate of the load balancer. Required, unless PlainHTTP is set.
	Certificate Certificate `pulumi:"certificate,optional"`
	// PlainHTTP makes the load balancer listen without TLS: passwords then cross the internet in the clear.
	PlainHTTP bool `pulumi:"plainHttp,optional"`

	// VpcID is the VPC of the target group.
	VpcID pulumi.StringInput `pulumi:"vpcId"`
	// PublicSubnetIDs are subnets in at least two Availability Zones, for the load balancer.
	PublicSubnetIDs pulumi.StringArrayInput `pulumi:"publicSubnetIds"`
	// PrivateSubnetIDs are subnets in the same zones, for the instances.
	PrivateSubnetIDs pulumi.StringArrayInput `pulumi:"privateSubnetIds"`
	// ALBSecurityGroupIDs are the security groups of the load balancer.
	ALBSecurityGroupIDs pulumi.StringArrayInput `pulumi:"albSecurityGroupIds"`
	// AppSecurityGroupID is the security group of the instances.
	AppSecurityGroupID pulumi.StringInput `pulumi:"appSecurityGroupId"`
	// Await is what an instance needs before it boots: routes to the internet, endpoints, rules of security groups. Without it
	// the first instances fail their health check, for a NAT gateway takes longer than an instance.
	Await []pulumi.Resource

	// RolloutAlarms are the names of CloudWatch alarms that stop a rollout when one of them goes into alarm.
	RolloutAlarms []string `pulumi:"rolloutAlarms,optional"`
	// KeyARN is the KMS key of the logs and of the secrets below. Default nil: a key of AWS.
	KeyARN pulumi.StringInput `pulumi:"keyArn,optional"`
	// Secrets are the ARNs of the secrets of the application, by name. Instances may read them from the start.
	Secrets pulumi.StringMap `pulumi:"secrets,optional"`
	// DatabaseSecretARN is a secret that instances may read as soon as it exists. They do not wait for it.
	DatabaseSecretARN pulumi.StringInput `pulumi:"databaseSecretArn,optional"`
	// ParameterPrefix is the path below which instances may read SSM parameters, such as /ha-web/prod. Default nil: none.
	ParameterPrefix pulumi.StringInput `pulumi:"parameterPrefix,optional"`
	// Shared is what the components of a stack have in common.
	Shared component.Shared `pulumi:"shared,optional"`
}

// zones returns the number of Availability Zones of the instances, where it is known before the subnets are, else the least that
// there may be.
func (a *Args) zones() int {
	subnets, _ := a.PrivateSubnetIDs.(pulumi.StringArray)
	return max(len(subnets), network.MinZones)
}

// resolve returns a copy of the arguments of the component of this name with everything that is left out, or every fault of them.
func (a Args) resolve(name string) (*Args, error) {
	settings := component.SettingsOr(a.Settings, Default).Resolved(a.zones())
	a.Settings = &settings
	var faults validate.Faults
	f := validate.FieldsOf(&faults, &a, fields.ByName)
	f.RequireTagged()
	checkComponentName(&faults, name)
	settings.Validate(f, a.zones())
	a.checkCertificate(f)
	secrets := slices.Sorted(maps.Keys(a.Secrets))
	f.Check(&a.Secrets, validate.SecretNames(secrets))
	settings.ValidateSecretVariables(f, secrets)
	for _, key := range slices.Sorted(maps.Keys(a.Shared.Tags)) {
		if !tagKey.MatchString(key) {
			f.Add(&a.Shared.Tags, "must have keys of at most 255 letters, digits and -_+=,.@:, because instances read their tags "+
				"from their metadata, got %q", key)
		}
	}
	return &a, faults.Err()
}

// nameLimit is the longest name of a component whose load balancer and target group AWS accepts: names of both have at most 32
// characters (Elastic Load Balancing API reference, CreateLoadBalancer), of which Pulumi adds eight.
const nameLimit = 32 - len("-1234567") - len("-alb")

func checkComponentName(faults *validate.Faults, name string) {
	if len(name) > nameLimit {
		faults.Add("name", "must be at most %d characters, because AWS limits the name of the load balancer, got %q", nameLimit, name)
	}
}

// tagKey matches keys of tags that instances can read from their metadata (Amazon EC2 user guide, "View tags for your EC2 instances
// using instance metadata"): AWS launches none with another.
var tagKey = regexp.MustCompile(`^[0-9a-zA-Z\-_+=,.@:]{1,255}$`)

func (a *Args) checkCertificate(f validate.Fields) {
	a.Certificate.Validate(f)
	switch tls := a.Certificate.TLS(); {
	case !tls && !a.PlainHTTP && a.Certificate.HostedZone == "":
		f.Add(&a.Certificate, "must have an ARN or HostNames, unless PlainHTTP is set")
	case tls && a.PlainHTTP:
		f.Add(&a.PlainHTTP, "must not be set with a Certificate")
	}
}
