package database

import (
	"cmp"
	"regexp"

	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/settings/database"
	"ha-web/internal/settings/delivery"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Settings describe the database. They begin as Default.
type (
	Settings = database.Settings
	Proxy    = database.Proxy
	Restore  = database.Restore
	Engine   = database.Engine
)

// The engines.
const (
	Postgres = database.Postgres
	MySQL    = database.MySQL
	MariaDB  = database.MariaDB
)

// Default returns the default settings.
func Default() Settings { return database.Default() }

// Args describes a Database.
type Args struct {
	// Settings describe the database. Default nil: Default().
	Settings *Settings `pulumi:"settings,optional"`
	// SubnetIDs are subnets in at least two zones, without a route out of the VPC.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds"`
	// SecurityGroupID is the security group of the database.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// ProxySubnetIDs are subnets in at least two zones, from which the proxy reaches the database. Required with
	// Settings.Proxy.Enabled. AWS cannot move a proxy: it stays in the subnets in which it was created.
	ProxySubnetIDs pulumi.StringArrayInput `pulumi:"proxySubnetIds,optional"`
	// ProxySecurityGroupID is the security group of the proxy. Required with Settings.Proxy.Enabled.
	ProxySecurityGroupID pulumi.StringInput `pulumi:"proxySecurityGroupId,optional"`
	// KeyARN is the KMS key for storage, password, logs and performance data. Its policy must let RDS, Secrets Manager and
	// CloudWatch Logs use it, as that of Secrets does.
	KeyARN pulumi.StringInput `pulumi:"keyArn"`
	// Replica is a provider for Settings.ReplicaRegion. Required with it.
	Replica pulumi.ProviderResource
	// ParameterPrefix is the path of the SSM parameters that hold the connection details. Default /<component>/<stack>.
	ParameterPrefix string `pulumi:"parameterPrefix,optional"`
	// Shared is what the components of a stack have in common.
	Shared component.Shared `pulumi:"shared,optional"`
}

// names are the names in AWS of the database and the proxy. Their log groups, which are created first, have them too.
type names struct{ database, proxy string }

// nameLimit is the longest name that RDS accepts, less what Settings.Identifier may add (Amazon RDS API reference,
// CreateDBInstance, DBInstanceIdentifier).
const nameLimit = 63 - len("-r00000000")

// resolve returns a copy of the arguments with everything that is left out, and the names in AWS, or every fault of them.
func (a Args) resolve(name, stack string) (*Args, names, error) {
	settings := component.SettingsOr(a.Settings, Default).Resolved()
	a.Settings = &settings
	a.ParameterPrefix = cmp.Or(a.ParameterPrefix, delivery.ParameterPath(name, stack))
	var faults validate.Faults
	f := validate.FieldsOf(&faults, &a, fields.ByName)
	f.RequireTagged()
	if settings.Proxy.Enabled {
		f.Required(&a.ProxySubnetIDs)
		f.Required(&a.ProxySecurityGroupID)
	}
	switch {
	case settings.ReplicaRegion != "" && a.Replica == nil:
		f.Add(&a.Replica, "must be a provider for %s (%s)", f.Name(&settings.ReplicaRegion), settings.ReplicaRegion)
	case settings.ReplicaRegion == "" && a.Replica != nil:
		f.Add(&a.Replica, "must be nil without %s", f.Name(&settings.ReplicaRegion))
	}
	if !parameterPath.MatchString(a.ParameterPrefix) || reservedPath.MatchString(a.ParameterPrefix) {
		f.Add(&a.ParameterPrefix, "must be a path such as /ha-web/prod that does not begin with aws or ssm, got %q", a.ParameterPrefix)
	}
	settings.Validate(f)
	identifier, err := component.PhysicalName(name, stack, "db", nameLimit)
	faults.Check("name", err)
	proxy, _ := component.PhysicalName(name, stack, "", nameLimit) // shorter: the same faults
	return &a, names{settings.Identifier(identifier), proxy}, faults.Err()
}

// AWS Systems Manager API reference, PutParameter, Name.
var (
	parameterPath = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+)+$`)
	reservedPath  = regexp.MustCompile(`(?i)^/(aws|ssm)`)
)
