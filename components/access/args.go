package access

import (
	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/parts"
	"ha-web/internal/settings/access"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings describe access for users, operators, scanners and agents. They begin as Default.
type (
	Settings = access.Settings
	SignIn   = access.SignIn
	SAML     = access.SAML
	Scanner  = access.Scanner
	Agent    = access.Agent
	Playbook = access.Playbook
)

// Default returns the default settings: no access for anyone.
func Default() Settings { return access.Default() }

// Args describes an Access.
type Args struct {
	// Settings describe who has access, and the agents and playbooks of the instances. Files are not read here: the Metadata of
	// SAML and the Files of each playbook are their content.
	Settings *Settings `pulumi:"settings,optional"`
	// Web is the web tier. Required with sign-in, agents or playbooks.
	Web Web `pulumi:"web,optional"`
	// KeyARN is the KMS key of the secrets that agents read. Default nil: a key of AWS.
	KeyARN pulumi.StringInput `pulumi:"keyArn,optional"`
	// NoticeTopicARN is an SNS topic for agents and playbooks that fail. Default nil: nobody is notified.
	NoticeTopicARN pulumi.StringInput `pulumi:"noticeTopicArn,optional"`
	// Shared is what the components of a stack have in common.
	Shared component.Shared `pulumi:"shared,optional"`
}

// Web describes the load balancer and its instances.
type Web struct {
	// ListenerARN is an HTTPS listener, and TargetGroupARN the target group that it forwards to. Required with sign-in.
	ListenerARN    pulumi.StringInput `pulumi:"listenerArn,optional"`
	TargetGroupARN pulumi.StringInput `pulumi:"targetGroupArn,optional"`
	// LoadBalancerSuffix is the end of the ARN of the load balancer, from which operators may shift zones. Default nil: any load balancer.
	LoadBalancerSuffix pulumi.StringInput `pulumi:"loadBalancerSuffix,optional"`
	// Origin has the header that requests must have where the load balancer accepts CloudFront alone.
	Origin parts.Origin `pulumi:"origin,optional"`
	// AutoScalingGroupName is the group of the instances, and RoleName is their role. Required with agents or playbooks.
	AutoScalingGroupName pulumi.StringInput `pulumi:"autoScalingGroupName,optional"`
	RoleName             pulumi.StringInput `pulumi:"roleName,optional"`
}

// nameLimit is the most characters of the physical name that the names of roles begin with: IAM takes 64.
const nameLimit = 64 - len("-read-only")

// resolve returns a copy of the arguments with everything that is left out, and the beginning of physical names, or every
// fault of them.
func (a Args) resolve(name, stack string) (_ *Args, physical string, _ error) {
	settings := component.SettingsOr(a.Settings, Default).Resolved()
	a.Settings = &settings
	var faults validate.Faults
	physical, err := component.PhysicalName(name, stack, "", nameLimit)
	faults.Check("name", err)
	f := validate.FieldsOf(&faults, &a, fields.ByName)
	settings.Validate(f)
	for i := range settings.Playbooks {
		f.Required(&settings.Playbooks[i].Files)
	}
	if settings.OIDC.On() {
		f.Required(&a.Web.ListenerARN)
		f.Required(&a.Web.TargetGroupARN)
	}
	if settings.ManagesInstances() {
		f.Required(&a.Web.AutoScalingGroupName)
		f.Required(&a.Web.RoleName)
	}
	return &a, physical, faults.Err()
}
