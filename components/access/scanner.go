package access

import (
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// scannerPolicies are the AWS managed policies for audits of an account: they read configuration, and no data.
var scannerPolicies = []struct{ role, policy string }{
	{"audits", "SecurityAudit"},
	{"views", "job-function/ViewOnlyAccess"},
}

// scanner creates the role of a security posture scanner, such as Wiz, and returns its ARN. The external ID keeps other customers
// of the scanner from having it scan this account (AWS IAM user guide, "The confused deputy problem").
func (b *builder) scanner() (pulumi.StringOutput, error) {
	role, arn, err := b.administered("scanner", parts.Role{
		Description: "Looks for mistakes in the account",
		Trust: []parts.Statement{{
			AWS:     pulumi.String(b.settings.Scanner.Principal),
			Actions: []string{"sts:AssumeRole"},
			Conditions: map[string]pulumi.Map{"StringEquals": {
				"sts:ExternalId": pulumi.String(b.settings.Scanner.ExternalID),
			}},
		}},
	})
	if err != nil {
		return arn, err
	}
	for _, each := range scannerPolicies {
		if _, err := b.AttachPolicy(b.ctx, b.Name("scanner", each.role), role, b.place.ManagedPolicy(each.policy)); err != nil {
			return arn, err
		}
	}
	return arn, nil
}
