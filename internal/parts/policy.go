package parts

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Statement is one statement of an IAM policy; it allows what it matches.
type Statement struct {
	Sid  string // what the statement is for, in letters and digits; may be empty
	Deny bool
	// The principal that a trust or resource policy names: one of these. None is for the own policy of a role.
	Service   pulumi.StringInput // a service, such as rds.amazonaws.com
	AWS       pulumi.StringInput // the ARN of an account or role, or *
	Federated pulumi.StringInput // the ARN of an identity provider

	Actions   []string // such as logs:PutLogEvents
	Resources []pulumi.StringInput
	Except    []pulumi.StringInput // in place of Resources: all but these
	// Conditions maps an operator, such as StringEquals, to the values its keys must have: a text, or a list of which one.
	Conditions map[string]pulumi.Map
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
	if s.Deny {
		document["Effect"] = pulumi.String("Deny")
	}
	if s.Sid != "" {
		document["Sid"] = pulumi.String(s.Sid)
	}
	switch {
	case s.Service != nil:
		document["Principal"] = pulumi.Map{"Service": s.Service}
	case s.AWS != nil:
		document["Principal"] = pulumi.Map{"AWS": s.AWS}
	case s.Federated != nil:
		document["Principal"] = pulumi.Map{"Federated": s.Federated}
	}
	if len(s.Resources) > 0 {
		document["Resource"] = pulumi.StringArray(s.Resources)
	}
	if len(s.Except) > 0 {
		document["NotResource"] = pulumi.StringArray(s.Except)
	}
	if len(s.Conditions) > 0 {
		conditions := pulumi.Map{}
		for operator, values := range s.Conditions {
			conditions[operator] = values
		}
		document["Condition"] = conditions
	}
	return document
}

// ReadSecrets returns the statements that let a role read these secrets of Secrets Manager and no other, and use their
// key for nothing else (AWS Secrets Manager user guide, "Secret encryption and decryption"). A nil key is AWS's own, which needs no right.
func ReadSecrets(place Place, key pulumi.StringInput, secrets ...pulumi.StringInput) []Statement {
	statements := []Statement{{
		Sid:       "ReadSecrets",
		Actions:   []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"},
		Resources: secrets,
	}}
	if key == nil {
		return statements
	}
	return append(statements, Statement{
		Sid:       "DecryptThem",
		Actions:   []string{"kms:Decrypt"},
		Resources: []pulumi.StringInput{key},
		Conditions: map[string]pulumi.Map{"StringEquals": {
			"kms:ViaService":                  place.Endpoint("secretsmanager"),
			"kms:EncryptionContext:SecretARN": pulumi.StringArray(secrets),
		}},
	})
}
