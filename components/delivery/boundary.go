// Package delivery provides what a pipeline needs of an account: a repository of container images, and roles that its jobs
// take on by OpenID Connect, so that no long-lived key exists anywhere.
//
// Whoever deploys a stack makes roles. So that no pipeline can make one that may do more than itself, every role of the stack
// has a boundary, which the pipeline can neither change nor leave out.
package delivery

import (
	"fmt"
	"slices"

	"ha-web/internal/component"
	"ha-web/internal/parts"
	"ha-web/internal/pipeline"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BoundaryType is the type token of a Boundary.
const BoundaryType = "ha-web:index:Boundary"

// Boundary is the most that any role of a stack may do, that of its pipeline included. It costs nothing.
type Boundary struct {
	pulumi.ResourceState

	// ARN is for every component that makes roles, and for Delivery. nil: there is no boundary.
	ARN pulumi.StringInput
}

// BoundaryArgs describes a Boundary.
type BoundaryArgs struct {
	// Disabled leaves it out, for a stack that no pipeline deploys.
	Disabled bool
	// Services are prefixes of IAM actions, such as ses, that roles of the stack may use beside those it is made of.
	Services []string
	// Tags go on the policy, beside its Name.
	Tags pulumi.StringMap
}

// boundaryName is the last part of what the policy is called in AWS.
const boundaryName = "boundary"

// NewBoundary creates a Boundary for the roles of all components that have its name.
func NewBoundary(ctx *pulumi.Context, name string, args *BoundaryArgs, opts ...pulumi.ResourceOption) (*Boundary, error) {
	if args == nil {
		args = &BoundaryArgs{}
	}
	var faults validate.Faults
	physical, err := component.PhysicalName(name, ctx.Stack(), boundaryName, 128)
	faults.Check("name", err)
	pipeline.CheckServices(args.Services, validate.Named{Faults: &faults, Name: func(field string) string { return field }})
	if err := faults.Err(); err != nil {
		return nil, fmt.Errorf("boundary %s: %w", name, err)
	}
	boundary := &Boundary{}
	inputs := pulumi.Map{"disabled": pulumi.Bool(args.Disabled), "services": pulumi.ToStringArray(args.Services)}
	if err := ctx.RegisterComponentResourceV2(BoundaryType, name, inputs, boundary, opts...); err != nil {
		return nil, fmt.Errorf("registering boundary %s: %w", name, err)
	}
	if args.Disabled {
		return boundary, ctx.RegisterResourceOutputs(boundary, pulumi.Map{})
	}
	children := parts.ChildrenOf(boundary, name, component.Shared{Tags: args.Tags})
	limits := limits{place: children.Place(ctx), name: name, stack: ctx.Stack(), physical: physical, services: args.Services}
	logical := children.Name(boundaryName)
	policy, err := iam.NewPolicy(ctx, logical, &iam.PolicyArgs{
		Name:        pulumi.String(physical), // it names itself
		Path:        pulumi.String(parts.AdministeredPath(name, ctx.Stack())),
		Description: pulumi.String("The most that a role of this stack may do"),
		Policy:      parts.Policy(limits.statements()...),
		Tags:        children.Tags(logical),
	}, children.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating policy %s: %w", logical, err)
	}
	boundary.ARN = policy.Arn
	return boundary, ctx.RegisterResourceOutputs(boundary, pulumi.Map{"arn": boundary.ARN})
}

// services are the prefixes of the actions of all that a stack is made of, and of what an instance asks for.
var services = []string{
	"acm", "arc-zonal-shift", "autoscaling", "budgets", "chatbot", "cloudfront", "cloudwatch", "ec2", "ec2messages", "ecr",
	"elasticloadbalancing", "events", "firehose", "kms", "logs", "rds", "rds-db", "route53", "s3", "secretsmanager", "sns",
	"sqs", "ssm", "ssmmessages", "wafv2",
}

// singly are actions of services that a stack uses for little: by others of Lambda's, whoever has the boundary could change
// functions of the account that may do more.
var singly = []string{"lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"}

// trusted are the services that roles of a stack may be handed to.
var trusted = []string{
	"chatbot.amazonaws.com", "ec2.amazonaws.com", "events.amazonaws.com", "firehose.amazonaws.com",
	"monitoring.rds.amazonaws.com", "rds.amazonaws.com", "s3.amazonaws.com", "streams.metrics.cloudwatch.amazonaws.com",
	"vpc-flow-logs.amazonaws.com",
}

// ownRoles are the services that make a role of their own the first time an account uses them (field note CI-6).
var ownRoles = []string{
	"apidestinations.events.amazonaws.com", "autoscaling.amazonaws.com", "delivery.logs.amazonaws.com",
	"elasticloadbalancing.amazonaws.com", "management.chatbot.amazonaws.com", "rds.amazonaws.com", "spot.amazonaws.com",
	"wafv2.amazonaws.com",
}

// limits are what the boundary of a stack is made of.
type limits struct {
	place                 parts.Place
	name, stack, physical string
	services              []string
}

// statements are what the boundary allows, and nothing else: all of the services that the stack uses, and of IAM what keeps
// whoever has the boundary inside it (AWS IAM user guide, "Permissions boundaries for IAM entities"). Of its own, a boundary
// gives no right; only Delivery attaches it as a policy too.
func (l limits) statements() []parts.Statement {
	work := slices.Clone(singly)
	for _, each := range slices.Concat(services, l.services) {
		work = append(work, each+":*")
	}
	own := []pulumi.StringInput{l.arn("role", parts.RolePath(l.name, l.stack)+"*")}
	profiles := l.arn("instance-profile", parts.RolePath(l.name, l.stack)+"*")
	everything := []pulumi.StringInput{pulumi.String("*")}
	return []parts.Statement{
		{Sid: "UseServices", Actions: work, Resources: everything},
		{Sid: "LookAtRoles", Actions: []string{"iam:Get*", "iam:List*"}, Resources: everything},
		{
			// IAM asks for the boundary of the role that these actions make or change.
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
			Conditions: map[string]pulumi.Map{"StringEquals": {"iam:PassedToService": pulumi.ToStringArray(trusted)}},
		},
		{
			Sid: "LetServicesMakeTheirRoles", Actions: []string{"iam:CreateServiceLinkedRole"},
			Resources:  []pulumi.StringInput{l.arn("role", "/aws-service-role/*")},
			Conditions: map[string]pulumi.Map{"StringEquals": {"iam:AWSServiceName": pulumi.ToStringArray(ownRoles)}},
		},
	}
}

// arn names something of IAM by its path and name.
func (l limits) arn(kind, path string) pulumi.StringOutput {
	return pulumi.Sprintf("arn:%s:iam::%s:%s%s", l.place.Partition, l.place.Account, kind, path)
}
