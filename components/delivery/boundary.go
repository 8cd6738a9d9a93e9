// Package delivery provides what a pipeline needs in an account: a repository of container images, and roles that its jobs
// assume by OpenID Connect, so that there are no long-lived keys.
//
// Whoever deploys a stack creates roles. So that no pipeline can create a role with more permissions than its own, every role
// of the stack has a permissions boundary, which the pipeline can neither change nor leave out.
package delivery

import (
	"fmt"
	"slices"

	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/parts"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BoundaryType is the type token of a Boundary.
const BoundaryType = "ha-web:index:Boundary"

// Boundary is the permissions boundary of the roles of a stack: the most that any of them may do, that of its pipeline
// included. It costs nothing.
type Boundary struct {
	pulumi.ResourceState

	// ARN is the PermissionsBoundary of the components that create roles, Delivery among them. nil: there is no boundary.
	ARN pulumi.StringInput `pulumi:"arn"`
}

// BoundaryArgs describes a Boundary.
type BoundaryArgs struct {
	// Settings are those of the Delivery with the same name. If none of their jobs assume roles, there is no boundary: people
	// who deploy by hand have permissions of their own. Default nil: there is a boundary, without further Services, for a program
	// that creates roles and no Delivery.
	Settings *Settings `pulumi:"settings,optional"`
	// Tags go on the policy, beside its Name.
	Tags pulumi.StringMap `pulumi:"tags,optional"`
}

// The physical name of a boundary ends in boundaryName; IAM takes 128 characters.
const (
	boundaryName      = "boundary"
	boundaryNameLimit = 128
)

// resolve returns a copy of the arguments with everything that is left out, and the physical name of the policy, or every
// fault of them.
func (a BoundaryArgs) resolve(name, stack string) (_ *BoundaryArgs, physical string, _ error) {
	settings := component.SettingsOr(a.Settings, Default).Resolved(stack)
	a.Settings = &settings
	var faults validate.Faults
	physical, err := component.PhysicalName(name, stack, boundaryName, boundaryNameLimit)
	faults.Check("name", err)
	settings.Validate(validate.FieldsOf(&faults, &a, fields.ByName))
	return &a, physical, faults.Err()
}

// NewBoundary creates a Boundary for the roles of all components that have its name. It returns every fault of args at once,
// before it registers anything.
func NewBoundary(ctx *pulumi.Context, name string, args *BoundaryArgs, opts ...pulumi.ResourceOption) (*Boundary, error) {
	alone := args == nil || args.Settings == nil
	args, physical, err := component.ArgsOr(args).resolve(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("boundary %s: %w", name, err)
	}
	boundary := &Boundary{}
	if err := component.Register(ctx, BoundaryType, name, args.Settings, boundary, opts...); err != nil {
		return nil, err
	}
	if alone || args.Settings.Roles() {
		children := parts.ChildrenOf(boundary, name, component.Shared{Tags: args.Tags})
		policy := limits{
			place: children.Place(ctx), name: name, stack: ctx.Stack(), physical: physical, actions: args.Settings.BoundaryActions(),
		}
		if boundary.ARN, err = policy.create(ctx, children); err != nil {
			return nil, err
		}
	}
	return boundary, component.RegisterOutputs(ctx, boundary)
}

// passedTo are the services that roles of a stack may be passed to.
var passedTo = []string{
	"chatbot.amazonaws.com", "ec2.amazonaws.com", "events.amazonaws.com", "firehose.amazonaws.com",
	"monitoring.rds.amazonaws.com", "rds.amazonaws.com", "s3.amazonaws.com", "streams.metrics.cloudwatch.amazonaws.com",
	"vpc-flow-logs.amazonaws.com",
}

// linkedTo are the services that create a service-linked role the first time an account uses them (AWS IAM user guide, "AWS
// services that work with IAM").
var linkedTo = []string{
	"apidestinations.events.amazonaws.com", "autoscaling.amazonaws.com", "delivery.logs.amazonaws.com",
	"elasticloadbalancing.amazonaws.com", "management.chatbot.amazonaws.com", "rds.amazonaws.com", "spot.amazonaws.com",
	"wafv2.amazonaws.com",
}

// limits describe the boundary of a stack.
type limits struct {
	place                 parts.Place
	name, stack, physical string
	actions               []string
}

// create creates the policy, and returns its ARN.
func (l limits) create(ctx *pulumi.Context, children parts.Children) (pulumi.StringInput, error) {
	logical := children.Name(boundaryName)
	policy, err := iam.NewPolicy(ctx, logical, &iam.PolicyArgs{
		Name:        pulumi.String(l.physical), // a statement below names it
		Path:        pulumi.String(parts.AdministeredPath(l.name, l.stack)),
		Description: pulumi.String("The most that a role of this stack may do"),
		Policy:      parts.Policy(l.statements()...),
		Tags:        children.Tags(logical),
	}, children.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating policy %s: %w", logical, err)
	}
	return policy.Arn, nil
}

// statements are all that the boundary allows: the services that the stack uses, and of IAM only what keeps roles with the
// boundary inside it (AWS IAM user guide, "Permissions boundaries for IAM entities"). A boundary grants no permission by
// itself; Delivery alone attaches it as a policy too.
func (l limits) statements() []parts.Statement {
	own := []pulumi.StringInput{l.arn("role", parts.RolePath(l.name, l.stack)+"*")}
	profiles := l.arn("instance-profile", parts.RolePath(l.name, l.stack)+"*")
	everything := []pulumi.StringInput{pulumi.String("*")}
	return []parts.Statement{
		{Sid: "UseServices", Actions: l.actions, Resources: everything},
		{Sid: "LookAtRoles", Actions: []string{"iam:Get*", "iam:List*"}, Resources: everything},
		{
			// For these actions the condition key is the boundary of the role that they create or change.
			Sid: "ChangeRolesWithinBoundary",
			Actions: []string{
				"iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
				"iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
			},
			Resources: own,
			Conditions: map[string]pulumi.Map{"StringEquals": {
				"iam:PermissionsBoundary": l.arn("policy", parts.AdministeredPath(l.name, l.stack)+l.physical),
			}},
		},
		{
			Sid: "KeepRoles",
			Actions: []string{
				"iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:DeleteInstanceProfile", "iam:DeleteRole",
				"iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile", "iam:TagRole", "iam:UntagInstanceProfile",
				"iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
			},
			Resources: append(slices.Clone(own), profiles),
		},
		{
			Sid: "HandRolesToServices", Actions: []string{"iam:PassRole"}, Resources: own,
			Conditions: map[string]pulumi.Map{"StringEquals": {"iam:PassedToService": pulumi.ToStringArray(passedTo)}},
		},
		{
			Sid: "LetServicesMakeTheirRoles", Actions: []string{"iam:CreateServiceLinkedRole"},
			Resources:  []pulumi.StringInput{l.arn("role", "/aws-service-role/*")},
			Conditions: map[string]pulumi.Map{"StringEquals": {"iam:AWSServiceName": pulumi.ToStringArray(linkedTo)}},
		},
	}
}

// arn returns the ARN of something in IAM by its path and name.
func (l limits) arn(kind, path string) pulumi.StringOutput {
	return pulumi.Sprintf("arn:%s:iam::%s:%s%s", l.place.Partition, l.place.Account, kind, path)
}
