package database

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// masterSecret finds the secret that RDS keeps the master password in, and sets when RDS changes it. AWS would every
// week; a managed secret needs no function for that, and takes none (field note DB-5).
func (b *builder) masterSecret() error {
	b.secretARN = b.instance.MasterUserSecrets.ApplyT(b.masterSecretARN).(pulumi.StringOutput)
	name := b.Name("db")
	_, err := secretsmanager.NewSecretRotation(b.ctx, name, &secretsmanager.SecretRotationArgs{
		SecretId:          b.secretARN,
		RotateImmediately: pulumi.Bool(false), // the password is as new as the database
		RotationRules: secretsmanager.SecretRotationRotationRulesArgs{
			AutomaticallyAfterDays: pulumi.Int(b.args.RotateAfterDays),
		},
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("scheduling rotation %s: %w", name, err)
	}
	return nil
}

// masterSecretARN returns the ARN of the one secret. In a preview of a database that gets its first managed password
// there is none yet.
func (b *builder) masterSecretARN(secrets []rds.InstanceMasterUserSecret) (string, error) {
	if len(secrets) > 0 && secrets[0].SecretArn != nil {
		return *secrets[0].SecretArn, nil
	}
	if b.ctx.DryRun() {
		return "", nil
	}
	return "", fmt.Errorf("database instance %s has no secret for its master password: does RDS manage it?", b.plan.identifier)
}
