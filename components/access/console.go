package access

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// signInURL is the audience of SAML assertions for the AWS console (AWS IAM user guide, "Configure SAML assertions for the authentication
// response").
const signInURL = "https://signin.aws.amazon.com/saml"

// console creates the identity provider of staff, and two roles for it: one that reads, and one that operates the stack. There are
// no IAM users, and so no passwords and no access keys (AWS IAM user guide, "Security best practices in IAM"). It returns the
// values of the SAML attribute Role.
func (b *builder) console() (pulumi.StringArray, error) {
	name := b.Name("staff")
	provider, err := iam.NewSamlProvider(b.ctx, name, &iam.SamlProviderArgs{
		Name:                 pulumi.String(b.physical), // the identity provider names it
		SamlMetadataDocument: pulumi.String(b.settings.SAML.Metadata),
		Tags:                 b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating SAML provider %s: %w", name, err)
	}
	var roles pulumi.StringArray
	for _, each := range []struct {
		kind, description string
		statements        []parts.Statement
	}{
		{"read-only", "Staff who look", nil},
		{"operator", "Staff who operate the stack, as its runbook says", b.operations()},
	} {
		role, arn, err := b.administered(each.kind, parts.Role{
			Description:    each.description,
			SessionSeconds: b.settings.SAML.SessionHours * 60 * 60,
			Trust: []parts.Statement{{
				Federated:  provider.Arn,
				Actions:    []string{"sts:AssumeRoleWithSAML"},
				Conditions: map[string]pulumi.Map{"StringEquals": {"SAML:aud": pulumi.String(signInURL)}},
			}},
		})
		if err != nil {
			return nil, err
		}
		if _, err := b.AttachPolicy(b.ctx, b.Name(each.kind), role, b.place.ManagedPolicy("ReadOnlyAccess")); err != nil {
			return nil, err
		}
		if len(each.statements) > 0 {
			if _, err := b.RolePolicy(b.ctx, b.Name(each.kind), role, each.statements...); err != nil {
				return nil, err
			}
		}
		roles = append(roles, pulumi.Sprintf("%s,%s", arn, provider.Arn))
	}
	return roles, nil
}

// operations are what an operator may do beyond reading: the commands of docs/runbook.md, docs/recovery.md and docs/web-tier.md, on resources with the
// tags of the stack where AWS supports that condition.
func (b *builder) operations() []parts.Statement {
	everything := []pulumi.StringInput{pulumi.String("*")}
	tagged := pulumi.Map{}
	for key, value := range b.args.Shared.Tags {
		tagged["aws:ResourceTag/"+key] = value
	}
	statements := []parts.Statement{
		{
			Sid: "Operate",
			Actions: []string{
				"autoscaling:CancelInstanceRefresh", "autoscaling:ResumeProcesses", "autoscaling:SetInstanceHealth",
				"autoscaling:StartInstanceRefresh", "autoscaling:SuspendProcesses", "autoscaling:TerminateInstanceInAutoScalingGroup",
				"cloudfront:CreateInvalidation", "cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions",
				"cloudwatch:SetAlarmState", "elasticloadbalancing:ModifyCapacityReservation", "rds:RebootDBInstance", "sns:Publish",
				"sqs:PurgeQueue", "sqs:ReceiveMessage",
			},
			Resources: everything,
		},
		{Sid: "OpenSessions", Actions: []string{"ssm:StartSession"}, Resources: []pulumi.StringInput{b.regional("ec2", "instance/*")}},
	}
	if len(tagged) > 0 {
		for i := range statements {
			statements[i].Conditions = map[string]pulumi.Map{"StringEquals": tagged}
		}
	}
	statements = append(statements, []parts.Statement{
		{Sid: "SessionsOfTheseKinds", Actions: []string{"ssm:StartSession"}, Resources: []pulumi.StringInput{
			b.regional("ssm", "document/SSM-SessionManagerRunShell"),
			pulumi.Sprintf("arn:%s:ssm:%s::document/AWS-StartPortForwardingSessionToRemoteHost", b.place.Partition, b.place.Region),
		}},
		{Sid: "EndOwnSessions", Actions: []string{"ssm:ResumeSession", "ssm:TerminateSession"}, Resources: []pulumi.StringInput{
			b.regional("ssm", "session/${aws:userid}-*"),
		}},
		{Sid: "ShiftZones", Resources: []pulumi.StringInput{b.loadBalancer()}, Actions: []string{
			"arc-zonal-shift:CancelZonalShift", "arc-zonal-shift:StartZonalShift", "arc-zonal-shift:UpdateZonalShift",
		}},
	}...)
	statements = append(statements, b.recovery()...)
	if b.args.KeyARN != nil {
		statements = append(statements, parts.Statement{
			Sid: "PublishEncrypted", Actions: []string{"kms:Decrypt", "kms:GenerateDataKey*"},
			Resources:  []pulumi.StringInput{b.args.KeyARN},
			Conditions: map[string]pulumi.Map{"StringEquals": {"kms:ViaService": b.place.Endpoint("sns")}},
		})
	}
	return statements
}

// loadBalancer returns the ARN of the load balancer or, where it is not known, of any.
func (b *builder) loadBalancer() pulumi.StringInput {
	if suffix := b.args.Web.LoadBalancerSuffix; suffix != nil {
		return b.regional("elasticloadbalancing", pulumi.Sprintf("loadbalancer/%s", suffix))
	}
	return b.regional("elasticloadbalancing", "loadbalancer/app/*")
}

// regional returns the ARN of a resource of a service in the account and region of the stack.
func (b *builder) regional(service string, resource any) pulumi.StringOutput {
	return pulumi.Sprintf("arn:%s:%s:%s:%s:%s", b.place.Partition, service, b.place.Region, b.place.Account, resource)
}
