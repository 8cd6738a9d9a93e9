package delivery

import (
	"path"
	"slices"
)

// services are the prefixes of the actions of all resources of a stack, and of the services that its instances call.
var services = []string{
	"acm", "arc-zonal-shift", "autoscaling", "budgets", "chatbot", "cloudfront", "cloudwatch", "ec2", "ec2messages", "ecr",
	"elasticloadbalancing", "events", "firehose", "kms", "logs", "rds", "rds-db", "route53", "s3", "secretsmanager", "sns",
	"sqs", "ssm", "ssmmessages", "wafv2",
}

// lambdaActions are the actions of Lambda that a stack uses. With others, a role could change functions of the account that have
// more permissions.
var lambdaActions = []string{"lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"}

// BoundaryActions returns the actions of services that the permissions boundary allows.
func (s *Settings) BoundaryActions() []string {
	actions := slices.Clone(lambdaActions)
	for _, each := range slices.Concat(services, s.Services) {
		actions = append(actions, each+":*")
	}
	return actions
}

// Allows reports whether roles of the stack may have a permission for an action: without a pipeline there is no boundary.
func (s *Settings) Allows(action string) bool {
	return !s.Roles() || slices.ContainsFunc(s.BoundaryActions(), func(allowed string) bool {
		matches, _ := path.Match(allowed, action)
		return matches
	})
}

// NeverDelegated reports whether a role could escape its boundary, or its account, by the actions of a service.
func NeverDelegated(service string) bool { return slices.Contains(neverDelegated, service) }
