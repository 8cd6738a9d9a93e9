package securitygroups

import (
	"strconv"

	"ha-web/internal/settings/web"
)

// party is one end of a hop; its value names resources.
type party string

// Parties that are groups of the chain.
const (
	alb party = "alb"
	// albFromCloudFront is on the load balancer beside alb. CloudFront's prefix list counts as 55 of the 60 rules that a group
	// may have, so it has a group of its own, with one port (Amazon VPC user guide, "AWS-managed prefix list weight").
	albFromCloudFront party = "alb-cloudfront"
	app               party = "app"
	proxy             party = "proxy"
	db                party = "db"
)

// Parties outside the chain.
const (
	internet   party = "internet"
	cloudFront party = "cloudfront"
	endpoints  party = "endpoints"
)

// groupDescriptions must not change: AWS cannot change the description of a group, so Pulumi would replace it.
var groupDescriptions = map[party]string{
	alb:               "Load balancer",
	albFromCloudFront: "Load balancer, from CloudFront",
	app:               "Application instances",
	proxy:             "Database proxy",
	db:                "Database",
}

// hop lets one party open TCP connections to another. It becomes an egress rule of the party it leaves and an ingress rule of the
// party it reaches, where these are groups of the chain.
type hop struct {
	from, to party
	port     int
	name     string // distinguishes hops between the same two parties
	why      string // description of the rules, in ASCII (Amazon EC2 API reference, IpRange, Description)
}

// groups returns the groups of the chain, front to back.
func (f *facts) groups() []party {
	groups := []party{alb}
	if f.Ingress == web.CloudFront {
		groups = append(groups, albFromCloudFront)
	}
	groups = append(groups, app)
	if f.Proxy {
		groups = append(groups, proxy)
	}
	return append(groups, db)
}

// hops returns who may open connections to whom; nobody else may. Behind the load balancer every source is a group.
func (f *facts) hops() []hop {
	hops := append(f.front(),
		hop{from: alb, to: app, port: f.AppPort, why: "Requests and health checks"},
		hop{from: app, to: internet, port: 443, why: "AWS APIs, package repositories and other services"},
	)
	for _, port := range f.EgressPorts {
		hops = append(hops, hop{from: app, to: internet, port: port, name: strconv.Itoa(port), why: "Set in network.egressPorts"})
	}
	if f.SignIn {
		hops = append(hops, hop{from: alb, to: internet, port: 443, why: "Tokens of the identity provider"})
	}
	if !f.Proxy {
		return append(hops, hop{from: app, to: db, port: f.DatabasePort, why: "Queries"})
	}
	hops = append(hops,
		hop{from: app, to: proxy, port: f.DatabasePort, why: "Queries"},
		hop{from: proxy, to: db, port: f.DatabasePort, why: "Pooled queries"},
	)
	if f.Operators {
		hops = append(hops, hop{from: app, to: db, port: f.DatabasePort, why: "People, past the proxy"})
	}
	if f.Endpoints {
		hops = append(hops, hop{from: proxy, to: endpoints, port: 443, why: "Credentials from Secrets Manager"})
	}
	return hops
}

// front returns the hops to the load balancer.
func (f *facts) front() []hop {
	https := hop{port: 443, why: "HTTPS"}
	if f.PlainHTTP {
		https = hop{port: 80, why: "HTTP, without a certificate"}
	}
	if f.Ingress == web.CloudFront {
		https.from, https.to = cloudFront, albFromCloudFront
		return []hop{https}
	}
	https.from, https.to = internet, alb
	if f.PlainHTTP {
		return []hop{https}
	}
	redirect := hop{from: internet, to: alb, port: 80, name: "redirect", why: "HTTP, answered with a redirect to HTTPS"}
	return []hop{https, redirect}
}
