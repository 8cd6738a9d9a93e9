package parts

import (
	"fmt"
	"slices"
	"strings"

	"ha-web/internal/settings/domain"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Issued is a certificate that AWS takes.
type Issued struct {
	ARN pulumi.StringInput // nil: none
	// Missing are the records that prove it, as lines of a zone file, where someone else has to create them. They have to
	// stay: ACM looks again each year.
	Missing pulumi.StringArray

	zone pulumi.StringInput // id of the hosted zone, nil: none
}

// RequestCertificate returns the certificate: the given one, or one that is made here, once it is issued. The options, such as another
// provider, go to the certificate, and not to the records that prove it.
func (c Children) RequestCertificate(
	ctx *pulumi.Context, role string, args domain.Certificate, opts ...pulumi.ResourceOption,
) (Issued, error) {
	result := Issued{ARN: args.ARN}
	if args.HostedZone != "" {
		result.zone = route53.LookupZoneOutput(ctx, route53.LookupZoneOutputArgs{
			Name: pulumi.String(args.HostedZone),
		}, c.Parent()).ZoneId()
	}
	if args.ARN != nil || !args.TLS() {
		return result, nil
	}
	name := c.Name(role)
	certificate, err := acm.NewCertificate(ctx, name, &acm.CertificateArgs{
		DomainName:              pulumi.String(args.HostNames[0]),
		SubjectAlternativeNames: pulumi.ToStringArray(args.HostNames[1:]),
		ValidationMethod:        pulumi.String("DNS"),
		Tags:                    c.Tags(name),
	}, c.Options(opts...)...)
	if err != nil {
		return Issued{}, fmt.Errorf("requesting certificate %s: %w", name, err)
	}
	var proofs pulumi.StringArray
	for _, host := range args.HostNames {
		bare, wildcard := strings.CutPrefix(host, "*.")
		switch {
		case wildcard && slices.Contains(args.HostNames, bare): // which has the very record
		case result.zone == nil:
			result.Missing = append(result.Missing, askForProof(ctx, host, certificate))
		default:
			record, err := c.prove(ctx, c.Name(role, "validation", bare), result.zone, proof(host, certificate), shared(args)...)
			if err != nil {
				return Issued{}, err
			}
			proofs = append(proofs, record.Fqdn)
		}
	}
	// Not the certificate's own ARN: AWS refuses one that is not issued yet (terraform-provider-aws, aws_acm_certificate_validation).
	issued, err := acm.NewCertificateValidation(ctx, name, &acm.CertificateValidationArgs{
		CertificateArn:        certificate.Arn,
		ValidationRecordFqdns: proofs,
	}, c.Options(opts...)...)
	if err != nil {
		return Issued{}, fmt.Errorf("validating certificate %s: %w", name, err)
	}
	result.ARN = issued.CertificateArn
	return result, nil
}

// proof returns the record by which ACM sees that a name is ours.
func proof(host string, certificate *acm.Certificate) acm.CertificateDomainValidationOptionOutput {
	return certificate.DomainValidationOptions.ApplyT(func(
		options []acm.CertificateDomainValidationOption,
	) (acm.CertificateDomainValidationOption, error) {
		for _, each := range options {
			if each.DomainName != nil && *each.DomainName == host {
				return each, nil
			}
		}
		return acm.CertificateDomainValidationOption{}, fmt.Errorf("certificate has no record to validate %s by", host)
	}).(acm.CertificateDomainValidationOptionOutput)
}

// askForProof returns that record as a line of a zone file, and logs it during the update, which waits for it.
func askForProof(ctx *pulumi.Context, host string, certificate *acm.Certificate) pulumi.StringOutput {
	record := proof(host, certificate)
	return pulumi.Sprintf("%s CNAME %s", record.ResourceRecordName().Elem(), record.ResourceRecordValue().Elem()).
		ApplyT(func(line string) (string, error) {
			return line, ctx.Log.Info("the certificate of "+host+" needs this record: "+line, nil)
		}).(pulumi.StringOutput)
}

// shared returns what becomes of records that the certificate of another stack needs too: they stay when this stack is deleted.
func shared(args domain.Certificate) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.RetainOnDelete(args.Standby || args.OverwriteRecords)}
}

// prove creates that record.
func (c Children) prove(
	ctx *pulumi.Context, name string, zone pulumi.StringInput, proof acm.CertificateDomainValidationOptionOutput,
	opts ...pulumi.ResourceOption,
) (*route53.Record, error) {
	return c.record(ctx, name, &route53.RecordArgs{
		ZoneId:  zone,
		Name:    proof.ResourceRecordName().Elem(),
		Type:    proof.ResourceRecordType().Elem(),
		Records: pulumi.StringArray{proof.ResourceRecordValue().Elem()},
		Ttl:     pulumi.Int(60),
		// A certificate for this name in another region, such as CloudFront's, has the very same record.
		AllowOverwrite: pulumi.Bool(true),
	}, opts...)
}

// Target is what a host name leads to.
type Target struct {
	DNSName, ZoneID pulumi.StringInput
	// IPv6 reports whether it answers there too.
	IPv6 bool
	// CheckHealth takes the name out of DNS while the target is not healthy.
	CheckHealth bool
}

// CreateRecords creates the records in the hosted zone of a certificate, where there is one, that lead the host names to a target.
func (c Children) CreateRecords(ctx *pulumi.Context, role string, args domain.Certificate, issued Issued, to Target) error {
	if issued.zone == nil {
		return nil
	}
	var opts []pulumi.ResourceOption
	if args.OverwriteRecords {
		// Where two stacks have the same names, the record is that of the stack which serves them: one that gives the names up leaves
		// it alone. IgnoreChanges keeps a record that this stack has already from being written once more, which would take it back.
		opts = append(opts, pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{"allowOverwrite"}))
	}
	kinds := []string{"A"}
	if to.IPv6 {
		kinds = append(kinds, "AAAA")
	}
	for _, host := range args.Served() {
		for _, kind := range kinds {
			_, err := c.record(ctx, c.Name(role, strings.ToLower(kind), host), &route53.RecordArgs{
				ZoneId: issued.zone,
				Name:   pulumi.String(host),
				Type:   pulumi.String(kind),
				Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
					Name: to.DNSName, ZoneId: to.ZoneID, EvaluateTargetHealth: pulumi.Bool(to.CheckHealth),
				}},
				AllowOverwrite: overwrite(args),
			}, opts...)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// overwrite returns whether records may exist already, or nil, which means no.
func overwrite(args domain.Certificate) pulumi.BoolPtrInput {
	if !args.OverwriteRecords {
		return nil
	}
	return pulumi.Bool(true)
}

func (c Children) record(ctx *pulumi.Context, name string, args *route53.RecordArgs, opts ...pulumi.ResourceOption) (*route53.Record, error) {
	record, err := route53.NewRecord(ctx, name, args, c.Options(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("creating record %s: %w", name, err)
	}
	return record, nil
}
