package database

import (
	"fmt"

	"ha-web/internal/component"
	"ha-web/internal/parts"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// proxy creates the proxy with its connections to the database. It returns the role by which the proxy reads the secret, too.
func (b *builder) proxy(instance *rds.Instance, secretARN pulumi.StringInput) (*rds.Proxy, *iam.Role, error) {
	role, policy, err := b.proxyRole(secretARN)
	if err != nil {
		return nil, nil, err
	}
	name := b.Name("proxy")
	logs, err := b.logGroup(name, "/aws/rds/proxy/"+b.names.proxy)
	if err != nil {
		return nil, nil, err
	}
	proxy, err := rds.NewProxy(b.ctx, name, &rds.ProxyArgs{
		Name:                pulumi.String(b.names.proxy),
		EngineFamily:        pulumi.String(b.settings.Engine.ProxyFamily()),
		RoleArn:             role.Arn,
		VpcSubnetIds:        b.args.ProxySubnetIDs,
		VpcSecurityGroupIds: pulumi.StringArray{b.args.ProxySecurityGroupID},
		RequireTls:          pulumi.Bool(true),
		Auths: rds.ProxyAuthArray{rds.ProxyAuthArgs{
			AuthScheme:             pulumi.String("SECRETS"),
			SecretArn:              component.Optional(secretARN),
			IamAuth:                pulumi.String("DISABLED"), // clients read the secret
			ClientPasswordAuthType: pulumi.String(b.settings.Engine.ClientAuth()),
		}},
		Tags: b.Tags(name),
	}, b.Options(
		// Without its policy the proxy cannot log in to the database, and creating it would succeed all the same.
		pulumi.DependsOn([]pulumi.Resource{policy, logs}),
		// AWS cannot move a proxy. An additional zone would replace it, and cut every connection.
		pulumi.IgnoreChanges([]string{"vpcSubnetIds"}),
		// Two proxies cannot have the same name, which the log group has too.
		pulumi.DeleteBeforeReplace(true),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "30m", Update: "30m", Delete: "60m"}),
	)...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating database proxy %s: %w", name, err)
	}
	return proxy, role, b.proxyTarget(name, proxy, instance)
}

// proxyTarget configures the connection pool of the proxy, and connects it to the database.
func (b *builder) proxyTarget(name string, proxy *rds.Proxy, instance *rds.Instance) error {
	percent := b.settings.Proxy.MaxConnectionsPercent
	pool := rds.ProxyDefaultTargetGroupConnectionPoolConfigArgs{
		MaxConnectionsPercent:     pulumi.Int(percent),
		MaxIdleConnectionsPercent: pulumi.Int(percent / 2), // AWS's default proportion
		ConnectionBorrowTimeout:   pulumi.Int(b.settings.Proxy.BorrowSeconds),
	}
	if filters := b.settings.Engine.PinningFilters(); len(filters) > 0 {
		pool.SessionPinningFilters = pulumi.ToStringArray(filters)
	}
	group, err := rds.NewProxyDefaultTargetGroup(b.ctx, name, &rds.ProxyDefaultTargetGroupArgs{
		DbProxyName:          proxy.Name,
		ConnectionPoolConfig: pool,
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("configuring pool of database proxy %s: %w", name, err)
	}
	_, err = rds.NewProxyTarget(b.ctx, name, &rds.ProxyTargetArgs{
		DbProxyName:          proxy.Name,
		TargetGroupName:      group.Name,
		DbInstanceIdentifier: instance.Identifier.ToStringPtrOutput(),
	}, b.Options(pulumi.DeleteBeforeReplace(true))...) // a proxy has one database at a time
	if err != nil {
		return fmt.Errorf("connecting database proxy %s: %w", name, err)
	}
	return nil
}

// proxyRole creates the role by which the proxy reads the master secret and nothing else.
func (b *builder) proxyRole(secretARN pulumi.StringInput) (*iam.Role, *iam.RolePolicy, error) {
	name := b.Name("proxy")
	role, err := b.ServiceRole(b.ctx, name, "rds.amazonaws.com", nil)
	if err != nil {
		return nil, nil, err
	}
	policy, err := b.RolePolicy(b.ctx, name, role.Name, parts.ReadSecrets(b.place, b.args.KeyARN, secretARN)...)
	return role, policy, err
}
