package securitygroups

import (
	"ha-web/internal/component"
	"ha-web/internal/fields"
	"ha-web/internal/settings/access"
	"ha-web/internal/settings/database"
	"ha-web/internal/settings/network"
	"ha-web/internal/settings/web"
	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args describes a Chain: the settings of the tiers decide which groups there are, and which ports they open.
type Args struct {
	// Web are the settings of the web tier: who reaches the load balancer, and the port of the application. Default nil: those of
	// webtier.Default().
	Web *web.Settings `pulumi:"web,optional"`
	// Database are the settings of the database: its engine, whether there is a proxy, and whether operators reach the database past
	// it. Default nil: those of database.Default().
	Database *database.Settings `pulumi:"database,optional"`
	// Access are the settings of access: whether the load balancer signs people in, and therefore reaches the identity provider.
	// Default nil: those of access.Default().
	Access *access.Settings `pulumi:"access,optional"`
	// Network are the settings of the VPC: further ports of the internet that instances reach. Default nil: none.
	Network *network.Settings `pulumi:"network,optional"`
	// PlainHTTP makes the load balancer listen on port 80, without TLS, instead of 443.
	PlainHTTP bool `pulumi:"plainHttp,optional"`
	// VpcID is the VPC of all groups.
	VpcID pulumi.StringInput `pulumi:"vpcId"`
	// EndpointSecurityGroupID is the group of the VPC's interface endpoints, which the proxy then may reach. Default nil: none.
	EndpointSecurityGroupID pulumi.StringInput `pulumi:"endpointSecurityGroupId,optional"`
	// Shared is what the components of a stack have in common.
	Shared component.Shared `pulumi:"shared,optional"`
}

// facts are what the groups and their rules depend on.
type facts struct {
	Ingress      web.Ingress `pulumi:"ingress"`
	PlainHTTP    bool        `pulumi:"plainHttp"`
	AppPort      int         `pulumi:"appPort"`
	DatabasePort int         `pulumi:"databasePort"`
	Proxy        bool        `pulumi:"proxy"`
	Operators    bool        `pulumi:"operators"`
	Endpoints    bool        `pulumi:"endpoints"`
	SignIn       bool        `pulumi:"signIn"`
	EgressPorts  []int       `pulumi:"egressPorts"`
}

// resolve returns a copy of the arguments with everything that is left out, and what follows from them, or every fault of what the
// rules depend on. The other settings of the tiers are theirs to validate.
func (a Args) resolve() (*Args, *facts, error) {
	servers := component.SettingsOr(a.Web, web.Default).Resolved(0) // in any number of zones
	data := component.SettingsOr(a.Database, database.Default)
	entry := component.SettingsOr(a.Access, access.Default)
	addresses := component.SettingsOr(a.Network, network.Default)
	a.Web, a.Database, a.Access, a.Network = &servers, &data, &entry, &addresses
	var faults validate.Faults
	f := validate.FieldsOf(&faults, &a, fields.ByName)
	f.RequireTagged()
	validate.Choice(f, &servers.Ingress)
	f.Between(&servers.Port, 1024, 65535)
	validate.Choice(f, &data.Engine)
	addresses.ValidateEgressPorts(f)
	return &a, &facts{
		Ingress:      servers.Ingress,
		PlainHTTP:    a.PlainHTTP,
		AppPort:      servers.Port,
		DatabasePort: data.Engine.Port(),
		Proxy:        data.Proxy.Enabled,
		Operators:    data.Operators,
		Endpoints:    a.EndpointSecurityGroupID != nil,
		SignIn:       entry.OIDC.On(),
		EgressPorts:  addresses.EgressPorts,
	}, faults.Err()
}
