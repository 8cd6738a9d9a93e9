package endpoint

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrics "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
)

const region = "eu-central-1"

// emulator answers everything with what its protocol takes for success, and keeps what it was asked.
type emulator struct {
	mutex sync.Mutex
	asked []string
}

func (e *emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mutex.Lock()
	e.asked = append(e.asked, r.Method+" "+r.Host+r.URL.Path+" "+string(body))
	e.mutex.Unlock()
	if r.Header.Get("X-Amz-Target") != "" {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		io.WriteString(w, "{}")
		return
	}
	form, _ := url.ParseQuery(string(body))
	if action := form.Get("Action"); action != "" {
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult></%[1]sResult></%[1]sResponse>", action)
	}
}

func (e *emulator) requests() []string {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.asked
}

// bench is an endpoint before an emulator, and a client of it.
type bench struct {
	*Endpoint
	emulator emulator
	keys     Keys
	client   *http.Client
	tamper   func(*http.Request) // after it was signed
}

func (b *bench) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.tamper != nil {
		b.tamper(r)
	}
	return b.client.Transport.RoundTrip(r)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{}
	server := httptest.NewServer(&b.emulator)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	authority, err := NewAuthority()
	require.NoError(t, err)
	certificate, err := authority.Certificate("*."+region+".amazonaws.com", "*.amazonaws.com", "*.s3."+region+".amazonaws.com")
	require.NoError(t, err)
	b.Endpoint = New(Settings{Region: region, Emulator: address, Certificate: certificate, Keys: &b.keys})
	on, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(on) }()
	t.Cleanup(func() {
		require.NoError(t, b.Close())
		require.NoError(t, <-ended)
	})
	b.client = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, on.Addr().String())
		},
		TLSClientConfig:   &tls.Config{RootCAs: authority.Pool()},
		ForceAttemptHTTP2: true,
	}}
	t.Cleanup(b.client.CloseIdleConnections)
	b.keys.Add("ASIAROLE", "secret", "token", time.Now().Add(time.Hour))
	b.keys.Add("AKIAUSER", "secret", "", time.Time{})
	return b
}

// calls are of each protocol.
var calls = map[string]func(context.Context, aws.Config) error{
	"ssm GetParameter": func(ctx context.Context, c aws.Config) error {
		_, err := ssm.NewFromConfig(c).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/app/database")})
		return err
	},
	"secretsmanager GetSecretValue": func(ctx context.Context, c aws.Config) error {
		_, err := secretsmanager.NewFromConfig(c).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("app")})
		return err
	},
	"logs PutLogEvents": func(ctx context.Context, c aws.Config) error {
		_, err := cloudwatchlogs.NewFromConfig(c).PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
			LogGroupName: aws.String("app"), LogStreamName: aws.String("i-1"),
			LogEvents: []logs.InputLogEvent{{Message: aws.String("hello"), Timestamp: aws.Int64(1)}},
		})
		return err
	},
	"sts GetCallerIdentity": func(ctx context.Context, c aws.Config) error {
		_, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		return err
	},
	"monitoring PutMetricData": func(ctx context.Context, c aws.Config) error {
		_, err := cloudwatch.NewFromConfig(c).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
			Namespace: aws.String("App"), MetricData: []metrics.MetricDatum{{MetricName: aws.String("Healthy"), Value: aws.Float64(1)}},
		})
		return err
	},
	"monitoring PutMetricData compressed": func(ctx context.Context, c aws.Config) error {
		c.RequestMinCompressSizeBytes = 0
		_, err := cloudwatch.NewFromConfig(c).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
			Namespace: aws.String("App"), MetricData: []metrics.MetricDatum{{MetricName: aws.String("Healthy"), Value: aws.Float64(1)}},
		})
		return err
	},
	"autoscaling DescribeAutoScalingGroups": func(ctx context.Context, c aws.Config) error {
		_, err := autoscaling.NewFromConfig(c).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
		return err
	},
	"ec2 DescribeInstances": func(ctx context.Context, c aws.Config) error {
		_, err := ec2.NewFromConfig(c).DescribeInstances(ctx, &ec2.DescribeInstancesInput{})
		return err
	},
	"s3 PUT": func(ctx context.Context, c aws.Config) error {
		_, err := s3.NewFromConfig(c).PutObject(ctx, &s3.PutObjectInput{
			Bucket: aws.String("bucket"), Key: aws.String("a b/ü+1=.txt"), Body: strings.NewReader("content"),
		})
		return err
	},
}

// try runs a call once, with a key.
func (b *bench) try(t *testing.T, call, key, secret, token string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return calls[call](ctx, aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(key, secret, token), HTTPClient: &http.Client{Transport: b},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }, RequestMinCompressSizeBytes: 10240,
	})
}

// refusedAs returns the error code of a call, or the error itself if it has none.
func refusedAs(err error) string {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return refused.ErrorCode()
	}
	return fmt.Sprint(err)
}

// expected are the error codes of a call's protocol.
func expected(call string) map[fault]code {
	switch service, _, _ := strings.Cut(call, " "); service {
	case "ssm", "secretsmanager", "logs":
		return codes[jsonProtocol]
	case "ec2":
		return codes[ec2Protocol]
	case "s3":
		return codes[s3Protocol]
	}
	return codes[queryProtocol]
}

func TestSignedRequestsPass(t *testing.T) {
	b := newBench(t)
	for call := range calls {
		require.NoError(t, b.try(t, call, "ASIAROLE", "secret", "token"), call)
		require.NoError(t, b.try(t, call, "AKIAUSER", "secret", ""), call)
	}
	asked := strings.Join(b.emulator.requests(), "\n")
	require.Contains(t, asked, `POST ssm.eu-central-1.amazonaws.com/ {"Name":"/app/database"}`)
	require.Contains(t, asked, "PUT bucket.s3.eu-central-1.amazonaws.com/a b/ü+1=.txt")
}

func TestRefusals(t *testing.T) {
	b := newBench(t)
	b.keys.Add("ASIAOLD", "secret", "token", time.Now().Add(-time.Second))
	b.keys.Add("ASIAGONE", "secret", "token", time.Now().Add(time.Hour))
	b.keys.Revoke("ASIAGONE")
	for call := range calls {
		for _, each := range []struct {
			why                string
			key, secret, token string
			want               fault
		}{
			{"wrong secret", "ASIAROLE", "guess", "token", badSignature},
			{"unknown key", "ASIAWHO", "secret", "token", unknownKey},
			{"revoked key", "ASIAGONE", "secret", "token", unknownKey},
			{"no session token", "ASIAROLE", "secret", "", unknownKey},
			{"another session's token", "ASIAROLE", "secret", "other", unknownKey},
			{"token of a user's key", "AKIAUSER", "secret", "token", unknownKey},
			{"expired", "ASIAOLD", "secret", "token", expiredToken},
		} {
			want := expected(call)[each.want].name
			require.Equal(t, want, refusedAs(b.try(t, call, each.key, each.secret, each.token)), "%s: %s", call, each.why)
		}
	}
	require.Empty(t, b.emulator.requests(), "nothing reaches the emulator")
}

func TestClocks(t *testing.T) {
	b := newBench(t)
	for call := range calls {
		limit, want := 5*time.Minute, expected(call)[badSignature].name
		if strings.HasPrefix(call, "s3") {
			limit, want = 15*time.Minute, "RequestTimeTooSkewed"
		}
		for _, sign := range []time.Duration{1, -1} {
			b.now = func() time.Time { return time.Now().Add(sign * (limit + 5*time.Second)) }
			require.Equal(t, want, refusedAs(b.try(t, call, "AKIAUSER", "secret", "")), "%s %d", call, sign)
			b.now = func() time.Time { return time.Now().Add(sign * (limit - 5*time.Second)) }
			require.NoError(t, b.try(t, call, "AKIAUSER", "secret", ""), "%s %d", call, sign)
		}
	}
}

func TestTampering(t *testing.T) {
	b := newBench(t)
	replace := func(from, to string) func(*http.Request) {
		return func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			body = bytes.ReplaceAll(body, []byte(from), []byte(to))
			r.Body, r.GetBody = io.NopCloser(bytes.NewReader(body)), nil
		}
	}
	for name, each := range map[string]struct {
		call   string
		tamper func(*http.Request)
	}{
		"body, JSON":   {"ssm GetParameter", replace("database", "DATABASE")},
		"body, query":  {"monitoring PutMetricData", replace("Healthy", "HEALTHY")},
		"target":       {"ssm GetParameter", func(r *http.Request) { r.Header.Set("X-Amz-Target", "AmazonSSM.PutParameter") }},
		"path":         {"s3 PUT", func(r *http.Request) { r.URL.Path, r.URL.RawPath, r.URL.Opaque = "/other", "", "" }},
		"query string": {"sts GetCallerIdentity", func(r *http.Request) { r.URL.RawQuery = "a=b" }},
		"method":       {"s3 PUT", func(r *http.Request) { r.Method = "POST" }},
		"host": {"s3 PUT", func(r *http.Request) {
			r.Host, r.URL.Host = "other.s3."+region+".amazonaws.com", "other.s3."+region+".amazonaws.com"
		}},
		"other service": {"ssm GetParameter", func(r *http.Request) {
			r.Host, r.URL.Host = "secretsmanager."+region+".amazonaws.com", "secretsmanager."+region+".amazonaws.com"
		}},
		"date": {"ssm GetParameter", func(r *http.Request) {
			r.Header.Set("X-Amz-Date", time.Now().UTC().Add(time.Second*7).Format(timeFormat))
		}},
		"region": {"ssm GetParameter", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), region, "us-east-1", 1))
		}},
		"a header less is signed": {"ssm GetParameter", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "host;", "", 1))
		}},
	} {
		b.tamper = each.tamper
		require.Equal(t, expected(each.call)[badSignature].name, refusedAs(b.try(t, each.call, "ASIAROLE", "secret", "token")), name)
	}
	b.tamper = func(r *http.Request) {
		r.Header.Set("Authorization", regexp.MustCompile(`/\d{8}/`).ReplaceAllString(r.Header.Get("Authorization"), "/20200101/"))
	}
	require.ErrorContains(t, b.try(t, "ssm GetParameter", "ASIAROLE", "secret", "token"), "InvalidSignatureException: Date in Credential scope")
	b.tamper = func(r *http.Request) { r.Header.Del("X-Amz-Date") }
	require.Equal(t, "IncompleteSignature", refusedAs(b.try(t, "sts GetCallerIdentity", "ASIAROLE", "secret", "token")))
	b.tamper = func(r *http.Request) { r.Header.Del("Authorization") }
	require.Equal(t, "MissingAuthenticationTokenException", refusedAs(b.try(t, "ssm GetParameter", "ASIAROLE", "secret", "token")))
	b.tamper = func(r *http.Request) { r.Header.Set("Authorization", "Basic abc") }
	require.Equal(t, "IncompleteSignature", refusedAs(b.try(t, "sts GetCallerIdentity", "ASIAROLE", "secret", "token")))
	require.Empty(t, b.emulator.requests())
}

func TestGlobalEndpointsAreInUSEast1(t *testing.T) {
	b := newBench(t)
	call := func(region string) error {
		_, err := sts.NewFromConfig(aws.Config{
			Region: region, Credentials: credentials.NewStaticCredentialsProvider("AKIAUSER", "secret", ""), HTTPClient: b.client,
			BaseEndpoint: aws.String("https://sts.amazonaws.com"), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		}).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		return err
	}
	require.NoError(t, call("us-east-1"))
	require.Equal(t, "SignatureDoesNotMatch", refusedAs(call(region)))
}

// The emulator finds the service by what a request is signed for, AWS by the host.
func TestRequestsOfAnotherService(t *testing.T) {
	b := newBench(t)
	_, err := ssm.NewFromConfig(aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider("AKIAUSER", "secret", ""), HTTPClient: b.client,
		BaseEndpoint: aws.String("https://secretsmanager." + region + ".amazonaws.com"), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/app/database")})
	require.ErrorContains(t, err, "InvalidSignatureException: Credential should be scoped to correct service: 'secretsmanager'.")
	require.Empty(t, b.emulator.requests())
}

func TestControlPathsAreRefused(t *testing.T) {
	b := newBench(t)
	for _, path := range []string{"/localcloud/targets", "/localcloud", "/moto-api/reset", "//localcloud/", "/x/../LocalCloud/", "/%6cocalcloud/"} {
		b.tamper = nil
		client := s3.NewFromConfig(aws.Config{
			Region: region, Credentials: credentials.NewStaticCredentialsProvider("AKIAUSER", "secret", ""), HTTPClient: b.client,
			Retryer: func() aws.Retryer { return aws.NopRetryer{} }, BaseEndpoint: aws.String("https://s3." + region + ".amazonaws.com" + path),
		}, func(o *s3.Options) { o.UsePathStyle = true })
		_, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{})
		require.Equal(t, "NoSuchKey", refusedAs(err), path)
	}
	require.Empty(t, b.emulator.requests())
}

func TestCalls(t *testing.T) {
	b := newBench(t)
	for range 2 {
		require.NoError(t, b.try(t, "ssm GetParameter", "ASIAROLE", "secret", "token"))
	}
	require.Error(t, b.try(t, "ssm GetParameter", "ASIAROLE", "guess", "token"))
	require.NoError(t, b.try(t, "sts GetCallerIdentity", "AKIAUSER", "secret", ""))
	require.NoError(t, b.try(t, "s3 PUT", "AKIAUSER", "secret", ""))
	require.Equal(t, []Count{
		{Call{"AKIAUSER", "s3", "PUT", ""}, 1},
		{Call{"ASIAROLE", "ssm", "GetParameter", ""}, 2},
		{Call{"ASIAROLE", "ssm", "GetParameter", "InvalidSignatureException"}, 1},
		{Call{"AKIAUSER", "sts", "GetCallerIdentity", ""}, 1},
	}, b.Calls())
}

func TestModes(t *testing.T) {
	b := newBench(t)
	ask := func() error { return b.try(t, "ssm GetParameter", "AKIAUSER", "secret", "") }
	require.NoError(t, ask()) // leaves a connection
	b.Set(Silent)
	for i := range 2 { // on the old connection, and on a new one
		waiting := make(chan error, 1)
		go func() { waiting <- ask() }()
		select {
		case err := <-waiting:
			t.Fatalf("a silent endpoint answers: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
		require.Len(t, b.emulator.requests(), 1+i, "what is said meanwhile is not heard")
		b.Set(Serving)
		require.NoError(t, <-waiting, "what waits goes on")
		b.Set(Silent)
		b.client.CloseIdleConnections()
	}
	waiting := make(chan error, 1)
	go func() { waiting <- ask() }()
	time.Sleep(50 * time.Millisecond)
	b.Set(Refusing)
	require.Error(t, <-waiting, "old connections are reset")
	require.ErrorContains(t, ask(), "connection reset by peer")
	b.Set(Serving)
	require.NoError(t, ask())
	b.Set(Silent)
	go func() { waiting <- ask() }()
	time.Sleep(50 * time.Millisecond)
	require.NoError(t, b.Close(), "closing does not wait for the silence to end")
	require.Error(t, <-waiting)
}

func TestAuthority(t *testing.T) {
	authority, err := NewAuthority()
	require.NoError(t, err)
	certificate, err := authority.Certificate("www.example.edu", "*.lab", "10.0.1.5")
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(authority.PEM()))
	for name, trusted := range map[string]bool{"www.example.edu": true, "db.lab": true, "10.0.1.5": true, "example.edu": false, "a.b.lab": false} {
		_, err := certificate.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: pool})
		require.Equal(t, trusted, err == nil, name)
	}
	other, err := NewAuthority()
	require.NoError(t, err)
	_, err = certificate.Leaf.Verify(x509.VerifyOptions{DNSName: "db.lab", Roots: other.Pool()})
	require.Error(t, err)
	cert, key, err := KeyPair(certificate)
	require.NoError(t, err)
	_, err = tls.X509KeyPair(cert, key)
	require.NoError(t, err)
}
