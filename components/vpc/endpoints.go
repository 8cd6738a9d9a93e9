package vpc

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awsvpc "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// gatewayEndpoint keeps traffic to S3, where package repositories live, off the NAT gateways. It is free.
func (b *builder) gatewayEndpoint(subnets map[tier][]subnet) (pulumi.Resource, error) {
	var tables pulumi.StringArray
	for _, tier := range []tier{private, data} {
		for _, each := range subnets[tier] {
			tables = append(tables, each.table.ID())
		}
	}
	return b.endpoint("s3", &ec2.VpcEndpointArgs{
		VpcEndpointType: pulumi.String("Gateway"),
		RouteTableIds:   tables,
	})
}

// interfaceEndpoints gives each service a network interface in these subnets. It returns their security group, nil where there
// are none, and the endpoints.
func (b *builder) interfaceEndpoints(subnets []subnet) (*ec2.SecurityGroup, []pulumi.Resource, error) {
	if len(b.settings.InterfaceEndpoints) == 0 {
		return nil, nil, nil
	}
	group, rules, err := b.endpointSecurityGroup()
	if err != nil {
		return nil, nil, err
	}
	var endpoints []pulumi.Resource
	for _, service := range b.settings.InterfaceEndpoints {
		endpoint, err := b.endpoint(service, &ec2.VpcEndpointArgs{
			VpcEndpointType:   pulumi.String("Interface"),
			PrivateDnsEnabled: pulumi.Bool(true),
			SubnetIds:         ids(subnets),
			// Without a group AWS uses the VPC's default one, which admits nothing here.
			SecurityGroupIds: pulumi.StringArray{group.ID()},
		}, pulumi.DependsOn(rules))
		if err != nil {
			return nil, nil, err
		}
		endpoints = append(endpoints, endpoint)
	}
	return group, endpoints, nil
}

func (b *builder) endpoint(
	service string, args *ec2.VpcEndpointArgs, opts ...pulumi.ResourceOption,
) (*ec2.VpcEndpoint, error) {
	name := b.Name("endpoint", strings.ReplaceAll(service, ".", "-"))
	args.VpcId = b.vpc.ID()
	args.ServiceName = pulumi.String("com.amazonaws." + b.plan[0].Zone.Region + "." + service)
	args.Tags = b.Tags(name)
	endpoint, err := ec2.NewVpcEndpoint(b.ctx, name, args, b.Options(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating endpoint %s: %w", name, err)
	}
	return endpoint, nil
}

// endpointSecurityGroup creates the group of the interface endpoints: HTTPS from private subnets, nothing out.
func (b *builder) endpointSecurityGroup() (*ec2.SecurityGroup, []pulumi.Resource, error) {
	name := b.Name("endpoints")
	group, err := ec2.NewSecurityGroup(b.ctx, name, &ec2.SecurityGroupArgs{
		VpcId:       b.vpc.ID(),
		Description: pulumi.String("Interface endpoints"),
		Tags:        b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating security group %s: %w", name, err)
	}
	var rules []pulumi.Resource
	for _, plan := range b.plan {
		name := b.Name("endpoints-from-private", plan.Zone.Letter)
		rule, err := awsvpc.NewSecurityGroupIngressRule(b.ctx, name, &awsvpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: group.ID(),
			CidrIpv4:        pulumi.String(plan.Private.String()),
			IpProtocol:      pulumi.String("tcp"),
			FromPort:        pulumi.Int(httpsPort),
			ToPort:          pulumi.Int(httpsPort),
			Description:     pulumi.String("AWS APIs for the private subnet of " + plan.Zone.Name),
			Tags:            b.Tags(name),
		}, b.Options()...)
		if err != nil {
			return nil, nil, fmt.Errorf("creating security group rule %s: %w", name, err)
		}
		rules = append(rules, rule)
	}
	return group, rules, nil
}
