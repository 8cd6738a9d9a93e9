package secrets

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// GrantRead lets a role, given by its name, read these secrets and no other, and decrypt them through Secrets Manager
// only. reader names the role in the plan, such as app. Whatever reads as soon as it starts depends on the result: a role
// is no use before its policies (field note SEC-5).
func (s *Secrets) GrantRead(reader string, role pulumi.StringInput, names ...string) (*iam.RolePolicy, error) {
	if len(names) == 0 {
		return nil, fmt.Errorf("letting %s read secrets: none is named", reader)
	}
	arns := make([]pulumi.StringInput, len(names))
	for i, each := range names {
		arn, known := s.SecretARNs[each]
		if !known {
			return nil, fmt.Errorf("letting %s read secrets: there is no secret %s", reader, each)
		}
		arns[i] = arn
	}
	return s.build.RolePolicy(s.build.ctx, s.build.Name(reader, "reads"), role,
		parts.ReadSecrets(s.build.place, s.KeyARN, arns...)...)
}
