package database

import (
	"fmt"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// databaseProxy creates the proxy, if there is to be one, and sets where clients connect to.
func (b *builder) databaseProxy() error {
	b.endpoint = b.instance.Address
	if !b.args.Proxy.Enabled {
		return nil
	}
	policy, err := b.proxyRole()
	if err != nil {
		return err
	}
	name := b.Name("proxy")
	logs, err := b.logGroup(name, "/aws/rds/proxy/"+b.plan.proxy)
	if err != nil {
		return err
	}
	b.proxy, err = rds.NewProxy(b.ctx, name, &rds.ProxyArgs{
		Name:                pulumi.String(b.plan.proxy),
		EngineFamily:        pulumi.String(b.plan.engine.ProxyFamily),
		RoleArn:             b.reader.Arn,
		VpcSubnetIds:        b.args.Proxy.SubnetIDs,
		VpcSecurityGroupIds: pulumi.StringArray{b.args.Proxy.SecurityGroupID},
		RequireTls:          pulumi.Bool(true),
		Auths: rds.ProxyAuthArray{rds.ProxyAuthArgs{
			AuthScheme:             pulumi.String("SECRETS"),
			SecretArn:              b.secretARN,
			IamAuth:                pulumi.String("DISABLED"), // clients read the secret
			ClientPasswordAuthType: pulumi.String(b.plan.engine.ClientAuth),
		}},
		Tags: b.Tags(name),
	}, b.Options(
		// Without its policy the proxy cannot log in, and nothing would say so (field note DB-6).
		pulumi.DependsOn([]pulumi.Resource{policy, logs}),
		// AWS cannot move a proxy. A zone more would replace it, and cut every connection, for a shorter way at best.
		pulumi.IgnoreChanges([]string{"vpcSubnetIds"}),
		// Two proxies cannot share a name, which the log group has too.
		pulumi.DeleteBeforeReplace(true),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "30m", Update: "30m", Delete: "60m"}),
	)...)
	if err != nil {
		return fmt.Errorf("creating database proxy %s: %w", name, err)
	}
	b.endpoint = b.proxy.Endpoint
	return b.proxyTarget(name)
}

// proxyTarget gives the proxy its pool of connections, and the database that they lead to.
func (b *builder) proxyTarget(name string) error {
	pool := rds.ProxyDefaultTargetGroupConnectionPoolConfigArgs{
		MaxConnectionsPercent:     pulumi.Int(b.args.Proxy.MaxConnectionsPercent),
		MaxIdleConnectionsPercent: pulumi.Int(b.args.Proxy.MaxConnectionsPercent / 2), // AWS's own proportion
		ConnectionBorrowTimeout:   pulumi.Int(b.args.Proxy.BorrowSeconds),
	}
	if filters := b.plan.engine.PinningFilters; len(filters) > 0 {
		pool.SessionPinningFilters = pulumi.ToStringArray(filters)
	}
	group, err := rds.NewProxyDefaultTargetGroup(b.ctx, name, &rds.ProxyDefaultTargetGroupArgs{
		DbProxyName:          b.proxy.Name,
		ConnectionPoolConfig: pool,
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("configuring pool of database proxy %s: %w", name, err)
	}
	_, err = rds.NewProxyTarget(b.ctx, name, &rds.ProxyTargetArgs{
		DbProxyName:          b.proxy.Name,
		TargetGroupName:      group.Name,
		DbInstanceIdentifier: b.instance.Identifier.ToStringPtrOutput(),
	}, b.Options(pulumi.DeleteBeforeReplace(true))...) // a proxy takes one database at a time
	if err != nil {
		return fmt.Errorf("connecting database proxy %s: %w", name, err)
	}
	return nil
}

// proxyRole creates the role by which the proxy reads the master secret and nothing else.
func (b *builder) proxyRole() (policy *iam.RolePolicy, err error) {
	name := b.Name("proxy")
	if b.reader, err = b.ServiceRole(b.ctx, name, "rds.amazonaws.com", nil); err != nil {
		return nil, err
	}
	return b.RolePolicy(b.ctx, name, b.reader.Name, parts.ReadSecrets(b.place, b.args.KeyARN, b.secretARN)...)
}
