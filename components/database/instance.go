package database

import (
	"fmt"

	"ha-web/internal/component"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func (b *builder) subnetGroup() error {
	name := b.Name("db")
	group, err := rds.NewSubnetGroup(b.ctx, name, &rds.SubnetGroupArgs{
		Description: pulumi.String("Data subnets"),
		SubnetIds:   b.args.SubnetIDs,
		Tags:        b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating database subnet group %s: %w", name, err)
	}
	b.subnets = group
	return nil
}

// parameterGroup creates the parameters of the engine. A new major version needs a new group, under a new name, as
// Pulumi gives it, before the old one can go (field note DB-12).
func (b *builder) parameterGroup() error {
	name := b.Name("db")
	var parameters rds.ParameterGroupParameterArray
	for _, each := range b.plan.engine.Parameters(b.args.MaxConnections, b.args.Parameters) {
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
		Family:      pulumi.String(b.plan.engine.Family(b.args.Version)),
		Parameters:  parameters,
		Tags:        b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("creating parameter group %s: %w", name, err)
	}
	b.parameters = group
	return nil
}

func (b *builder) databaseInstance() error {
	groups, err := b.logGroups()
	if err != nil {
		return err
	}
	name := b.Name("db")
	args := &rds.InstanceArgs{
		Identifier:                   pulumi.String(b.plan.identifier),
		Engine:                       pulumi.String(b.args.Engine),
		EngineVersion:                pulumi.String(b.args.Version),
		InstanceClass:                pulumi.String(b.args.InstanceClass),
		MultiAz:                      pulumi.Bool(!b.args.SingleAZ),
		ParameterGroupName:           b.parameters.Name,
		CaCertIdentifier:             pulumi.String("rds-ca-rsa2048-g1"), // or a renewal may change it, and restart (DB-23)
		DbSubnetGroupName:            b.subnets.Name,
		VpcSecurityGroupIds:          pulumi.StringArray{b.args.SecurityGroupID},
		PubliclyAccessible:           pulumi.Bool(false),
		EnabledCloudwatchLogsExports: pulumi.ToStringArray(b.plan.engine.Logs),
		Tags:                         b.Tags(name),
	}
	b.storage(args)
	b.access(args)
	b.care(args)
	dependencies, err := b.insights(args)
	if err != nil {
		return err
	}
	b.instance, err = rds.NewInstance(b.ctx, name, args, b.Options(
		pulumi.DependsOn(append(groups, dependencies...)),
		component.Guard(!b.args.Unprotected),
		// Upgrades and storage changes of a large database take hours, and so does its creation from a snapshot.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "90m", Update: "180m", Delete: "90m"}),
	)...)
	if err != nil {
		return fmt.Errorf("creating database instance %s: %w", name, err)
	}
	return nil
}

func (b *builder) storage(args *rds.InstanceArgs) {
	args.StorageType = pulumi.String("gp3") // the provider's default is gp2 (field note DB-1)
	args.StorageEncrypted = pulumi.Bool(true)
	args.AllocatedStorage = pulumi.Int(b.args.StorageGiB)
	args.MaxAllocatedStorage = pulumi.Int(*b.args.MaxStorageGiB)
	if iops, throughput := b.plan.spec.Performance(); iops > 0 {
		args.Iops, args.StorageThroughput = pulumi.Int(iops), pulumi.Int(throughput)
	}
	if b.args.SnapshotIdentifier != "" {
		// The snapshot brings its key, database and user along. To name another key or user would ask for yet another
		// database (field note DB-14).
		args.SnapshotIdentifier = pulumi.String(b.args.SnapshotIdentifier)
		return
	}
	args.KmsKeyId = component.Optional(b.args.KeyARN)
	args.DbName = pulumi.String(b.args.Name)
	args.Username = pulumi.String(b.args.Username)
}

// access has RDS make up the master password and keep it in Secrets Manager: it is in no file, no plan and no state
// (field note DB-4).
func (b *builder) access(args *rds.InstanceArgs) {
	args.ManageMasterUserPassword = pulumi.Bool(true)
	args.MasterUserSecretKmsKeyId = component.Optional(b.args.KeyARN)
	args.IamDatabaseAuthenticationEnabled = pulumi.Bool(true)
}

// care sets what happens to the database over time: backups, upgrades, and its end.
func (b *builder) care(args *rds.InstanceArgs) {
	args.BackupRetentionPeriod = pulumi.Int(b.args.BackupDays)
	args.BackupWindow = pulumi.String(b.args.BackupWindow)
	args.CopyTagsToSnapshot = pulumi.Bool(true)
	args.MaintenanceWindow = pulumi.String(b.args.MaintenanceWindow)
	args.AutoMinorVersionUpgrade = pulumi.Bool(true)
	args.AllowMajorVersionUpgrade = pulumi.Bool(b.args.AllowMajorUpgrade)
	// The parameter group of the old version cannot go before the database has left it (field note DB-12).
	args.ApplyImmediately = pulumi.Bool(b.args.ApplyImmediately || b.args.AllowMajorUpgrade)
	args.DeletionProtection = pulumi.Bool(!b.args.Unprotected)
	args.SkipFinalSnapshot = pulumi.Bool(b.args.SkipFinalSnapshot)
	args.DeleteAutomatedBackups = pulumi.Bool(b.args.SkipFinalSnapshot)
	if !b.args.SkipFinalSnapshot {
		// Pulumi ends the name of the subnet group in random letters: another stack of this name, later, makes another
		// snapshot (field note DB-13).
		args.FinalSnapshotIdentifier = pulumi.Sprintf("%s-final-%s", b.plan.identifier, b.subnets.Name)
	}
}
