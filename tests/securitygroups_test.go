package tests

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"ha-web/components/database"
	"ha-web/components/securitygroups"
	"ha-web/components/vpc"
	"ha-web/internal/awstype"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

// rules returns every rule of a chain as "name: group protocol port peer", sorted.
func rules(got recording) []string {
	var rules []string
	for _, kind := range []string{awstype.VPCSecurityGroupIngressRule, awstype.VPCSecurityGroupEgressRule} {
		for name, each := range got.of(kind) {
			in := each.Inputs
			ports := fmt.Sprint(in["fromPort"])
			if in["toPort"] != in["fromPort"] {
				ports += fmt.Sprint("-", in["toPort"])
			}
			direction := "from"
			if kind == awstype.VPCSecurityGroupEgressRule {
				direction = "to"
			}
			peers := []any{}
			for _, property := range []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"} {
				if in[property] != nil {
					peers = append(peers, id(in[property]))
				}
			}
			rules = append(rules, fmt.Sprintf("%s: %s %s %s %s %v", name, id(in["securityGroupId"]), in["ipProtocol"], ports, direction, peers))
		}
	}
	slices.Sort(rules)
	return rules
}

func TestEachTierAdmitsOnlyTheTierInFrontOfIt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		changes []func(*securitygroups.Args)
		want    []string
	}{
		"by default": {
			nil,
			[]string{
				"sg-alb-from-internet-redirect: sg-alb tcp 80 from [0.0.0.0/0]",
				"sg-alb-from-internet: sg-alb tcp 443 from [0.0.0.0/0]",
				"sg-alb-to-app: sg-alb tcp 8080 to [sg-app]",
				"sg-app-from-alb: sg-app tcp 8080 from [sg-alb]",
				"sg-app-to-db: sg-app tcp 5432 to [sg-db]",
				"sg-app-to-internet: sg-app tcp 443 to [0.0.0.0/0]",
				"sg-db-from-app: sg-db tcp 5432 from [sg-app]",
			},
		},
		"with a proxy, to mysql": {
			[]func(*securitygroups.Args){withProxy, withEndpoints, func(a *securitygroups.Args) {
				a.Web.Port, a.Database.Engine = 9000, database.MySQL
			}},
			[]string{
				"sg-alb-from-internet-redirect: sg-alb tcp 80 from [0.0.0.0/0]",
				"sg-alb-from-internet: sg-alb tcp 443 from [0.0.0.0/0]",
				"sg-alb-to-app: sg-alb tcp 9000 to [sg-app]",
				"sg-app-from-alb: sg-app tcp 9000 from [sg-alb]",
				"sg-app-to-internet: sg-app tcp 443 to [0.0.0.0/0]",
				"sg-app-to-proxy: sg-app tcp 3306 to [sg-proxy]",
				"sg-db-from-proxy: sg-db tcp 3306 from [sg-proxy]",
				"sg-proxy-from-app: sg-proxy tcp 3306 from [sg-app]",
				"sg-proxy-to-db: sg-proxy tcp 3306 to [sg-db]",
				"sg-proxy-to-endpoints: sg-proxy tcp 443 to [endpoints]",
			},
		},
		"with ports of the internet": {
			[]func(*securitygroups.Args){withEgress(vpc.NATSingle, 587, 993)},
			[]string{
				"sg-alb-from-internet-redirect: sg-alb tcp 80 from [0.0.0.0/0]",
				"sg-alb-from-internet: sg-alb tcp 443 from [0.0.0.0/0]",
				"sg-alb-to-app: sg-alb tcp 8080 to [sg-app]",
				"sg-app-from-alb: sg-app tcp 8080 from [sg-alb]",
				"sg-app-to-db: sg-app tcp 5432 to [sg-db]",
				"sg-app-to-internet-587: sg-app tcp 587 to [0.0.0.0/0]",
				"sg-app-to-internet-993: sg-app tcp 993 to [0.0.0.0/0]",
				"sg-app-to-internet: sg-app tcp 443 to [0.0.0.0/0]",
				"sg-db-from-app: sg-db tcp 5432 from [sg-app]",
			},
		},
		"without a certificate": {
			[]func(*securitygroups.Args){plainHTTP},
			[]string{
				"sg-alb-from-internet: sg-alb tcp 80 from [0.0.0.0/0]",
				"sg-alb-to-app: sg-alb tcp 8080 to [sg-app]",
				"sg-app-from-alb: sg-app tcp 8080 from [sg-alb]",
				"sg-app-to-db: sg-app tcp 5432 to [sg-db]",
				"sg-app-to-internet: sg-app tcp 443 to [0.0.0.0/0]",
				"sg-db-from-app: sg-db tcp 5432 from [sg-app]",
			},
		},
		"behind CloudFront": {
			[]func(*securitygroups.Args){behindCloudFront, withEndpoints},
			[]string{
				"sg-alb-cloudfront-from-cloudfront: sg-alb-cloudfront tcp 443 from [com.amazonaws.global.cloudfront.origin-facing]",
				"sg-alb-to-app: sg-alb tcp 8080 to [sg-app]",
				"sg-app-from-alb: sg-app tcp 8080 from [sg-alb]",
				"sg-app-to-db: sg-app tcp 5432 to [sg-db]",
				"sg-app-to-internet: sg-app tcp 443 to [0.0.0.0/0]",
				"sg-db-from-app: sg-db tcp 5432 from [sg-app]",
			},
		},
		"with a proxy, and people past it": {
			[]func(*securitygroups.Args){plainHTTP, withProxy, withOperators},
			[]string{
				"sg-alb-from-internet: sg-alb tcp 80 from [0.0.0.0/0]",
				"sg-alb-to-app: sg-alb tcp 8080 to [sg-app]",
				"sg-app-from-alb: sg-app tcp 8080 from [sg-alb]",
				"sg-app-to-db: sg-app tcp 5432 to [sg-db]",
				"sg-app-to-internet: sg-app tcp 443 to [0.0.0.0/0]",
				"sg-app-to-proxy: sg-app tcp 5432 to [sg-proxy]",
				"sg-db-from-app: sg-db tcp 5432 from [sg-app]",
				"sg-db-from-proxy: sg-db tcp 5432 from [sg-proxy]",
				"sg-proxy-from-app: sg-proxy tcp 5432 from [sg-app]",
				"sg-proxy-to-db: sg-proxy tcp 5432 to [sg-db]",
			},
		},
		"without a proxy, people need no rule of their own": {
			[]func(*securitygroups.Args){plainHTTP, withOperators},
			[]string{
				"sg-alb-from-internet: sg-alb tcp 80 from [0.0.0.0/0]",
				"sg-alb-to-app: sg-alb tcp 8080 to [sg-app]",
				"sg-app-from-alb: sg-app tcp 8080 from [sg-alb]",
				"sg-app-to-db: sg-app tcp 5432 to [sg-db]",
				"sg-app-to-internet: sg-app tcp 443 to [0.0.0.0/0]",
				"sg-db-from-app: sg-db tcp 5432 from [sg-app]",
			},
		},
		"behind CloudFront without a certificate": {
			[]func(*securitygroups.Args){behindCloudFront, plainHTTP, withProxy},
			[]string{
				"sg-alb-cloudfront-from-cloudfront: sg-alb-cloudfront tcp 80 from [com.amazonaws.global.cloudfront.origin-facing]",
				"sg-alb-to-app: sg-alb tcp 8080 to [sg-app]",
				"sg-app-from-alb: sg-app tcp 8080 from [sg-alb]",
				"sg-app-to-internet: sg-app tcp 443 to [0.0.0.0/0]",
				"sg-app-to-proxy: sg-app tcp 5432 to [sg-proxy]",
				"sg-db-from-proxy: sg-db tcp 5432 from [sg-proxy]",
				"sg-proxy-from-app: sg-proxy tcp 5432 from [sg-app]",
				"sg-proxy-to-db: sg-proxy tcp 5432 to [sg-db]",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := record(t, newChain(test.changes...))
			assert.Equal(t, test.want, rules(got))

			for name, rule := range got.of(awstype.VPCSecurityGroupIngressRule) {
				if group := id(rule.Inputs["securityGroupId"]); group != "sg-alb" && group != "sg-alb-cloudfront" {
					assert.NotContains(t, rule.Inputs, "cidrIpv4", "%s: behind the load balancer every source is a group", name)
				}
			}
			for name, rule := range got.of(awstype.VPCSecurityGroupEgressRule) {
				assert.NotEqual(t, "sg-db", id(rule.Inputs["securityGroupId"]), "%s: the database talks to nobody", name)
			}
		})
	}
}

func TestGroupsHaveNoInlineRules(t *testing.T) {
	t.Parallel()
	got := record(t, newChain(behindCloudFront, withProxy))
	assert.Equal(t, []string{"sg-alb", "sg-alb-cloudfront", "sg-app", "sg-db", "sg-proxy"}, got.names(awstype.EC2SecurityGroup))
	for name, description := range map[string]string{
		"sg-alb": "Load balancer", "sg-alb-cloudfront": "Load balancer, from CloudFront", "sg-app": "Application instances",
		"sg-proxy": "Database proxy", "sg-db": "Database",
	} {
		// Another description, or a name, would replace the group.
		assert.Equal(t, map[string]any{
			"vpcId": "vpc_id", "description": description, "tags": map[string]any{"Name": name},
		}, got.one(t, awstype.EC2SecurityGroup, name))
	}
}

func TestCloudFrontsPrefixListHasAGroupToItself(t *testing.T) {
	t.Parallel()
	// It counts as 55 of the 60 rules that a group may have.
	got := record(t, newChain(behindCloudFront))
	var others []string
	for name, rule := range got.of(awstype.VPCSecurityGroupIngressRule) {
		if id(rule.Inputs["securityGroupId"]) == "sg-alb-cloudfront" {
			others = append(others, name)
		}
	}
	assert.Equal(t, []string{"sg-alb-cloudfront-from-cloudfront"}, others)
}

func TestDescriptionsAreWhatAWSAccepts(t *testing.T) {
	t.Parallel()
	// Amazon EC2 API reference, IpRange: up to 255 of these characters.
	accepted := regexp.MustCompile(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)
	for _, program := range []pulumi.RunFunc{
		newChain(withProxy, withEndpoints),
		newChain(plainHTTP, withEgress(vpc.NATPerAZ, 587)),
		newChain(behindCloudFront),
	} {
		got := record(t, program)
		for _, kind := range []string{awstype.EC2SecurityGroup, awstype.VPCSecurityGroupIngressRule, awstype.VPCSecurityGroupEgressRule} {
			for name, each := range got.of(kind) {
				assert.Regexp(t, accepted, each.Inputs["description"], name)
			}
		}
	}
}

func TestChainOutputs(t *testing.T) {
	t.Parallel()
	outputs := func(changes ...func(*securitygroups.Args)) map[string]any {
		return record(t, func(ctx *pulumi.Context) error {
			chain, err := securitygroups.New(ctx, "sg", chainArgs(changes...))
			if err != nil {
				return err
			}
			ctx.Export("alb", chain.ALBSecurityGroupIDs)
			ctx.Export("app", chain.AppSecurityGroupID)
			ctx.Export("db", chain.DatabaseSecurityGroupID)
			if chain.ProxySecurityGroupID != nil {
				ctx.Export("proxy", chain.ProxySecurityGroupID)
			}
			return nil
		}).Outputs
	}
	assert.Equal(t, map[string]any{"alb": []any{"sg-alb_id"}, "app": "sg-app_id", "db": "sg-db_id"}, outputs())
	assert.Equal(t, map[string]any{
		"alb": []any{"sg-alb_id", "sg-alb-cloudfront_id"}, "app": "sg-app_id", "proxy": "sg-proxy_id", "db": "sg-db_id",
	}, outputs(behindCloudFront, withProxy))
}

func TestChainRecordsWhatItsRulesDependOn(t *testing.T) {
	t.Parallel()
	assert.Equal(t, map[string]any{"settings": map[string]any{
		"ingress": "cloudfront", "plainHttp": false, "appPort": 8080.0, "databasePort": 5432.0,
		"proxy": true, "operators": false, "endpoints": false, "signIn": true,
	}}, record(t, newChain(behindCloudFront, withProxy, func(a *securitygroups.Args) {
		a.Access.OIDC.Paths = []string{"/admin/*"}
	})).one(t, securitygroups.Type, "sg"))
}

func TestChainOfDefaultsHasAProxyAndNoSignIn(t *testing.T) {
	t.Parallel()
	got := record(t, func(ctx *pulumi.Context) error {
		_, err := securitygroups.New(ctx, "sg", &securitygroups.Args{VpcID: pulumi.String("vpc_id")})
		return err
	})
	assert.Equal(t, []string{"sg-alb", "sg-app", "sg-db", "sg-proxy"}, got.names(awstype.EC2SecurityGroup))
	assert.NotContains(t, got.names(awstype.VPCSecurityGroupEgressRule), "sg-alb-to-internet")
}

func TestChainArgsFaultsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `security groups sg: VpcID: is required
Web.Ingress: must be internet or cloudfront, got "vpn"
Web.Port: must be between 1024 and 65535, got 80
Database.Engine: must be postgres, mysql or mariadb, got "oracle"
Network.EgressPorts[0]: must not be a port of remote administration, got 22 (SSH): open a session with AWS Systems Manager instead`,
		fault(t, newChain(withEgress(vpc.NATPerAZ, 22), func(a *securitygroups.Args) {
			a.VpcID, a.Web.Ingress, a.Web.Port, a.Database.Engine = nil, "vpn", 80, "oracle"
		})))
	assert.Equal(t, "security groups sg: VpcID: is required", fault(t, func(ctx *pulumi.Context) error {
		_, err := securitygroups.New(ctx, "sg", nil)
		return err
	}))
}
