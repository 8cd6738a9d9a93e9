package securitygroups

// party is one end of a hop; its value names resources.
type party string

// Parties that are groups of the chain.
const (
	alb party = "alb"
	// albFromCloudFront is on the load balancer beside alb. CloudFront's prefix list counts as 55 of the 60 rules a
	// group may have, so it gets a group, and one port, of its own (field note ALB-8).
	albFromCloudFront party = "alb-cloudfront"
	app               party = "app"
	proxy             party = "proxy"
	database          party = "db"
)

// Parties outside the chain.
const (
	internet   party = "internet"
	cloudFront party = "cloudfront"
	endpoints  party = "endpoints"
)

var groupDescriptions = map[party]string{ // never to change: AWS replaces a group for another description
	alb:               "Load balancer",
	albFromCloudFront: "Load balancer, from CloudFront",
	app:               "Application instances",
	proxy:             "Database proxy",
	database:          "Database",
}

// hop lets one party open TCP connections to another. It becomes an egress rule of the party it leaves and an ingress
// rule of the party it reaches, as far as these are groups of the chain.
type hop struct {
	from, to party
	port     int
	name     string // tells hops between the same two parties apart
	why      string // description of the rules, in ASCII (field note VPC-10)
}

// groups returns the groups of the chain, front to back.
func (a Args) groups() []party {
	groups := []party{alb}
	if a.Ingress == CloudFront {
		groups = append(groups, albFromCloudFront)
	}
	groups = append(groups, app)
	if a.Proxy {
		groups = append(groups, proxy)
	}
	return append(groups, database)
}

// hops returns who may talk to whom, and nothing else may. Behind the load balancer every source is a group.
func (a Args) hops() []hop {
	hops := append(a.front(),
		hop{from: alb, to: app, port: a.AppPort, why: "Requests and health checks"},
		hop{from: app, to: internet, port: 443, why: "AWS APIs, package repositories and other services"},
	)
	if a.SignIn {
		hops = append(hops, hop{from: alb, to: internet, port: 443, why: "Tokens of the identity provider"})
	}
	if !a.Proxy {
		return append(hops, hop{from: app, to: database, port: a.DatabasePort, why: "Queries"})
	}
	hops = append(hops,
		hop{from: app, to: proxy, port: a.DatabasePort, why: "Queries"},
		hop{from: proxy, to: database, port: a.DatabasePort, why: "Pooled queries"},
	)
	if a.EndpointSecurityGroupID != nil {
		hops = append(hops, hop{from: proxy, to: endpoints, port: 443, why: "Credentials from Secrets Manager"})
	}
	return hops
}

// front returns the hops to the load balancer.
func (a Args) front() []hop {
	https := hop{port: 443, why: "HTTPS"}
	if a.PlainHTTP {
		https = hop{port: 80, why: "HTTP, without a certificate"}
	}
	if a.Ingress == CloudFront {
		https.from, https.to = cloudFront, albFromCloudFront
		return []hop{https}
	}
	https.from, https.to = internet, alb
	if a.PlainHTTP {
		return []hop{https}
	}
	redirect := hop{from: internet, to: alb, port: 80, name: "redirect", why: "HTTP, answered with a redirect to HTTPS"}
	return []hop{https, redirect}
}
