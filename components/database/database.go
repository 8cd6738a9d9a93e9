// Package database provides a relational database in Amazon RDS that survives the loss of a zone, has a password that nobody knows
// and no file holds, and serves a growing fleet without running out of connections.
//
// RDS generates the master password, keeps it in Secrets Manager, and rotates it there and in the database on a schedule. Clients
// read the secret named by SecretARN whenever the database refuses their password: one that was read only once is wrong after the
// next rotation.
package database

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of a Database.
const Type = "ha-web:index:Database"

// Database is an RDS database instance with its parameter group, password and logs and, unless its settings turn it off, a proxy.
//
// An application needs none of these outputs to start: it finds endpoint, port, name and secret in the SSM parameters under
// ParameterPrefix, which is known before the database exists. Whatever depends on another output waits for the database, about a
// quarter of an hour.
type Database struct {
	pulumi.ResourceState

	// Endpoint is the host to connect to: that of the proxy, where there is one.
	Endpoint pulumi.StringOutput `pulumi:"endpoint"`
	// InstanceEndpoint is the host of the database instance itself, past the proxy.
	InstanceEndpoint pulumi.StringOutput `pulumi:"instanceEndpoint"`
	// ResourceID identifies the database instance and its automated backups, even after it was deleted.
	ResourceID pulumi.StringOutput `pulumi:"resourceId"`
	// SecretARN is the secret with the username and password.
	SecretARN pulumi.StringOutput `pulumi:"secretArn"`
	// ParameterPrefix is the path of the SSM parameters.
	ParameterPrefix pulumi.StringOutput `pulumi:"parameterPrefix"`
	// Identifier and ParameterGroupName identify the database instance in alarms and events.
	Identifier         pulumi.StringOutput `pulumi:"identifier"`
	ParameterGroupName pulumi.StringOutput `pulumi:"parameterGroupName"`
	// BackupARN is the copy of the automated backups in a second region. Empty without one.
	BackupARN pulumi.StringOutput `pulumi:"backupArn"`
	// AllocatedGiB is the storage of the database instance as of the last update or refresh: RDS storage autoscaling adds to it.
	AllocatedGiB pulumi.IntOutput `pulumi:"allocatedGib"`
	// ProxyName identifies the proxy in alarms, nil where there is none.
	ProxyName pulumi.StringInput `pulumi:"proxyName"`
	// SecretReaders are the names of roles of this component that read the secret: that of the proxy.
	SecretReaders pulumi.StringArray `pulumi:"secretReaders"`
}

// New creates a Database. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Database, error) {
	args, names, err := component.ArgsOr(args).resolve(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", name, err)
	}
	database := &Database{}
	if err := component.Register(ctx, Type, name, args.Settings, database, opts...); err != nil {
		return nil, err
	}
	build := &builder{
		Children: parts.ChildrenOf(database, name, args.Shared),
		ctx:      ctx,
		args:     args,
		settings: args.Settings,
		names:    names,
	}
	build.place = build.Place(ctx)
	if err := build.all(database); err != nil {
		return nil, err
	}
	return database, component.RegisterOutputs(ctx, database)
}

// builder creates the children of a Database. Its steps get what they need from others, and return what they make.
type builder struct {
	parts.Children
	ctx      *pulumi.Context
	args     *Args
	settings *Settings
	names    names
	place    parts.Place
}

// all creates everything, and sets the outputs of the Database.
func (b *builder) all(database *Database) error {
	subnets, err := b.subnetGroup()
	if err != nil {
		return err
	}
	parameters, err := b.parameterGroup()
	if err != nil {
		return err
	}
	instance, err := b.instance(subnets, parameters)
	if err != nil {
		return err
	}
	secretARN, err := b.masterSecret(instance)
	if err != nil {
		return err
	}
	database.Endpoint, database.InstanceEndpoint, database.ResourceID = instance.Address, instance.Address, instance.ResourceId
	if b.settings.Proxy.Enabled {
		proxy, role, err := b.proxy(instance, secretARN)
		if err != nil {
			return err
		}
		database.Endpoint = proxy.Endpoint
		database.ProxyName = proxy.Name
		database.SecretReaders = pulumi.StringArray{role.Name}
	}
	if err := b.connectionParameters(database.Endpoint, secretARN); err != nil {
		return err
	}
	if database.BackupARN, err = b.backupReplica(instance); err != nil {
		return err
	}
	database.SecretARN = secretARN
	database.ParameterPrefix = pulumi.String(b.args.ParameterPrefix).ToStringOutput()
	database.Identifier = instance.Identifier
	database.AllocatedGiB = instance.AllocatedStorage
	database.ParameterGroupName = parameters.Name
	return nil
}
