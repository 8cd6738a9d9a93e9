// Package database provides a relational database in Amazon RDS that survives the loss of a zone, has a password that
// nobody and no file knows, and takes a growing fleet without running out of connections.
//
// RDS makes up the master password, keeps it in Secrets Manager and changes it there and in the database, on a schedule
// and without a function of anyone's. What connects reads the secret named by SecretARN, each time a connection is
// refused: a password that was read once is a wrong one some day (document 002).
package database

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the type token of a Database.
const Type = "ha-web:index:Database"

// Database is an RDS instance with its parameter group, password, logs and, if asked for, proxy.
//
// An application needs none of these outputs to start: it finds endpoint, port, name and secret in the SSM parameters
// under ParameterPrefix, which is known before the database exists. What depends on another output waits for the
// database, a quarter of an hour.
type Database struct {
	pulumi.ResourceState

	// Endpoint is the host to connect to: the proxy's, where there is one.
	Endpoint pulumi.StringOutput `pulumi:"endpoint"`
	// SecretARN is the secret with the username and password.
	SecretARN pulumi.StringOutput `pulumi:"secretArn"`
	// ParameterPrefix is the path of the SSM parameters.
	ParameterPrefix pulumi.StringOutput `pulumi:"parameterPrefix"`
	// Identifier and ParameterGroupName are what alarms and events know the instance by.
	Identifier         pulumi.StringOutput `pulumi:"identifier"`
	ParameterGroupName pulumi.StringOutput `pulumi:"parameterGroupName"`

	// ProxyName is what alarms know the proxy by, nil where there is none.
	ProxyName pulumi.StringInput
	// SecretReaders are the names of roles of this component that read the secret: that of the proxy.
	SecretReaders pulumi.StringArray
}

// New creates a Database. It returns every fault of args at once, before it registers anything.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Database, error) {
	if args == nil {
		args = &Args{}
	}
	settings := args.withDefaults(name, ctx.Stack())
	plan, err := settings.plan(name, ctx.Stack())
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", name, err)
	}
	database := &Database{}
	if err := ctx.RegisterComponentResourceV2(Type, name, settings.inputs(), database, opts...); err != nil {
		return nil, fmt.Errorf("registering database %s: %w", name, err)
	}
	build := &builder{
		Children: parts.ChildrenOf(database, name, settings.Shared),
		ctx:      ctx,
		args:     settings,
		plan:     plan,
	}
	build.place = build.Place(ctx)
	if err := build.all(); err != nil {
		return nil, err
	}

	database.Endpoint = build.endpoint
	database.SecretARN = build.secretARN
	database.ParameterPrefix = pulumi.String(settings.ParameterPrefix).ToStringOutput()
	database.Identifier = build.instance.Identifier
	database.ParameterGroupName = build.parameters.Name
	outputs := pulumi.Map{
		"endpoint":           database.Endpoint,
		"secretArn":          database.SecretARN,
		"parameterPrefix":    database.ParameterPrefix,
		"identifier":         database.Identifier,
		"parameterGroupName": database.ParameterGroupName,
	}
	if build.proxy != nil {
		database.ProxyName = build.proxy.Name
		database.SecretReaders = pulumi.StringArray{build.reader.Name}
		outputs["proxyName"] = database.ProxyName
	}
	return database, ctx.RegisterResourceOutputs(database, outputs)
}

// builder holds what the steps of building a Database hand to one another.
type builder struct {
	parts.Children
	ctx   *pulumi.Context
	args  Args
	plan  plan
	place parts.Place

	subnets    *rds.SubnetGroup
	parameters *rds.ParameterGroup
	instance   *rds.Instance
	secretARN  pulumi.StringOutput
	proxy      *rds.Proxy
	reader     *iam.Role // of the proxy
	endpoint   pulumi.StringOutput
}

func (b *builder) all() error {
	for _, step := range []func() error{
		b.subnetGroup, b.parameterGroup, b.databaseInstance, b.masterSecret, b.databaseProxy, b.connectionParameters,
		b.backupReplica,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
