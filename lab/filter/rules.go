// Package filter turns the security groups and network ACLs of a plan into rulesets of nftables: groups for the network namespace
// of each machine, ACLs and the ways out of the VPC for the one that routes between them.
//
// Neither filters what AWS does not filter: the VPC's DNS server, instance metadata and the Amazon Time Sync Service (Amazon VPC User
// Guide, "Security group basics" and "Network ACL basics"). Rules for IPv6 are ignored, because the VPC has none.
package filter

import (
	"fmt"
	"net/netip"
	"slices"

	"ha-web/internal/awstype"
)

// Options are what a plan does not say.
type Options struct {
	// PrefixLists are the address ranges of managed prefix lists, by name: com.amazonaws.global.cloudfront.origin-facing.
	PrefixLists map[string][]netip.Prefix
	// Links are addresses that AWS connects by a network of its own, which is no matter of groups or ACLs: a database and its standby.
	Links [][]netip.Addr
}

// Rules are the security groups and network ACLs of a plan.
type Rules struct {
	options  Options
	vpc      netip.Prefix
	groups   map[string]*group
	attached map[string][]string // groups, by the type of the resources that have them
	acls     map[string]*acl
	subnets  []*subnet
}

// Read reads a plan, as plan -format json prints it. What it cannot turn into packet filters is an error.
func Read(text []byte, options Options) (*Rules, error) {
	d, err := parse(text)
	if err != nil {
		return nil, err
	}
	r := &Rules{options: options, groups: map[string]*group{}, attached: map[string][]string{}, acls: map[string]*acl{}}
	for _, read := range []func(*document) error{
		r.readVPC, r.readGroups, r.readGroupRules, r.readAttached, r.readACLs, r.readSubnets, r.readRoutes,
	} {
		if err := read(d); err != nil {
			return nil, fmt.Errorf("reading packet filters of the plan: %w", err)
		}
	}
	return r, nil
}

func (r *Rules) readVPC(d *document) error {
	err := of(d, awstype.EC2VPC, func(_ string, inputs struct{ CidrBlock netip.Prefix }) error {
		if r.vpc.IsValid() {
			return fmt.Errorf("a plan with two VPCs is not supported")
		}
		r.vpc = inputs.CidrBlock
		return nil
	})
	if err == nil && !r.vpc.IsValid() {
		err = fmt.Errorf("the plan has no VPC")
	}
	return err
}

// Resolver returns the address of the VPC's DNS server: the network's own plus two (Amazon VPC User Guide, "Amazon DNS server").
func (r *Rules) Resolver() netip.Addr { return r.vpc.Masked().Addr().Next().Next() }

// readAttached reads which groups the resources have that send and receive packets.
func (r *Rules) readAttached(d *document) error {
	type inputs struct {
		SecurityGroups, SecurityGroupIDs, VpcSecurityGroupIDs []string
		NetworkInterfaces                                     []struct{ SecurityGroups []string }
	}
	for _, token := range []string{
		awstype.LBLoadBalancer, awstype.EC2LaunchTemplate, awstype.RDSInstance, awstype.RDSProxy, awstype.EC2VPCEndpoint,
	} {
		err := of(d, token, func(_ string, in inputs) error {
			ids := slices.Concat(in.SecurityGroups, in.SecurityGroupIDs, in.VpcSecurityGroupIDs)
			for _, each := range in.NetworkInterfaces {
				ids = append(ids, each.SecurityGroups...)
			}
			for _, id := range ids {
				r.attached[token] = append(r.attached[token], d.short(named(id)))
			}
			return nil
		})
		if err != nil {
			return err
		}
		slices.Sort(r.attached[token])
		r.attached[token] = slices.Compact(r.attached[token])
	}
	return nil
}

// On returns the groups on resources of a type, such as those on load balancers: names as Group takes them.
func (r *Rules) On(token string) []string { return r.attached[token] }
