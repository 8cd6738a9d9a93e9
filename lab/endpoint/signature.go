package endpoint

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	timeFormat     = "20060102T150405Z"
	tokenHeader    = "X-Amz-Security-Token"
	dateHeader     = "X-Amz-Date"
	hashHeader     = "X-Amz-Content-Sha256"
	unsignedBody   = "UNSIGNED-PAYLOAD"
	streamedPrefix = "STREAMING-"
)

// maxSkew is how far the clock of a client may be off (IAM user guide, "Troubleshoot Signature Version 4 signing for AWS API
// requests"). Amazon S3 allows more.
const (
	maxSkew   = 5 * time.Minute
	maxSkewS3 = 15 * time.Minute
)

// authorization is what the header of this name says.
type authorization struct {
	key, date, region, service string
	signed                     []string // names of headers
	signature                  string
}

var authorizations = regexp.MustCompile(
	`^AWS4-HMAC-SHA256 +Credential=([^/, ]+)/(\d{8})/([^/, ]+)/([^/, ]+)/aws4_request, *SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})$`)

func parseAuthorization(header string) (authorization, bool) {
	parts := authorizations.FindStringSubmatch(header)
	if parts == nil {
		return authorization{}, false
	}
	return authorization{parts[1], parts[2], parts[3], parts[4], strings.Split(parts[5], ";"), parts[6]}, true
}

// verify returns why a request is refused, or nil. The order of the checks is AWS's, as far as it shows: who, then when, then what.
func (e *Endpoint) verify(r *http.Request, body []byte) *refusal {
	header := r.Header.Get("Authorization")
	if header == "" {
		return &refusal{missingAuthentication, "Missing Authentication Token"}
	}
	given, complete := parseAuthorization(header)
	if !complete {
		return &refusal{incompleteSignature, "Authorization header is not one of Signature Version 4: " + strings.Fields(header)[0]}
	}
	known, found := e.settings.Keys.find(given.key)
	if !found || !hmac.Equal([]byte(known.token), []byte(r.Header.Get(tokenHeader))) {
		return &refusal{unknownKey, "The security token included in the request is invalid."}
	}
	now := e.now()
	if !known.expires.IsZero() && !now.Before(known.expires) {
		return &refusal{expiredToken, "The security token included in the request is expired"}
	}
	signed, err := time.Parse(timeFormat, r.Header.Get(dateHeader))
	if err != nil {
		return &refusal{incompleteSignature, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."}
	}
	if signed.Format("20060102") != given.date {
		return &refusal{badSignature, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"}
	}
	if refused := e.checkTime(given.service, signed, now); refused != nil {
		return refused
	}
	if refused := e.checkScope(r.Host, given); refused != nil {
		return refused
	}
	return checkSignature(r, body, given, known, signed)
}

func (e *Endpoint) checkTime(service string, signed, now time.Time) *refusal {
	limit, code := maxSkew, badSignature
	if service == "s3" {
		limit, code = maxSkewS3, tooSkewed
	}
	format := func(t time.Time) string { return t.UTC().Format(timeFormat) }
	if earliest := now.Add(-limit); signed.Before(earliest) {
		return &refusal{code, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %d min.)",
			format(signed), format(earliest), format(now), int(limit.Minutes()))}
	}
	if latest := now.Add(limit); signed.After(latest) {
		return &refusal{code, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %d min.)",
			format(signed), format(latest), format(now), int(limit.Minutes()))}
	}
	return nil
}

// checkScope holds what a request is signed for against the host that it was sent to: SERVICE.REGION.amazonaws.com, a name with
// more before the service, or SERVICE.amazonaws.com, which is in us-east-1.
func (e *Endpoint) checkScope(host string, given authorization) *refusal {
	region, labels := e.settings.Region, strings.Split(strings.TrimSuffix(host, ".amazonaws.com"), ".")
	if labels[len(labels)-1] == given.service {
		region = "us-east-1"
	}
	if given.region != region {
		return &refusal{badSignature, fmt.Sprintf("Credential should be scoped to a valid region, not '%s'.", given.region)}
	}
	if !slices.Contains(labels, given.service) {
		return &refusal{badSignature, fmt.Sprintf("Credential should be scoped to correct service: '%s'.", labels[0])}
	}
	return nil
}

// checkSignature signs the request again, with the headers that were signed, and compares.
func checkSignature(r *http.Request, body []byte, given authorization, known knownKey, at time.Time) *refusal {
	mismatch := &refusal{badSignature, "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if given.service == "s3" {
		switch claimed := r.Header.Get(hashHeader); {
		case claimed == unsignedBody, strings.HasPrefix(claimed, streamedPrefix):
			hash = claimed
		case claimed != hash:
			return &refusal{badBody, "The provided 'x-amz-content-sha256' header does not match what was computed."}
		}
	}
	again := &http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: http.Header{}}
	for _, name := range given.signed {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	err := v4.NewSigner().SignHTTP(r.Context(),
		aws.Credentials{AccessKeyID: given.key, SecretAccessKey: known.secret, SessionToken: known.token},
		again, hash, given.service, given.region, at,
		func(o *v4.SignerOptions) { o.DisableURIPathEscaping = given.service == "s3" })
	if err != nil {
		return mismatch
	}
	computed, _ := parseAuthorization(again.Header.Get("Authorization"))
	if !hmac.Equal([]byte(computed.signature), []byte(given.signature)) || !bytes.Equal(sortedNames(computed), sortedNames(given)) {
		return mismatch
	}
	return nil
}

func sortedNames(a authorization) []byte {
	return []byte(strings.Join(slices.Sorted(slices.Values(a.signed)), ";"))
}
