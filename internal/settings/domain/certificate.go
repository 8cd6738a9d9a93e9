package domain

import (
	"slices"
	"strings"

	"ha-web/internal/validate"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Certificate describes the host names of an endpoint, such as a load balancer, and where its certificate comes from: ARN or,
// without one, a request to ACM for HostNames.
type Certificate struct {
	// ARN of an issued certificate in ACM, in the region of the endpoint.
	ARN pulumi.StringInput `pulumi:"arn,optional"`
	// HostNames are the names that resolve to the endpoint.
	HostNames []string `pulumi:"hostNames,optional"`
	// HostedZone is the public hosted zone in Route 53 that holds all of HostNames. Without it someone else creates their
	// records, and an update waits, 75 minutes at most, for those that validate a certificate.
	HostedZone string `pulumi:"hostedZone,optional"`
	// Standby reports that another endpoint has HostNames: this one has a certificate for them, and waits.
	Standby bool `pulumi:"standby,optional"`
	// OverwriteRecords takes over records of HostNames that exist, and leaves them in the hosted zone when they are given up.
	OverwriteRecords bool `pulumi:"overwriteRecords,optional"`
}

// Served returns the host names that the endpoint answers to.
func (c *Certificate) Served() []string {
	if c.Standby {
		return nil
	}
	return c.HostNames
}

// TLS reports whether there is a certificate.
func (c *Certificate) TLS() bool { return c.ARN != nil || len(c.HostNames) > 0 }

// Validate records what is wrong with the host names.
func (c *Certificate) Validate(f validate.Fields) {
	if c.HostedZone != "" && len(c.HostNames) == 0 {
		f.Add(&c.HostNames, "must have at least one name with %s", f.Name(&c.HostedZone))
	}
	for i, host := range c.HostNames {
		if c.HostedZone != "" && host != c.HostedZone && !strings.HasSuffix(host, "."+c.HostedZone) {
			f.Add(&c.HostNames[i], "must be in %s (%s), got %q", f.Name(&c.HostedZone), c.HostedZone, host)
		}
		if slices.Contains(c.HostNames[:i], host) {
			f.Add(&c.HostNames[i], "%s is listed twice", host)
		}
	}
}

// HostName returns the name to reach the endpoint by: the first of those that it serves or, without any, its own.
func (c *Certificate) HostName(own pulumi.StringOutput) pulumi.StringOutput {
	served := c.Served()
	if len(served) == 0 {
		return own
	}
	return pulumi.String(served[0]).ToStringOutput()
}

// MissingRecords returns the records that someone has to create so that the host names resolve to a target, as lines of a zone
// file. With a HostedZone there are none.
func (c *Certificate) MissingRecords(target pulumi.StringInput) pulumi.StringArray {
	lines := pulumi.StringArray{}
	for _, host := range c.Served() {
		if c.HostedZone == "" {
			lines = append(lines, pulumi.Sprintf("%s. CNAME %s.", host, target))
		}
	}
	return lines
}
