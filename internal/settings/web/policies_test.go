package web_test

import (
	"fmt"
	"strings"
	"testing"

	"ha-web/internal/settings/web"

	"github.com/stretchr/testify/assert"
)

func TestPolicies(t *testing.T) {
	t.Parallel()
	const (
		moodle  = "arn:aws:iam::123456789012:policy/moodle"
		whole   = "policies[0].actions[0]: must be a service and the name of an action, such as s3:GetObject, and not a whole service, got "
		escapes = "policies[0].actions[0]: must not be an action of %s, by which instances could get other permissions, got %q"
		denied  = "policies[0].actions[0]: is denied for all parameters but those of the stack and of web.environment: name the parameter there, got "
		all     = `policies[0].actions[0]: must have the ARNs of secrets or keys in policies[0].resources, because "*" is all of the account, got `
	)
	files := []string{"arn:aws:s3:::campus-files/*"}
	action := func(action string, resources ...string) []web.Policy {
		if len(resources) == 0 {
			resources = files
		}
		return []web.Policy{{Actions: []string{action}, Resources: resources}}
	}
	arns := func(arns ...string) []web.Policy {
		var policies []web.Policy
		for _, each := range arns {
			policies = append(policies, web.Policy{ARN: each})
		}
		return policies
	}
	var many []string
	for i := range 9 {
		many = append(many, fmt.Sprint(moodle, i))
	}
	for name, test := range map[string]struct {
		policies []web.Policy
		want     string
	}{
		"arns":          {arns(moodle, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"), ""},
		"action":        {action("s3:GetObject"), ""},
		"wildcard":      {action("s3:Get*", "*"), ""},
		"key":           {action("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/0a"), ""},
		"empty":         {[]web.Policy{{}}, "policies[0].actions: is required, unless policies[0].arn is set\npolicies[0].resources: is required with policies[0].actions: ARNs, or \"*\""},
		"both":          {[]web.Policy{{ARN: moodle, Actions: []string{"s3:GetObject"}}}, "policies[0].arn: must not be set with policies[0].actions or policies[0].resources: make it two policies"},
		"no resources":  {[]web.Policy{{Actions: []string{"s3:GetObject"}}}, "policies[0].resources: is required with policies[0].actions: ARNs, or \"*\""},
		"a role":        {arns("arn:aws:iam::123456789012:role/moodle"), `policies[0].arn: must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/moodle, got "arn:aws:iam::123456789012:role/moodle"`},
		"twice":         {arns(moodle, "arn:aws:iam::123456789012:policy/team/moodle"), "policies[1].arn: moodle is listed twice"},
		"administrator": {arns("arn:aws:iam::aws:policy/AdministratorAccess"), "policies[0].arn: must not be AdministratorAccess, which allows instances to do anything: name the actions they need"},
		"power user":    {arns("arn:aws:iam::aws:policy/PowerUserAccess"), "policies[0].arn: must not be PowerUserAccess, which allows instances to do anything: name the actions they need"},
		"too many":      {arns(many...), "policies: must have at most 8 ARNs, because IAM attaches 10 policies to a role and instances have two, got 9"},
		"too long":      {action("s3:GetObject", "arn:aws:s3:::"+strings.Repeat("a", 6100)), "policies: must have at most 6144 characters of actions and resources, because IAM limits the inline policies of a role, got 6177: create a policy and set its ARN"},
		"everything":    {action("*"), whole + `"*"`},
		"service":       {action("s3:*"), whole + `"s3:*"`},
		"services":      {action("s*:GetObject"), whole + `"s*:GetObject"`},
		"case":          {action("S3:GetObject"), whole + `"S3:GetObject"`},
		"question mark": {action("s3:Get?bject"), whole + `"s3:Get?bject"`},
		"iam":           {action("iam:PassRole"), fmt.Sprintf(escapes, "iam", "iam:PassRole")},
		"iam, all":      {action("iam:*"), fmt.Sprintf(escapes, "iam", "iam:*")},
		"sts":           {action("sts:AssumeRole"), fmt.Sprintf(escapes, "sts", "sts:AssumeRole")},
		"organizations": {action("organizations:ListAccounts"), fmt.Sprintf(escapes, "organizations", "organizations:ListAccounts")},
		"parameter":     {action("ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/campus/flags"), denied + `"ssm:GetParameter"`},
		"parameters":    {action("ssm:Get*", "*"), denied + `"ssm:Get*"`},
		"all secrets":   {action("secretsmanager:Get*", "*"), all + `"secretsmanager:Get*"`},
		"all keys":      {action("kms:Decrypt", "*"), all + `"kms:Decrypt"`},
		"not an arn":    {action("s3:GetObject", "campus-files"), `policies[0].resources[0]: must be the ARN of a resource, or "*", got "campus-files"`},
	} {
		settings := usual()
		settings.Policies = test.policies
		assert.Equal(t, test.want, faultsOf(settings), name)
	}
}
