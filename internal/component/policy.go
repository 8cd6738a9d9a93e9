package component

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Statement is one statement of an IAM policy; it allows what it matches.
type Statement struct {
	Service   string   // the service principal that a trust or resource policy names; empty in a role's own policy
	Actions   []string // such as logs:PutLogEvents
	Resources []pulumi.StringInput
	// Conditions maps an operator, such as StringEquals, to the values its keys must have.
	Conditions map[string]map[string]pulumi.StringInput
}

// Policy returns an IAM policy document of these statements as JSON with sorted keys.
func Policy(statements ...Statement) pulumi.StringOutput {
	list := make(pulumi.Array, len(statements))
	for i, statement := range statements {
		list[i] = statement.document()
	}
	return pulumi.JSONMarshal(pulumi.Map{"Version": pulumi.String("2012-10-17"), "Statement": list})
}

func (s Statement) document() pulumi.Map {
	document := pulumi.Map{"Effect": pulumi.String("Allow"), "Action": pulumi.ToStringArray(s.Actions)}
	if s.Service != "" {
		document["Principal"] = pulumi.StringMap{"Service": pulumi.String(s.Service)}
	}
	if len(s.Resources) > 0 {
		document["Resource"] = pulumi.StringArray(s.Resources)
	}
	if len(s.Conditions) > 0 {
		conditions := pulumi.Map{}
		for operator, values := range s.Conditions {
			conditions[operator] = pulumi.StringMap(values)
		}
		document["Condition"] = conditions
	}
	return document
}
