package parts

import (
	"fmt"
	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DataKey creates a KMS key for data, about 1 USD a month. It turns once a year, and lives for 30 days, the longest there
// is, after someone has deleted it: data whose key is gone is gone.
func (c Children) DataKey(
	ctx *pulumi.Context, name, description string, policy pulumi.StringInput, opts ...pulumi.ResourceOption,
) (*kms.Key, error) {
	key, err := kms.NewKey(ctx, name, &kms.KeyArgs{
		Description:          pulumi.String(description),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(30),
		Policy:               component.Optional(policy),
		Tags:                 c.Tags(name),
	}, c.Options(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating key %s: %w", name, err)
	}
	return key, nil
}

// KeyPolicy returns the policy of a KMS key for data that lies in services of AWS: the account administers the key, and
// uses it through these services alone. Nobody, administrators included, encrypts or decrypts with it by hand. Further
// statements let services in that call on their own account.
func KeyPolicy(place Place, through []string, more ...Statement) pulumi.StringOutput {
	services := make(pulumi.StringArray, len(through))
	for i, service := range through {
		services[i] = place.Endpoint(service)
	}
	everything := []pulumi.StringInput{pulumi.String("*")} // in a key's policy: the key
	return Policy(append([]Statement{
		{
			// Without the account's right to change this policy, AWS takes the key for lost and refuses it (AWS KMS developer guide, "Default key policy").
			Sid: "Administer", AWS: place.Root(), Resources: everything,
			Actions: []string{
				"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:Describe*", "kms:Disable*", "kms:Enable*",
				"kms:Get*", "kms:List*", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand",
				"kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:Update*",
			},
		},
		{
			Sid: "UseThroughServices", AWS: place.Root(), Resources: everything,
			Actions: []string{
				"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:RetireGrant",
			},
			Conditions: map[string]pulumi.Map{"StringEquals": {"kms:ViaService": services}},
		},
	}, more...)...)
}
