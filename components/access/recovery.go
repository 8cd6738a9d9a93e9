package access

import (
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// managedBy is the tag of the secrets that RDS keeps, with the ARN of the database instance (Amazon RDS user guide, "Password
// management with Amazon RDS and AWS Secrets Manager").
const managedBy = "aws:ResourceTag/aws:rds:primaryDBInstanceArn"

// recovery is what an operator may do to databases: the commands of docs/recovery.md, on databases and snapshots whose names begin as
// those of the stack do. What an operator may delete, and whose password an operator may read, are restored copies alone, which have
// -copy or -drill- in their names.
func (b *builder) recovery() []parts.Statement {
	named := func(kind, suffix string) pulumi.StringInput { return b.regional("rds", kind+":"+b.physical+suffix) }
	databases, snapshots := named("db", "-*"), named("snapshot", "-*")
	copies := []pulumi.StringInput{named("db", "-db*-copy*"), named("db", "-db*-drill-*")}
	groups := []pulumi.StringInput{b.regional("rds", "og:*"), b.regional("rds", "pg:*"), b.regional("rds", "subgrp:*")}
	managed := []pulumi.StringInput{b.regional("secretsmanager", "secret:rds!db-*")}
	statements := []parts.Statement{
		{
			Sid: "RestoreCopies", Actions: []string{"rds:RestoreDBInstanceFromDBSnapshot", "rds:RestoreDBInstanceToPointInTime"},
			Resources: append([]pulumi.StringInput{databases, snapshots, named("snapshot:rds", "-*")}, groups...),
		},
		{
			Sid: "ChangeDatabases", Actions: []string{"rds:ModifyDBInstance"},
			Resources: append([]pulumi.StringInput{databases}, groups...),
		},
		{
			Sid: "TakeSnapshots", Actions: []string{"rds:AddTagsToResource", "rds:CreateDBSnapshot"},
			Resources: []pulumi.StringInput{databases, snapshots},
		},
		{Sid: "DeleteCopies", Actions: []string{"rds:DeleteDBInstance"}, Resources: copies},
		// RDS creates the secret of a copy in the name of the operator.
		{Sid: "CreatePasswords", Actions: []string{"secretsmanager:CreateSecret", "secretsmanager:TagResource"}, Resources: managed},
		{
			Sid: "ReadPasswordsOfCopies", Actions: []string{"secretsmanager:GetSecretValue"}, Resources: managed,
			Conditions: map[string]pulumi.Map{"StringLike": {managedBy: pulumi.StringArray(copies)}},
		},
		{
			Sid: "RotatePassword", Actions: []string{"secretsmanager:RotateSecret"}, Resources: managed,
			Conditions: map[string]pulumi.Map{"StringLike": {managedBy: databases}},
		},
	}
	if b.args.KeyARN == nil {
		return statements
	}
	return append(statements, parts.Statement{
		Sid: "RestoreEncrypted", Actions: []string{"kms:CreateGrant", "kms:DescribeKey"}, Resources: []pulumi.StringInput{b.args.KeyARN},
		Conditions: map[string]pulumi.Map{"StringEquals": {"kms:ViaService": b.place.Endpoint("rds")}},
	})
}
