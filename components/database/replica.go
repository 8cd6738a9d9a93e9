package database

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// backupReplica keeps the automated backups in a second region too, under a key of that region, so that losing a region costs time
// and not data. It returns the ARN of the copy, by which a stack there restores the database, or "" without a second region. Nothing
// but that output waits for it: the first copy takes long.
func (b *builder) backupReplica(instance *rds.Instance) (pulumi.StringOutput, error) {
	region := b.settings.ReplicaRegion
	if region == "" {
		return pulumi.String("").ToStringOutput(), nil
	}
	name := b.Name("replica")
	there := pulumi.Provider(b.args.Replica)
	policy := parts.KeyPolicy(b.place.In(region), []string{"rds"})
	key, err := b.DataKey(b.ctx, name, "Backups of "+b.Name("db"), policy, there, component.Guard(b.settings.DeletionProtection))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	backup, err := rds.NewInstanceAutomatedBackupsReplication(b.ctx, name, &rds.InstanceAutomatedBackupsReplicationArgs{
		SourceDbInstanceArn: instance.Arn,
		KmsKeyId:            key.Arn,
		RetentionPeriod:     pulumi.Int(b.settings.BackupDays),
	}, b.Options(there, pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "120m", Delete: "60m"}))...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("replicating backups to %s: %w", region, err)
	}
	return backup.ID().ToStringOutput(), nil
}
