package securitygroups

import (
	"cmp"
	"ha-web/internal/component"

	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Ingress decides who reaches the load balancer.
type Ingress string

const (
	// Internet admits everyone.
	Internet Ingress = "internet"
	// CloudFront admits the servers of CloudFront only. They serve every AWS customer's distributions, so the listener
	// must ask for a header that only one's own distribution sends (field note ALB-8).
	CloudFront Ingress = "cloudfront"
)

// Args describes a Chain.
type Args struct {
	// VpcID is the VPC of all groups. Required.
	VpcID pulumi.StringInput
	// Ingress is who reaches the load balancer. Default Internet.
	Ingress Ingress
	// PlainHTTP says that the load balancer has no certificate and listens on port 80 instead of 443.
	PlainHTTP bool
	// AppPort is the port the application listens on, at least 1024: it runs without privileges. Default 8080.
	AppPort int
	// DatabasePort is the port of the database, and of the proxy where there is one. Default 5432.
	DatabasePort int
	// Proxy puts an RDS proxy between application and database.
	Proxy bool
	// EndpointSecurityGroupID is the group of the VPC's interface endpoints, nil where there are none. The proxy may
	// then reach them.
	EndpointSecurityGroupID pulumi.StringInput
	// SignIn lets the load balancer reach the identity provider at which people sign in.
	SignIn bool
	// Shared is what the components of a stack have in common.
	Shared component.Shared
}

// withDefaults returns a copy of the arguments in which everything left out has its default.
func (a Args) withDefaults() Args {
	a.Ingress = cmp.Or(a.Ingress, Internet)
	a.AppPort = cmp.Or(a.AppPort, 8080)
	a.DatabasePort = cmp.Or(a.DatabasePort, 5432)
	return a
}

func (a Args) validate() error {
	var faults validate.Faults
	faults.Required("VpcID", a.VpcID)
	validate.OneOf(&faults, "Ingress", a.Ingress, Internet, CloudFront)
	faults.Between("AppPort", a.AppPort, 1024, 65535)
	faults.Between("DatabasePort", a.DatabasePort, 1024, 65535)
	return faults.Err()
}

// inputs are the arguments as Pulumi keeps them in the state of the component.
func (a Args) inputs() pulumi.Map {
	inputs := pulumi.Map{
		"vpcId":        a.VpcID,
		"ingress":      pulumi.String(a.Ingress),
		"plainHttp":    pulumi.Bool(a.PlainHTTP),
		"appPort":      pulumi.Int(a.AppPort),
		"databasePort": pulumi.Int(a.DatabasePort),
		"proxy":        pulumi.Bool(a.Proxy),
		"signIn":       pulumi.Bool(a.SignIn),
	}
	if a.EndpointSecurityGroupID != nil {
		inputs["endpointSecurityGroupId"] = a.EndpointSecurityGroupID
	}
	return inputs
}
