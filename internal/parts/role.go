package parts

import (
	"fmt"
	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Role describes a role.
type Role struct {
	Description string
	// Physical is its name in AWS, for roles that people or pipelines name. Default: as Pulumi likes.
	Physical string
	// Path is where it stands, such as RolePath.
	Path string
	// Trust says who takes it on.
	Trust []Statement
	// Boundary is the ARN of a policy: the most that the role may do, whatever its own policies say. nil: none.
	Boundary pulumi.StringInput
	// SessionSeconds is the longest session of the role, 3600 to 43200. Default 3600.
	SessionSeconds int
}

// RolePath returns the path of a component's own roles in a stack, by which a policy names all of them and no other.
func RolePath(component, stack string) string { return "/" + component + "/" + stack + "/" }

// AdministeredPath returns the path of what no pipeline may change: its own roles, their boundary, and the roles of people.
func AdministeredPath(component, stack string) string {
	return "/administered" + RolePath(component, stack)
}

// Role creates a role.
func (c Children) Role(ctx *pulumi.Context, name string, args Role) (*iam.Role, error) {
	role := &iam.RoleArgs{
		Path:                pulumi.String(args.Path),
		AssumeRolePolicy:    Policy(args.Trust...),
		PermissionsBoundary: component.Optional(args.Boundary),
		Tags:                c.Tags(name),
	}
	if args.Description != "" {
		role.Description = pulumi.String(args.Description)
	}
	if args.Physical != "" {
		role.Name = pulumi.String(args.Physical)
	}
	if args.SessionSeconds > 0 {
		role.MaxSessionDuration = pulumi.Int(args.SessionSeconds)
	}
	created, err := iam.NewRole(ctx, name, role, c.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating role %s: %w", name, err)
	}
	return created, nil
}

// ServiceRole creates the role that a service takes on, within the boundary of the component's roles. Conditions bound for
// whom it does.
func (c Children) ServiceRole(
	ctx *pulumi.Context, name, service string, conditions map[string]pulumi.Map,
) (*iam.Role, error) {
	return c.Role(ctx, name, Role{
		Path:     RolePath(c.Component(), ctx.Stack()),
		Boundary: c.Boundary(),
		Trust: []Statement{{
			Service: pulumi.String(service), Actions: []string{"sts:AssumeRole"}, Conditions: conditions,
		}},
	})
}

// RolePolicy lets a role, given by its name, do what the statements say. Whatever uses the role as soon as it starts
// depends on the policy: a role is of no use before it.
func (c Children) RolePolicy(
	ctx *pulumi.Context, name string, role pulumi.StringInput, statements ...Statement,
) (*iam.RolePolicy, error) {
	policy, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{Role: role, Policy: Policy(statements...)}, c.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating policy %s: %w", name, err)
	}
	return policy, nil
}

// AttachPolicy lets a role, given by its name, do what a policy that has an ARN says.
func (c Children) AttachPolicy(
	ctx *pulumi.Context, name string, role, policy pulumi.StringInput,
) (*iam.RolePolicyAttachment, error) {
	attached, err := iam.NewRolePolicyAttachment(ctx, name, &iam.RolePolicyAttachmentArgs{
		Role: role, PolicyArn: policy,
	}, c.Options()...)
	if err != nil {
		return nil, fmt.Errorf("attaching policy %s: %w", name, err)
	}
	return attached, nil
}
