package endpoint

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
)

// refusal is why a request does not reach the emulator.
type refusal struct {
	fault   fault
	message string
}

// fault is an error that services call differently, by the protocol that they speak.
type fault int

const (
	missingAuthentication fault = iota
	incompleteSignature
	unknownKey
	expiredToken
	badSignature
	tooSkewed // of Amazon S3
	badBody   // of Amazon S3
	noSuchOperation
)

// protocol is how a service answers.
type protocol int

const (
	jsonProtocol  protocol = iota // awsJson 1.0 and 1.1, restJson
	queryProtocol                 // Action=... in a form: CloudFormation, CloudWatch, IAM, RDS, STS and others
	ec2Protocol                   // the same, with other errors
	s3Protocol
)

type code struct {
	name   string
	status int
}

// codes are those of "Common Errors" in the API references of AWS Systems Manager (JSON) and AWS STS (query), and of "Error codes"
// in the ones of Amazon EC2 and Amazon S3.
var codes = map[protocol]map[fault]code{
	jsonProtocol: {
		missingAuthentication: {"MissingAuthenticationTokenException", 400},
		incompleteSignature:   {"IncompleteSignatureException", 400},
		unknownKey:            {"UnrecognizedClientException", 400},
		expiredToken:          {"ExpiredTokenException", 400},
		badSignature:          {"InvalidSignatureException", 400},
		noSuchOperation:       {"UnknownOperationException", 404},
	},
	queryProtocol: {
		missingAuthentication: {"MissingAuthenticationToken", 403},
		incompleteSignature:   {"IncompleteSignature", 403},
		unknownKey:            {"InvalidClientTokenId", 403},
		expiredToken:          {"ExpiredToken", 403},
		badSignature:          {"SignatureDoesNotMatch", 403},
		noSuchOperation:       {"InvalidAction", 404},
	},
	ec2Protocol: {
		missingAuthentication: {"MissingAuthenticationToken", 403},
		incompleteSignature:   {"IncompleteSignature", 403},
		unknownKey:            {"AuthFailure", 401},
		expiredToken:          {"RequestExpired", 400},
		badSignature:          {"AuthFailure", 401},
		noSuchOperation:       {"InvalidAction", 404},
	},
	s3Protocol: {
		missingAuthentication: {"AccessDenied", 403},
		incompleteSignature:   {"AuthorizationHeaderMalformed", 400},
		unknownKey:            {"InvalidAccessKeyId", 403},
		expiredToken:          {"ExpiredToken", 400},
		badSignature:          {"SignatureDoesNotMatch", 403},
		tooSkewed:             {"RequestTimeTooSkewed", 403},
		badBody:               {"XAmzContentSHA256Mismatch", 400},
		noSuchOperation:       {"NoSuchKey", 404},
	},
}

func (r *refusal) code(spoken protocol) code { return codes[spoken][r.fault] }

func (r *refusal) write(w http.ResponseWriter, spoken protocol) {
	code := r.code(spoken)
	w.Header().Set("X-Amzn-Requestid", "lab")
	if spoken == jsonProtocol {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-Errortype", code.name)
		w.WriteHeader(code.status)
		json.NewEncoder(w).Encode(map[string]string{"__type": code.name, "message": r.message})
		return
	}
	shape := map[protocol]string{
		queryProtocol: "<ErrorResponse><Error><Type>Sender</Type>%s</Error><RequestId>lab</RequestId></ErrorResponse>",
		ec2Protocol:   "<Response><Errors><Error>%s</Error></Errors><RequestID>lab</RequestID></Response>",
		s3Protocol:    "<Error>%s<RequestId>lab</RequestId></Error>",
	}[spoken]
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(code.status)
	io.WriteString(w, xml.Header)
	fmt.Fprintf(w, shape, "<Code>"+code.name+"</Code><Message>"+escaped(r.message)+"</Message>")
}

func escaped(text string) string {
	var w xmlText
	xml.EscapeText(&w, []byte(text)) // never fails
	return string(w)
}

type xmlText []byte

func (t *xmlText) Write(p []byte) (int, error) { *t = append(*t, p...); return len(p), nil }
