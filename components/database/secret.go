package database

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// masterSecret returns the secret in which RDS keeps the master password, and sets when RDS rotates it, at any time of any seventh day
// otherwise. A managed secret needs no rotation function, and accepts none (AWS Secrets Manager API reference, RotateSecret). Of all
// schedules only one with cron() never rotates at the time of a previous one (AWS CloudFormation user guide, RotationRules).
func (b *builder) masterSecret(instance *rds.Instance) (pulumi.StringOutput, error) {
	secretARN := instance.MasterUserSecrets.ApplyT(b.masterSecretARN).(pulumi.StringOutput)
	name := b.Name("db")
	_, err := secretsmanager.NewSecretRotation(b.ctx, name, &secretsmanager.SecretRotationArgs{
		SecretId:          secretARN,
		RotateImmediately: pulumi.Bool(false), // the password is as new as the database
		RotationRules: secretsmanager.SecretRotationRotationRulesArgs{
			ScheduleExpression: pulumi.String(b.settings.Rotation.Schedule),
			Duration:           pulumi.Sprintf("%dh", b.settings.Rotation.Hours),
		},
	}, b.Options()...)
	if err != nil {
		return secretARN, fmt.Errorf("scheduling rotation %s: %w", name, err)
	}
	return secretARN, nil
}

// masterSecretARN returns the ARN of the one secret. It is not known yet in a preview of a database that gets its first managed
// password.
func (b *builder) masterSecretARN(secrets []rds.InstanceMasterUserSecret) (string, error) {
	if len(secrets) > 0 && secrets[0].SecretArn != nil {
		return *secrets[0].SecretArn, nil
	}
	if b.ctx.DryRun() {
		return "", nil
	}
	return "", fmt.Errorf("database instance %s has no secret for its master password: does RDS manage it?", b.names.database)
}
