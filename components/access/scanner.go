package access

import (
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// scannerPolicies are AWS's own policies for whoever audits an account: what things are, and not what is in them.
var scannerPolicies = []struct{ role, policy string }{
	{"audits", "SecurityAudit"},
	{"views", "job-function/ViewOnlyAccess"},
}

// scanner creates the role of a scanner of the account's posture, such as Wiz (document 002). The external id keeps others
// of the scanner's customers from having it look here.
func (b *builder) scanner() error {
	role, arn, err := b.administered("scanner", parts.Role{
		Description: "Looks for mistakes in the account",
		Trust: []parts.Statement{{
			AWS:     pulumi.String(b.args.Scanner.Principal),
			Actions: []string{"sts:AssumeRole"},
			Conditions: map[string]pulumi.Map{"StringEquals": {
				"sts:ExternalId": pulumi.String(b.args.Scanner.ExternalID),
			}},
		}},
	})
	if err != nil {
		return err
	}
	for _, each := range scannerPolicies {
		if _, err := b.AttachPolicy(b.ctx, b.Name("scanner", each.role), role, b.place.ManagedPolicy(each.policy)); err != nil {
			return err
		}
	}
	b.access.ScannerRoleARN = arn
	return nil
}
