package component

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ServiceRole creates the role that a service takes on. Conditions bound for whom it does.
func (c Children) ServiceRole(
	ctx *pulumi.Context, name, service string, conditions map[string]pulumi.Map,
) (*iam.Role, error) {
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		AssumeRolePolicy: Policy(Statement{
			Service: pulumi.String(service), Actions: []string{"sts:AssumeRole"}, Conditions: conditions,
		}),
		Tags: c.Tags(name),
	}, c.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating role %s: %w", name, err)
	}
	return role, nil
}

// RolePolicy lets a role, given by its name, do what the statements say. Whatever uses the role as soon as it starts
// depends on the policy: a role is of no use before it (field note SEC-5).
func (c Children) RolePolicy(
	ctx *pulumi.Context, name string, role pulumi.StringInput, statements ...Statement,
) (*iam.RolePolicy, error) {
	policy, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{Role: role, Policy: Policy(statements...)}, c.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating policy %s: %w", name, err)
	}
	return policy, nil
}

// AttachPolicy lets a role, given by its name, do what a policy that AWS keeps says.
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
