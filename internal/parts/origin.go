package parts

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Origin is a load balancer behind CloudFront.
type Origin struct {
	// Host is its name in DNS, which its certificate covers.
	Host pulumi.StringInput `pulumi:"host"`
	// PlainHTTP reports that it has no certificate.
	PlainHTTP bool `pulumi:"plainHttp,optional"`
	// HeaderName and HeaderValues, which are secrets, are the header by which it knows its distribution. The first value is the one
	// to send; it accepts the others too. Empty where it answers everyone.
	HeaderName   string             `pulumi:"headerName,optional"`
	HeaderValues pulumi.StringArray `pulumi:"headerValues,optional"`
}
