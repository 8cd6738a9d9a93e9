package metadata

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/require"
)

var launched = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func instance() Instance {
	return Instance{
		ID: "i-0abc", Type: "t3.micro", Image: "ami-1", Region: "us-east-1", Zone: "us-east-1a", Account: "123456789012",
		Address: netip.MustParseAddr("10.0.11.7"), Launched: launched, UserData: []byte("#!/bin/bash\n"),
		Profile: "arn:aws:iam::123456789012:instance-profile/app", Role: "ha-web-app",
		Credentials: func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID: "ASIA1", SecretAccessKey: "secret", SessionToken: "token", CanExpire: true, Expires: time.Now().Add(time.Hour),
			}, nil
		},
	}
}

// ask sends one request; headers are name, value, ...
func ask(s *Service, method, path string, headers ...string) (int, string) {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func token(t *testing.T, s *Service, seconds string) string {
	t.Helper()
	status, token := ask(s, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", seconds)
	require.Equal(t, 200, status)
	require.NotEmpty(t, token)
	return token
}

func get(t *testing.T, s *Service, path string) string {
	t.Helper()
	status, text := ask(s, "GET", path, tokenHeader, token(t, s, "60"))
	require.Equal(t, 200, status, path)
	return text
}

func TestTokens(t *testing.T) {
	s := New(instance())
	const path, tokenPath = "/latest/meta-data/instance-id", "/latest/api/token"
	for name, each := range map[string]struct {
		method, path string
		headers      []string
		want         int
	}{
		"no token":                {"GET", path, nil, 401},
		"made-up token":           {"GET", path, []string{tokenHeader, "TOKEN"}, 401},
		"token of another one":    {"GET", path, []string{tokenHeader, token(t, New(instance()), "60")}, 401},
		"token":                   {"GET", path, []string{tokenHeader, token(t, s, "21600")}, 200},
		"head":                    {"HEAD", path, []string{tokenHeader, token(t, s, "1")}, 200},
		"post":                    {"POST", path, []string{tokenHeader, token(t, s, "1")}, 405},
		"unknown path":            {"GET", "/latest/meta-data/nothing", []string{tokenHeader, token(t, s, "1")}, 404},
		"unknown path, no token":  {"GET", "/latest/meta-data/nothing", nil, 401},
		"no version":              {"GET", "/meta-data/instance-id", []string{tokenHeader, token(t, s, "1")}, 404},
		"token by GET":            {"GET", tokenPath, []string{ttlHeader, "60"}, 405},
		"token without lifetime":  {"PUT", tokenPath, nil, 400},
		"lifetime of zero":        {"PUT", tokenPath, []string{ttlHeader, "0"}, 400},
		"lifetime over six hours": {"PUT", tokenPath, []string{ttlHeader, "21601"}, 400},
		"through a proxy":         {"PUT", tokenPath, []string{ttlHeader, "60", "X-Forwarded-For", "203.0.113.7"}, 403},
	} {
		status, _ := ask(s, each.method, each.path, each.headers...)
		require.Equal(t, each.want, status, name)
	}
}

func TestTokensEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(instance())
		short, long := token(t, s, "60"), token(t, s, "120")
		time.Sleep(59 * time.Second)
		status, _ := ask(s, "GET", "/latest/meta-data/instance-id", tokenHeader, short)
		require.Equal(t, 200, status)
		time.Sleep(time.Second)
		status, _ = ask(s, "GET", "/latest/meta-data/instance-id", tokenHeader, short)
		require.Equal(t, 401, status)
		status, _ = ask(s, "GET", "/latest/meta-data/instance-id", tokenHeader, long)
		require.Equal(t, 200, status)
		token(t, s, "60")
		require.Len(t, s.tokens.ends, 2, "those that have ended are forgotten")
	})
}

func TestContent(t *testing.T) {
	with := instance()
	with.Tags = map[string]string{"Name": "app"}
	s := New(with)
	for path, want := range map[string]string{
		"/latest/meta-data/instance-id":                        "i-0abc",
		"/latest/meta-data/placement/availability-zone":        "us-east-1a",
		"/latest/meta-data/placement/region":                   "us-east-1",
		"/latest/meta-data/placement/":                         "availability-zone\nregion",
		"/latest/meta-data/iam/security-credentials/":          "ha-web-app",
		"/latest/meta-data/iam/":                               "info\nsecurity-credentials/",
		"/latest/meta-data/services/domain":                    "amazonaws.com",
		"/latest/meta-data/local-ipv4":                         "10.0.11.7",
		"/latest/meta-data/local-hostname":                     "ip-10-0-11-7.us-east-1.compute.internal",
		"/latest/meta-data/tags/instance/":                     "Name",
		"/2021-03-23/meta-data/tags/instance/Name":             "app",
		"/latest/meta-data/autoscaling/target-lifecycle-state": "InService",
		"/latest/user-data":                                    "#!/bin/bash\n",
		"/latest/":                                             "dynamic/\nmeta-data/\nuser-data",
		"/":                                                    "latest",
	} {
		require.Equal(t, want, get(t, s, path), path)
	}
	var identity map[string]string
	require.NoError(t, json.Unmarshal([]byte(get(t, s, "/latest/dynamic/instance-identity/document")), &identity))
	require.Equal(t, []string{"us-east-1", "i-0abc", "123456789012", "2026-03-01T08:00:00Z"},
		[]string{identity["region"], identity["instanceId"], identity["accountId"], identity["pendingTime"]})
	s.Set("autoscaling/target-lifecycle-state", "Terminated")
	require.Equal(t, "Terminated", get(t, s, "/latest/meta-data/autoscaling/target-lifecycle-state"))
}

func TestWhatIsNotThere(t *testing.T) {
	bare := instance()
	bare.Role, bare.UserData = "", nil
	s := New(bare)
	for _, path := range []string{"tags/instance/", "iam/security-credentials/", "iam/info", "../user-data"} {
		status, _ := ask(s, "GET", "/latest/meta-data/"+path, tokenHeader, token(t, s, "60"))
		require.Equal(t, 404, status, path)
	}
	s.Set("local-ipv4", "")
	require.NotContains(t, strings.Split(get(t, s, "/latest/meta-data/"), "\n"), "local-ipv4")
}

// credentials asks for the role's credentials.
func credentials(t *testing.T, s *Service) map[string]string {
	t.Helper()
	var content map[string]string
	require.NoError(t, json.Unmarshal([]byte(get(t, s, "/latest/meta-data/iam/security-credentials/ha-web-app")), &content))
	return content
}

func TestCredentialsAreRenewedBeforeTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, broken := 0, error(nil)
		with := instance()
		with.Credentials = func(context.Context) (aws.Credentials, error) {
			asked++
			return aws.Credentials{AccessKeyID: "ASIA" + string(rune('0'+asked)), Expires: time.Now().Add(time.Hour)}, broken
		}
		s := New(with)
		first := credentials(t, s)
		require.Equal(t, []string{"Success", "AWS-HMAC", "ASIA1", stamp(time.Now().Add(time.Hour))},
			[]string{first["Code"], first["Type"], first["AccessKeyId"], first["Expiration"]})
		time.Sleep(54 * time.Minute)
		require.Equal(t, first, credentials(t, s), "kept")
		time.Sleep(time.Minute)
		require.Equal(t, "ASIA2", credentials(t, s)["AccessKeyId"], "renewed five minutes before")

		broken = errors.New("no such role")
		time.Sleep(58 * time.Minute)
		require.Equal(t, "ASIA2", credentials(t, s)["AccessKeyId"], "the old ones still do")
		time.Sleep(2 * time.Minute)
		failed := credentials(t, s)
		require.Equal(t, "AssumeRoleUnauthorizedAccess: no such role", failed["Code"]+": "+failed["Message"])
		broken = nil
		require.Equal(t, "Success", credentials(t, s)["Code"])
	})
}

func TestSingleFlight(t *testing.T) {
	asked := make(chan bool, 100)
	with := instance()
	retrieve := with.Credentials
	with.Credentials = func(ctx context.Context) (aws.Credentials, error) { asked <- true; return retrieve(ctx) }
	s := New(with)
	known := token(t, s, "60")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { ask(s, "GET", "/latest/meta-data/iam/security-credentials/ha-web-app", tokenHeader, known) })
	}
	all.Wait()
	require.Len(t, asked, 1)
}

// An SDK finds the credentials of the role by itself.
func TestSDK(t *testing.T) {
	server := httptest.NewServer(New(instance()))
	t.Cleanup(server.Close)
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_EC2_METADATA_DISABLED", "AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	sdk, err := config.LoadDefaultConfig(t.Context(), config.WithEC2IMDSEndpoint(server.URL), config.WithRegion("us-east-1"))
	require.NoError(t, err)
	got, err := sdk.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	require.Equal(t, "ASIA1 secret token", got.AccessKeyID+" "+got.SecretAccessKey+" "+got.SessionToken)
	require.Equal(t, "EC2RoleProvider", got.Source)
}
