package webtier

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/fleet"
	"ha-web/internal/settings/domain"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Ingress decides whose requests the load balancer answers.
type Ingress string

const (
	// Internet is everyone.
	Internet Ingress = "internet"
	// CloudFront is whoever sends the origin header, as a distribution of one's own does. Everyone else gets 403.
	CloudFront Ingress = "cloudfront"
)

// What a fleet is asked to be. What is left out has the default of fleet.Default.
type (
	Size        = fleet.Size
	HealthCheck = fleet.HealthCheck
	TargetGroup = fleet.TargetGroup
	Scaling     = fleet.Scaling
	Schedule    = fleet.Schedule
	Exams       = fleet.Exams // a calendar that becomes schedules
	Period      = fleet.Period
	Spot        = fleet.Spot
	Rollout     = fleet.Rollout
)

// Certificate is that of the load balancer, with the names that lead there.
type Certificate = domain.Certificate

// Args describes a WebTier.
type Args struct {
	// VpcID is the VPC of the target group. Required.
	VpcID pulumi.StringInput
	// PublicSubnetIDs are subnets in at least two zones, for the load balancer. Required.
	PublicSubnetIDs pulumi.StringArrayInput
	// PrivateSubnetIDs are subnets in the same zones, for the instances. Required.
	PrivateSubnetIDs pulumi.StringArrayInput
	// ALBSecurityGroupIDs are the security groups of the load balancer. Required.
	ALBSecurityGroupIDs pulumi.StringArrayInput
	// AppSecurityGroupID is the security group of the instances. Required.
	AppSecurityGroupID pulumi.StringInput
	// Await is what an instance needs before it boots: routes out, endpoints, rules of security groups. Without it the
	// first instances fail their health check (field note VPC-2).
	Await []pulumi.Resource

	// InstanceTypes are sizes of machine of one architecture, the preferred first. Default t3.small (document 000).
	InstanceTypes []string
	// Image is ami-…, or ssm: and the path of a parameter, which is looked up at each update. Default: AWS's newest of
	// Amazon Linux 2023. It must be that or made from it: the boot script counts on it.
	Image string
	// Container is the image of the application, by its digest. Default: a page that says hello.
	Container string
	// RootVolumeGiB is the size of the disk. Default 30 GiB (document 000).
	RootVolumeGiB int
	// BootSeconds is how long an instance takes from launch to its first healthy answer. Default 180.
	BootSeconds int
	// Size is between how many instances the fleet has. Default 2 to 10.
	Size Size
	// Scaling is by what the fleet grows and shrinks. Default nil: a CPU load of 60 % (document 000).
	Scaling *Scaling
	// Schedules and Exams set sizes at times known beforehand. Default none.
	Schedules []Schedule
	Exams     Exams
	// Spot is the share of instances that AWS may take back. Default none.
	Spot Spot
	// Rollout is how a new launch template reaches the instances. Default: new ones come before old ones go, half of the
	// fleet first.
	Rollout Rollout
	// RolloutAlarms are CloudWatch alarms that stop a rollout when one of them goes off. Default none.
	RolloutAlarms []string

	// Port is where the application listens, at least 1024: it runs without privileges. Default 8080 (document 000).
	Port int
	// HealthCheck is how the load balancer tells whether an instance is healthy. Default as in document 000.
	HealthCheck HealthCheck
	// TargetGroup is how requests are spread. Default: to the instance with the fewest on its hands.
	TargetGroup TargetGroup
	// Ingress is whose requests are answered. Default Internet.
	Ingress Ingress
	// OriginHeader is the header that CloudFront sends.
	OriginHeader OriginHeader
	// Certificate is that of the load balancer.
	Certificate Certificate
	// PlainHTTP lets the load balancer do without a certificate: passwords then cross the internet in the clear.
	PlainHTTP bool
	// AccessLogs are kept by default.
	AccessLogs AccessLogs

	// KeyARN is the KMS key of the logs, and of the secrets below. Default nil: a key of AWS.
	KeyARN pulumi.StringInput
	// Secrets are the secrets of the application: ARNs by name. Instances may read them from the start.
	Secrets pulumi.StringMap
	// DatabaseSecretARN is a secret that instances may read as soon as it exists. They do not wait for it.
	DatabaseSecretARN pulumi.StringInput
	// ParameterPrefix is the path under which instances may read SSM parameters, such as /ha-web/prod. Default nil: none.
	ParameterPrefix pulumi.StringInput
	// LogRetentionDays is how long the logs of the instances are kept. Default 365 (Security Hub CloudWatch.16).
	LogRetentionDays int
	// Unprotected lets AWS delete the load balancer, and Pulumi the access logs.
	Unprotected bool
	// Shared is what the components of a stack have in common.
	Shared component.Shared
}

// OriginHeader describes the header by which the load balancer knows CloudFront to be one's own.
type OriginHeader struct {
	// Name of the header. Default X-Origin-Verify.
	Name string
	// Version counts its values, which Secrets Manager makes up. Default 1. One more makes another; that of the version
	// before stays valid until the next.
	Version int
}

// AccessLogs describes the record of all requests.
type AccessLogs struct {
	// Disabled leaves it out (Security Hub ELB.5 then fails).
	Disabled bool
	// RetentionDays is how long it is kept. Default 365 days.
	RetentionDays int
}

// withDefaults returns a copy of the arguments in which everything left out has its default.
func (a Args) withDefaults() Args {
	usual := fleet.Default()
	if len(a.InstanceTypes) == 0 {
		a.InstanceTypes = usual.InstanceTypes
	}
	a.RootVolumeGiB = cmp.Or(a.RootVolumeGiB, usual.RootVolumeGiB)
	a.BootSeconds = cmp.Or(a.BootSeconds, usual.BootSeconds)
	a.Port = cmp.Or(a.Port, usual.Port)
	a.LogRetentionDays = cmp.Or(a.LogRetentionDays, usual.LogRetentionDays)
	a.AccessLogs.RetentionDays = cmp.Or(a.AccessLogs.RetentionDays, usual.AccessLogDays)
	a.Size = Size{Min: cmp.Or(a.Size.Min, 2), Max: cmp.Or(a.Size.Max, usual.Size.Max)}
	a.Scaling = cmp.Or(a.Scaling, &usual.Scaling)
	a.Spot.OnDemandBase = cmp.Or(a.Spot.OnDemandBase, a.Size.Min)
	a.HealthCheck = healthCheck(a.HealthCheck, usual.HealthCheck)
	a.TargetGroup.DeregistrationSeconds = cmp.Or(a.TargetGroup.DeregistrationSeconds, usual.TargetGroup.DeregistrationSeconds)
	a.Rollout = rollout(a.Rollout, usual.Rollout)
	a.Exams.TimeZone = cmp.Or(a.Exams.TimeZone, usual.Exams.TimeZone)
	a.Exams.RushAt = cmp.Or(a.Exams.RushAt, usual.Exams.RushAt)
	a.Exams.LeadHours = cmp.Or(a.Exams.LeadHours, usual.Exams.LeadHours)
	a.Exams.EndsAt = cmp.Or(a.Exams.EndsAt, usual.Exams.EndsAt)
	a.Ingress = cmp.Or(a.Ingress, Internet)
	a.OriginHeader.Name = cmp.Or(a.OriginHeader.Name, "X-Origin-Verify")
	a.OriginHeader.Version = cmp.Or(a.OriginHeader.Version, 1)
	return a
}

func healthCheck(given, usual HealthCheck) HealthCheck {
	return HealthCheck{
		Path:               cmp.Or(given.Path, usual.Path),
		IntervalSeconds:    cmp.Or(given.IntervalSeconds, usual.IntervalSeconds),
		TimeoutSeconds:     cmp.Or(given.TimeoutSeconds, usual.TimeoutSeconds),
		HealthyThreshold:   cmp.Or(given.HealthyThreshold, usual.HealthyThreshold),
		UnhealthyThreshold: cmp.Or(given.UnhealthyThreshold, usual.UnhealthyThreshold),
		GraceSeconds:       cmp.Or(given.GraceSeconds, usual.GraceSeconds),
	}
}

func rollout(given, usual Rollout) Rollout {
	if given.MaxHealthyPercent == 0 { // together: 0 is a share that may stay in service
		given.MinHealthyPercent, given.MaxHealthyPercent = usual.MinHealthyPercent, usual.MaxHealthyPercent
	}
	if len(given.CheckpointPercents) == 0 {
		given.CheckpointPercents = usual.CheckpointPercents
	}
	given.CheckpointSeconds = cmp.Or(given.CheckpointSeconds, usual.CheckpointSeconds)
	return given
}

// spec is what AWS has rules about.
func (a Args) spec() fleet.Spec {
	return fleet.Spec{
		InstanceTypes: a.InstanceTypes, Image: a.Image, Container: a.Container, Port: a.Port,
		RootVolumeGiB: a.RootVolumeGiB, BootSeconds: a.BootSeconds, Size: a.Size, HealthCheck: a.HealthCheck,
		TargetGroup: a.TargetGroup, Scaling: *a.Scaling, Spot: a.Spot, Rollout: a.Rollout,
		Schedules: a.Schedules, Exams: a.Exams,
		LogRetentionDays: a.LogRetentionDays, AccessLogDays: a.AccessLogs.RetentionDays,
	}
}

// nameLimit is the longest name of a component whose load balancer and target group AWS can name: Pulumi adds eight
// characters to theirs, of 32 (field note ALB-1).
const nameLimit = 32 - len("-1234567") - len("-alb")

// Keys of tags that instances can read from their metadata (Amazon EC2 user guide, "View tags for your EC2 instances
// using instance metadata"): AWS launches none with another.
var tagKey = regexp.MustCompile(`^[0-9a-zA-Z\-_+=,.@:]{1,255}$`)

// validate returns every fault of the arguments.
func (a Args) validate(name string) error {
	var faults validate.Faults
	a.checkRequired(&faults)
	if len(name) > nameLimit {
		faults.Add("name", "must have at most %d letters, or AWS cannot name the load balancer, got %q", nameLimit, name)
	}
	a.spec().Validate(&faults, func(field string) string { return field })
	validate.OneOf(&faults, "Ingress", a.Ingress, Internet, CloudFront)
	faults.Check("OriginHeader.Name", validate.HeaderName(a.OriginHeader.Name))
	faults.Between("OriginHeader.Version", a.OriginHeader.Version, 1, 1_000_000)
	a.checkCertificate(&faults)
	faults.Check("Secrets", validate.SecretNames(slices.Sorted(maps.Keys(a.Secrets))))
	for _, key := range slices.Sorted(maps.Keys(a.Shared.Tags)) {
		if !tagKey.MatchString(key) {
			faults.Add("Shared.Tags", "%q: letters, digits and -_+=,.@: only, or no instance starts", key)
		}
	}
	return faults.Err()
}

func (a Args) checkRequired(faults *validate.Faults) {
	faults.Required("VpcID", a.VpcID)
	faults.Required("PublicSubnetIDs", a.PublicSubnetIDs)
	faults.Required("PrivateSubnetIDs", a.PrivateSubnetIDs)
	faults.Required("ALBSecurityGroupIDs", a.ALBSecurityGroupIDs)
	faults.Required("AppSecurityGroupID", a.AppSecurityGroupID)
}

func (a Args) checkCertificate(faults *validate.Faults) {
	a.Certificate.Validate(validate.FieldsOf(faults, &a, fields.ByName))
	switch tls := a.Certificate.TLS(); {
	case !tls && !a.PlainHTTP && a.Certificate.HostedZone == "":
		faults.Add("Certificate", "needs an ARN or HostNames, unless PlainHTTP does without TLS")
	case tls && a.PlainHTTP:
		faults.Add("PlainHTTP", "goes without a Certificate")
	}
}

// inputs are the arguments as Pulumi keeps them in the state of the component.
func (a Args) inputs() pulumi.Map {
	return pulumi.Map{
		"instanceTypes":       pulumi.ToStringArray(a.InstanceTypes),
		"image":               pulumi.String(a.Image),
		"container":           pulumi.String(a.Container),
		"port":                pulumi.Int(a.Port),
		"minSize":             pulumi.Int(a.Size.Min),
		"maxSize":             pulumi.Int(a.Size.Max),
		"ingress":             pulumi.String(a.Ingress),
		"plainHttp":           pulumi.Bool(a.PlainHTTP),
		"unprotected":         pulumi.Bool(a.Unprotected),
		"vpcId":               a.VpcID,
		"publicSubnetIds":     a.PublicSubnetIDs,
		"privateSubnetIds":    a.PrivateSubnetIDs,
		"albSecurityGroupIds": a.ALBSecurityGroupIDs,
		"appSecurityGroupId":  a.AppSecurityGroupID,
	}
}
