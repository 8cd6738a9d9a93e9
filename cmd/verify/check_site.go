package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

const (
	siteRemedy = "if the name is not found, create the DNS records: pulumi stack output dnsRecords; " +
		"if servers answer with errors: docs/runbook.md, load-balancer-errors"
	balancerRemedy = "look at the targets and the listeners of the load balancer: docs/runbook.md, load-balancer-errors"
	directRemedy   = "run pulumi up --refresh with web.ingress: cloudfront, which restores the security groups and the listener: " +
		"requests that bypass CloudFront bypass its firewall too"
)

func siteHealth(_ context.Context, l *live) finding {
	path, err := l.healthPath()
	if err != nil {
		return unanswered(err)
	}
	answered, err := l.health()
	return judgeHealth(l.outputs.URL+path, answered, err, siteRemedy)
}

func loadBalancerHealth(ctx context.Context, l *live) finding {
	if !l.outputs.answersAll() {
		return skip("only CloudFront reaches the load balancer: site-health goes through both")
	}
	path, err := l.healthPath()
	if err != nil {
		return unanswered(err)
	}
	asked := l.outputs.balancerRequest(path)
	answered, err := l.site.get(ctx, asked)
	return judgeHealth(asked.address, answered, err, balancerRemedy)
}

func judgeHealth(address string, answered response, err error, remedy string) finding {
	switch {
	case err != nil:
		return fail(remedy, "%s: %v", address, err)
	case answered.status != http.StatusOK:
		return fail(remedy, "%s answered %d", address, answered.status)
	}
	return pass("%s answered 200", address)
}

// balancerRequest asks the load balancer itself, by its own name.
func (o *outputs) balancerRequest(path string) request {
	address := o.ALBProtocol + "://" + o.ALBDNSName + path
	if o.CDNEnabled {
		// Its certificate is for the name that CloudFront calls it by.
		return request{address: address, trusts: true}
	}
	return request{address: address, host: o.DomainName}
}

func httpRedirects(ctx context.Context, l *live) finding {
	host := hostOf(l.outputs.URL)
	if l.outputs.URL != "https://"+host {
		return skip("the site has no HTTPS: set domain.name")
	}
	const remedy = "run pulumi up --refresh, which restores the listener of port 80 and the viewer protocol policy of CloudFront"
	address := "http://" + host + "/"
	answered, err := l.site.get(ctx, request{address: address})
	if err != nil {
		return fail(siteRemedy, "%s: %v", address, err)
	}
	to, err := url.Parse(answered.location)
	redirects := answered.status >= 300 && answered.status < 400 && err == nil && to.Scheme == "https" && to.Hostname() == host
	if !redirects {
		return fail(remedy, "%s answered %d to %q", address, answered.status, answered.location)
	}
	return pass("%s answered %d to %s", address, answered.status, answered.location)
}

func directAccessRefused(ctx context.Context, l *live) finding {
	switch {
	case l.outputs.Ingress == ingressInternet:
		return skip("web.ingress is internet: the load balancer answers everyone")
	case l.outputs.answersAll():
		return skip("the stack has no CloudFront: the load balancer answers everyone")
	}
	address := l.outputs.balancerRequest("/").address
	// Its certificate is for another name, which does not matter here.
	answered, err := l.site.get(ctx, request{address: address, trusts: true})
	switch {
	case errors.Is(err, errUnreachable):
		// A machine without a way to the internet reaches nothing either.
		if _, err := l.healthPath(); err != nil {
			return unanswered(err)
		}
		if _, err := l.health(); err != nil {
			return skip("this machine reaches neither the load balancer nor the site")
		}
		return pass("%s opens no connection, and the site answers", address)
	case err != nil:
		return fail(directRemedy, "%s: %v", address, err)
	case answered.status != http.StatusForbidden:
		return fail(directRemedy, "%s answered %d", address, answered.status)
	}
	return pass("%s answered 403", address)
}
