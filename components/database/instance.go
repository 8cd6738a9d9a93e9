package database

import (
	"fmt"

	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func (b *builder) subnetGroup() (*rds.SubnetGroup, error) {
	name := b.Name("db")
	group, err := rds.NewSubnetGroup(b.ctx, name, &rds.SubnetGroupArgs{
		Description: pulumi.String("Data subnets"),
		SubnetIds:   b.args.SubnetIDs,
		Tags:        b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating database subnet group %s: %w", name, err)
	}
	return group, nil
}

// parameterGroup creates the parameters of the engine. A new major version requires a new group. Pulumi creates it under a new name,
// because the old one can be deleted only after the database has left it.
func (b *builder) parameterGroup() (*rds.ParameterGroup, error) {
	name := b.Name("db")
	engine := b.settings.Engine
	var parameters rds.ParameterGroupParameterArray
	for _, each := range engine.Parameters(b.settings.Version, b.settings.MaxConnections, b.settings.Parameters) {
		method := "immediate"
		if each.Pending {
			method = "pending-reboot"
		}
		parameters = append(parameters, rds.ParameterGroupParameterArgs{
			Name: pulumi.String(each.Name), Value: pulumi.String(each.Value), ApplyMethod: pulumi.String(method),
		})
	}
	group, err := rds.NewParameterGroup(b.ctx, name, &rds.ParameterGroupArgs{
		Description: pulumi.String("Parameters of " + name),
		Family:      pulumi.String(engine.Family(b.settings.Version)),
		Parameters:  parameters,
		Tags:        b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating parameter group %s: %w", name, err)
	}
	return group, nil
}

func (b *builder) instance(subnets *rds.SubnetGroup, parameters *rds.ParameterGroup) (*rds.Instance, error) {
	name := b.Name("db")
	args := &rds.InstanceArgs{
		Identifier:          pulumi.String(b.names.database),
		Engine:              pulumi.String(b.settings.Engine),
		EngineVersion:       pulumi.String(b.settings.Version),
		InstanceClass:       pulumi.String(b.settings.InstanceClass),
		MultiAz:             pulumi.Bool(b.settings.MultiAZ),
		ParameterGroupName:  parameters.Name,
		CaCertIdentifier:    pulumi.String("rds-ca-rsa2048-g1"), // a change of AWS's default would restart the database
		DbSubnetGroupName:   subnets.Name,
		VpcSecurityGroupIds: pulumi.StringArray{b.args.SecurityGroupID},
		PubliclyAccessible:  pulumi.Bool(false),
		Tags:                b.Tags(name),
	}
	b.setStorage(args)
	b.setAuthentication(args)
	b.setLifecycle(args, subnets)
	dependencies, err := b.setObservability(args)
	if err != nil {
		return nil, err
	}
	instance, err := rds.NewInstance(b.ctx, name, args, b.Options(
		pulumi.DependsOn(dependencies),
		component.Guard(b.settings.DeletionProtection),
		// RDS sets it when it creates a database, and never again: a change would be a difference in every preview
		// (terraform-provider-aws#44552).
		pulumi.IgnoreChanges([]string{"engineLifecycleSupport"}),
		// Upgrades and storage changes of a large database take hours, and so does its creation from a snapshot.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "90m", Update: "180m", Delete: "90m"}),
	)...)
	if err != nil {
		return nil, fmt.Errorf("creating database instance %s: %w", name, err)
	}
	return instance, nil
}

func (b *builder) setStorage(args *rds.InstanceArgs) {
	args.StorageType = pulumi.String("gp3") // the provider's default is gp2
	args.StorageEncrypted = pulumi.Bool(true)
	args.AllocatedStorage = pulumi.Int(b.settings.StorageGiB)
	args.MaxAllocatedStorage = pulumi.Int(*b.settings.MaxStorageGiB)
	if iops, throughput := b.settings.Performance(); iops > 0 {
		args.Iops, args.StorageThroughput = pulumi.Int(iops), pulumi.Int(throughput)
	}
	// A snapshot and a backup bring their own key, database and user. Another key or user here would replace the restored database at
	// the next update.
	if b.settings.SnapshotIdentifier != "" {
		args.SnapshotIdentifier = pulumi.String(b.settings.SnapshotIdentifier)
		return
	}
	if b.settings.Restore.On() {
		args.RestoreToPointInTime = restorePoint(b.settings.Restore)
		return
	}
	args.KmsKeyId = component.Optional(b.args.KeyARN)
	args.DbName = pulumi.String(b.settings.Name)
	args.Username = pulumi.String(b.settings.Username)
}

func restorePoint(from Restore) *rds.InstanceRestoreToPointInTimeArgs {
	point := &rds.InstanceRestoreToPointInTimeArgs{}
	if from.BackupARN != "" {
		point.SourceDbInstanceAutomatedBackupsArn = pulumi.String(from.BackupARN)
	} else {
		point.SourceDbiResourceId = pulumi.String(from.ResourceID)
	}
	if from.Time != "" {
		point.RestoreTime = pulumi.String(from.Time)
	} else {
		point.UseLatestRestorableTime = pulumi.Bool(true)
	}
	return point
}

// setAuthentication makes RDS generate the master password and keep it in Secrets Manager: no file, plan or state has it (Amazon RDS
// user guide, "Password management with Amazon RDS and AWS Secrets Manager").
func (b *builder) setAuthentication(args *rds.InstanceArgs) {
	args.ManageMasterUserPassword = pulumi.Bool(true)
	args.MasterUserSecretKmsKeyId = component.Optional(b.args.KeyARN)
	args.IamDatabaseAuthenticationEnabled = pulumi.Bool(true)
}

// setLifecycle sets what happens to the database over time: backups, upgrades and deletion.
func (b *builder) setLifecycle(args *rds.InstanceArgs, subnets *rds.SubnetGroup) {
	args.BackupRetentionPeriod = pulumi.Int(b.settings.BackupDays)
	args.BackupWindow = pulumi.String(b.settings.BackupWindow)
	args.CopyTagsToSnapshot = pulumi.Bool(true)
	args.MaintenanceWindow = pulumi.String(b.settings.MaintenanceWindow)
	args.AutoMinorVersionUpgrade = pulumi.Bool(true)
	if support := b.settings.Engine.LifecycleSupport(b.settings.ExtendedSupport); support != "" {
		args.EngineLifecycleSupport = pulumi.String(support)
	}
	args.AllowMajorVersionUpgrade = pulumi.Bool(b.settings.AllowMajorUpgrade)
	// The parameter group of the old version cannot be deleted before the database has left it.
	args.ApplyImmediately = pulumi.Bool(b.settings.ApplyImmediately || b.settings.AllowMajorUpgrade)
	args.DeletionProtection = pulumi.Bool(b.settings.DeletionProtection)
	args.SkipFinalSnapshot = pulumi.Bool(!b.settings.FinalSnapshot)
	args.DeleteAutomatedBackups = pulumi.Bool(!b.settings.FinalSnapshot)
	if b.settings.FinalSnapshot {
		// The name of the subnet group ends in random characters from Pulumi. Without them, the snapshot of a later stack with
		// this name would fail, because the name is taken.
		args.FinalSnapshotIdentifier = pulumi.Sprintf("%s-final-%s", b.names.database, subnets.Name)
	}
}
