package web

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/settings/delivery"
	"ha-web/internal/validate"
)

// Policy is a permission of the instances.
type Policy struct {
	// ARN of an IAM policy of the account or of AWS, such as `arn:aws:iam::123456789012:policy/moodle`, at most 8 of them. With
	// a pipeline, its actions have effect only for services of the stack and of delivery.services. Set either this or actions.
	ARN string `pulumi:"arn,optional"`
	// Actions to allow, such as `[s3:GetObject, s3:PutObject]`. The name of an action may have wildcards, as in `s3:Get*`, but no
	// service is allowed as a whole. Actions of IAM, STS and AWS Organizations are refused.
	Actions []string `pulumi:"actions,optional"`
	// ARNs of the resources to allow the actions on, such as `["arn:aws:s3:::campus-files/*"]`, or `["*"]`. Required with actions.
	Resources []string `pulumi:"resources,optional"`
}

const (
	// maxPolicyARNs leaves two of the 10 managed policies of a role (AWS IAM user guide, "IAM and AWS STS quotas") to those that
	// instances have anyway.
	maxPolicyARNs = 8
	// maxPolicyText leaves room for the other statements: inline policies of a role have at most 10240 characters.
	maxPolicyText = 6144
)

var (
	policyARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/([\x21-\x7e]+/)?([A-Za-z0-9+=,.@_-]{1,128})$`)
	iamAction = regexp.MustCompile(`^([a-z0-9-]+):([A-Z][A-Za-z0-9*]*)$`)
	resource  = regexp.MustCompile(`^arn:(aws[a-z-]*|\*):[a-z0-9-]+:[^\s"]*$`)
)

// administrators are AWS managed policies that allow everything, or a way to it.
var administrators = []string{
	"AdministratorAccess", "AdministratorAccess-Amplify", "AdministratorAccess-AWSElasticBeanstalk", "IAMFullAccess", "PowerUserAccess",
	"SystemAdministrator",
}

// ParameterReaders are the actions that read SSM parameters. The role of the instances denies them for all parameters but its own.
var ParameterReaders = []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"}

// readers are the actions that read secrets.
var readers = []string{"kms:Decrypt", "kms:ReEncryptFrom", "secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"}

const everything = "*"

// PolicyName returns the account and the name of a policy, which differ from those of all others: names are unique in an account,
// whatever their path (IAM API reference, CreatePolicy).
func (p *Policy) PolicyName() (account, name string) {
	parts := policyARN.FindStringSubmatch(p.ARN)
	return parts[1], parts[3]
}

func (s *Settings) checkPolicies(f validate.Fields) {
	var arns []string
	length := 0
	for i := range s.Policies {
		policy := &s.Policies[i]
		switch {
		case policy.ARN == "":
			policy.checkStatement(f)
			length += len(strings.Join(slices.Concat(policy.Actions, policy.Resources), `","`)) + len(`{"Effect":"Allow","Action":[""],"Resource":[""]},`)
		case len(policy.Actions)+len(policy.Resources) > 0:
			f.Add(&policy.ARN, "must not be set with %s or %s: make it two policies", f.Name(&policy.Actions), f.Name(&policy.Resources))
		default:
			arns = append(arns, policy.checkARN(f, arns))
		}
	}
	if len(arns) > maxPolicyARNs {
		f.Add(&s.Policies, "must have at most %d ARNs, because IAM attaches 10 policies to a role and instances have two, got %d", maxPolicyARNs, len(arns))
	}
	if length > maxPolicyText {
		f.Add(&s.Policies, "must have at most %d characters of actions and resources, because IAM limits the inline policies of a role, got %d: "+
			"create a policy and set its ARN", maxPolicyText, length)
	}
}

// checkARN checks the ARN of a policy, listed after others. It returns the account and the name in it.
func (p *Policy) checkARN(f validate.Fields, before []string) string {
	parts := policyARN.FindStringSubmatch(p.ARN)
	if parts == nil {
		f.Add(&p.ARN, "must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/moodle, got %q", p.ARN)
		return p.ARN
	}
	switch {
	case parts[1] == "aws" && slices.Contains(administrators, parts[3]):
		f.Add(&p.ARN, "must not be %s, which allows instances to do anything: name the actions they need", parts[3])
	case slices.Contains(before, parts[1]+parts[3]):
		f.Add(&p.ARN, "%s is listed twice", parts[3])
	}
	return parts[1] + parts[3]
}

func (p *Policy) checkStatement(f validate.Fields) {
	if len(p.Actions) == 0 {
		f.Add(&p.Actions, "is required, unless %s is set", f.Name(&p.ARN))
	}
	if len(p.Resources) == 0 {
		f.Add(&p.Resources, `is required with %s: ARNs, or "*"`, f.Name(&p.Actions))
	}
	for i, action := range p.Actions {
		f.Check(&p.Actions[i], CheckAction(action))
		if slices.Contains(p.Resources, everything) && matchesAny(action, readers) {
			f.Add(&p.Actions[i], "must have the ARNs of secrets or keys in %s, because \"*\" is all of the account, got %q", f.Name(&p.Resources), action)
		}
	}
	for i, each := range p.Resources {
		if each != everything && !resource.MatchString(each) {
			f.Add(&p.Resources[i], `must be the ARN of a resource, or "*", got %q`, each)
		}
	}
}

// CheckAction returns what is wrong with an action.
func CheckAction(action string) error {
	switch service, _, _ := strings.Cut(action, ":"); {
	case delivery.NeverDelegated(service):
		return fmt.Errorf("must not be an action of %s, by which instances could get other permissions, got %q", service, action)
	case !iamAction.MatchString(action):
		return fmt.Errorf("must be a service and the name of an action, such as s3:GetObject, and not a whole service, got %q", action)
	case matchesAny(action, ParameterReaders):
		return fmt.Errorf("is denied for all parameters but those of the stack and of web.environment: name the parameter there, got %q", action)
	}
	return nil
}

// matchesAny reports whether an action, which may have wildcards, is one of others.
func matchesAny(action string, others []string) bool {
	return slices.ContainsFunc(others, func(other string) bool {
		matches, _ := path.Match(action, other)
		return matches
	})
}
