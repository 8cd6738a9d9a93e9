package webtier

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// hostedZone finds the zone of the host names.
func (b *builder) hostedZone() error {
	if name := b.args.Certificate.HostedZone; name != "" {
		b.zone = route53.LookupZoneOutput(b.ctx, route53.LookupZoneOutputArgs{Name: pulumi.String(name)}, b.Parent()).ZoneId()
	}
	return nil
}

// certificates sets the certificate of the load balancer: the given one, or one that is made here.
func (b *builder) certificates() error {
	b.certificate = b.args.Certificate.ARN
	if !b.args.Certificate.requested() {
		return nil
	}
	name := b.Name("alb")
	hosts := b.args.Certificate.HostNames
	certificate, err := acm.NewCertificate(b.ctx, name, &acm.CertificateArgs{
		DomainName:              pulumi.String(hosts[0]),
		SubjectAlternativeNames: pulumi.ToStringArray(hosts[1:]),
		ValidationMethod:        pulumi.String("DNS"),
		Tags:                    b.Tags(name),
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("requesting certificate %s: %w", name, err)
	}
	var proofs pulumi.StringArray
	for _, host := range hosts {
		record, err := b.proof(host, certificate)
		if err != nil {
			return err
		}
		if record != nil {
			proofs = append(proofs, record.Fqdn)
		}
	}
	// Not the certificate's own ARN: a load balancer refuses one that is not issued yet (field note ALB-5).
	issued, err := acm.NewCertificateValidation(b.ctx, name, &acm.CertificateValidationArgs{
		CertificateArn:        certificate.Arn,
		ValidationRecordFqdns: proofs,
	}, b.Options()...)
	if err != nil {
		return fmt.Errorf("validating certificate %s: %w", name, err)
	}
	b.certificate = issued.CertificateArn
	return nil
}

// proof creates the record by which ACM sees that a name is ours, unless another name has the same one: that of
// *.example.edu is that of example.edu.
func (b *builder) proof(host string, certificate *acm.Certificate) (*route53.Record, error) {
	bare, wildcard := strings.CutPrefix(host, "*.")
	for _, other := range b.args.Certificate.HostNames {
		if wildcard && other == bare {
			return nil, nil
		}
	}
	option := certificate.DomainValidationOptions.ApplyT(func(
		options []acm.CertificateDomainValidationOption,
	) (acm.CertificateDomainValidationOption, error) {
		for _, each := range options {
			if each.DomainName != nil && *each.DomainName == host {
				return each, nil
			}
		}
		return acm.CertificateDomainValidationOption{}, fmt.Errorf("certificate has no record to validate %s by", host)
	}).(acm.CertificateDomainValidationOptionOutput)
	name := b.Name("validation", bare)
	record, err := route53.NewRecord(b.ctx, name, &route53.RecordArgs{
		ZoneId:  b.zone,
		Name:    option.ResourceRecordName().Elem(),
		Type:    option.ResourceRecordType().Elem(),
		Records: pulumi.StringArray{option.ResourceRecordValue().Elem()},
		Ttl:     pulumi.Int(60),
		// A certificate for this name in another region, such as CloudFront's, has the very same record.
		AllowOverwrite: pulumi.Bool(true),
	}, b.Options()...)
	if err != nil {
		return nil, fmt.Errorf("creating record %s: %w", name, err)
	}
	return record, nil
}

// records leads the host names to the load balancer.
func (b *builder) records() error {
	if b.args.Certificate.HostedZone == "" {
		return nil
	}
	for _, host := range b.args.Certificate.HostNames {
		name := b.Name("record", host)
		_, err := route53.NewRecord(b.ctx, name, &route53.RecordArgs{
			ZoneId: b.zone,
			Name:   pulumi.String(host),
			Type:   pulumi.String("A"),
			Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
				Name:                 b.balancer.DnsName,
				ZoneId:               b.balancer.ZoneId,
				EvaluateTargetHealth: pulumi.Bool(true),
			}},
		}, b.Options()...)
		if err != nil {
			return fmt.Errorf("creating record %s: %w", name, err)
		}
	}
	return nil
}
