package settings_test

import (
	"strings"
	"testing"

	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPoliciesStayWithinTheBoundary(t *testing.T) {
	t.Parallel()
	const (
		pipeline = `{"github": {"owner": "example", "repo": "ha-web", "ownerId": 1, "repoId": 2}, "services": ["ses"]}`
		refused  = "web.policies[0].actions[0]: requires %s in delivery.services, because the permissions boundary denies actions of other services, got "
		note     = "web.policies has arn:aws:iam::123456789012:policy/moodle: the permissions boundary denies actions of services that delivery.services lacks"
	)
	statement := func(action string) string {
		return `{"policies": [{"actions": ["` + action + `"], "resources": ["*"]}]}`
	}
	for _, test := range []struct{ web, delivery, want, note string }{
		{statement("dynamodb:GetItem"), "{}", "", ""},
		{statement("dynamodb:GetItem"), pipeline, strings.ReplaceAll(refused, "%s", "dynamodb") + `"dynamodb:GetItem"`, ""},
		{statement("lambda:InvokeFunction"), pipeline, strings.ReplaceAll(refused, "%s", "lambda") + `"lambda:InvokeFunction"`, ""},
		{statement("lambda:GetPolicy"), pipeline, "", ""},
		{statement("s3:GetObject"), pipeline, "", ""},
		{statement("ses:SendEmail"), pipeline, "", ""},
		{`{"policies": [{"arn": "arn:aws:iam::123456789012:policy/moodle"}]}`, pipeline, "", note},
		{`{"policies": [{"arn": "arn:aws:iam::123456789012:policy/moodle"}]}`, "{}", "", ""},
		{statement("sts:AssumeRole"), pipeline, `web.policies[0].actions[0]: must not be an action of sts, by which instances could get other permissions, got "sts:AssumeRole"`, ""},
	} {
		parsed, err := settings.Parse("ha-web", config(t, map[string]string{"web": test.web, "delivery": test.delivery}))
		if test.want != "" {
			assert.EqualError(t, err, test.want)
			continue
		}
		require.NoError(t, err)
		notes := strings.Join(parsed.Notes(), "\n")
		if test.note == "" {
			assert.NotContains(t, notes, "web.policies")
		} else {
			assert.Contains(t, notes, test.note)
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	const (
		key   = "must have a key of 1 to 128 letters, digits and _.:=+@-, because instances read their tags from their metadata"
		value = "must have at most 256 letters, digits, spaces and _.:/=+@-, got "
	)
	for tags, want := range map[string]string{
		`{"CostCenter": 42, "team:data": "Zürich / 2", "Owner": ""}`: "",
		`{"cost center": "x"}`:                      "tags.cost center: " + key,
		`{"cost/center": "x"}`:                      "tags.cost/center: " + key,
		`{"a,b": "x"}`:                              "tags.a,b: " + key,
		`{"_index": "x"}`:                           "tags._index: " + key,
		`{"..": "x"}`:                               "tags...: " + key,
		`{"": "x"}`:                                 "tags.: " + key,
		`{"aws:team": "x"}`:                         "tags.aws:team: must not begin with aws:, which AWS reserves",
		`{"AWS:team": "x"}`:                         "tags.AWS:team: must not begin with aws:, which AWS reserves",
		`{"Stack": "x"}`:                            "tags.Stack: is a tag that every resource has already (Stack): choose another key",
		`{"environment": "x"}`:                      "tags.environment: is a tag that every resource has already (Environment): choose another key",
		`{"name": "x"}`:                             "tags.name: is a tag that every resource has already (Name): choose another key",
		`{"Team": "x", "team": "y"}`:                "tags.team: differs from Team only in its case, which IAM ignores: keep one of them",
		`{"Team": "<us>"}`:                          "tags.Team: " + value + `"<us>"`,
		`{"Team": true}`:                            "tags.Team: must be a string, in quotes, got true",
		`{"` + strings.Repeat("a", 129) + `": "x"}`: "tags." + strings.Repeat("a", 129) + ": " + key,
		`{"Team": "` + strings.Repeat("ü", 257) + `"}`: "tags.Team: " + value + `"` + strings.Repeat("ü", 257) + `"`,
	} {
		_, err := settings.Parse("ha-web", config(t, map[string]string{"tags": tags}))
		if want == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, want)
		}
	}
	many := `{"t0": "x"`
	for i := 1; i <= 40; i++ {
		many += `, "t` + strings.Repeat("x", i) + `": "x"`
	}
	_, err := settings.Parse("ha-web", config(t, map[string]string{"tags": many + "}"}))
	assert.EqualError(t, err, "tags: must be at most 40 tags, because AWS accepts 50 on a resource, got 41")
}

func TestAliases(t *testing.T) {
	t.Parallel()
	const zone, name = "domain.aliases[0]: must be in domain.hostedZone (example.edu), got ", "domain.aliases[0]: must be a host name of lowercase letters, digits and hyphens, at most 63 between dots, such as learn.example.edu, got "
	ten := `["a1.example.edu", "a2.example.edu", "a3.example.edu", "a4.example.edu", "a5.example.edu", "a6.example.edu", "a7.example.edu", "a8.example.edu", "a9.example.edu", "b.example.edu"]`
	own := `"cdnCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a-1b", `
	site := `"name": "learn.example.edu", "hostedZone": "example.edu", "aliases": `
	for _, test := range []struct{ domain, cdn, web, want string }{
		{site + `["www.example.edu", "example.edu"]`, "{}", "{}", ""},
		{site + `["www.example.edu"]`, `{"enabled": false}`, "{}", ""},
		{own + site + ten, "{}", "{}", ""},
		{`"aliases": ["www.example.edu"]`, "{}", "{}", "domain.name: is required with domain.aliases"},
		{site + `["learn.example.edu"]`, "{}", "{}", "domain.aliases[0]: must be another name than domain.name (learn.example.edu)"},
		{site + `["origin.learn.example.edu"]`, "{}", "{}", "domain.aliases[0]: must not be origin.learn.example.edu, by which CloudFront reaches the load balancer"},
		{site + `["a.example.edu", "a.example.edu"]`, "{}", "{}", "domain.aliases[1]: a.example.edu is listed twice"},
		{site + `["www.example.org"]`, "{}", "{}", zone + `"www.example.org"`},
		{site + `["WWW.example.edu"]`, "{}", "{}", name + `"WWW.example.edu"`},
		{site + `["*.example.edu"]`, "{}", "{}", name + `"*.example.edu"`},
		{site + ten, "{}", "{}", "domain.aliases: must list at most 9 host names, because a certificate of ACM has at most 10 by default, got 10: set domain.cdnCertificateArn to a certificate with more"},
		{own + site + ten, `{"enabled": false}`, "{}", "domain.aliases: must list at most 9 host names, because a certificate of ACM has at most 10 by default, got 10: set domain.certificateArn to a certificate with more"},
		{site + `["www.example.edu"]`, `{"enabled": false}`, `{"ingress": "cloudfront"}`, "domain.aliases: requires cdn.enabled, or web.ingress: internet: the load balancer is reached by the name origin.learn.example.edu only"},
	} {
		_, err := settings.Parse("ha-web", config(t, map[string]string{"domain": "{" + test.domain + "}", "cdn": test.cdn, "web": test.web}))
		if test.want == "" {
			assert.NoError(t, err, test.domain)
		} else {
			assert.EqualError(t, err, test.want)
		}
	}
}

func TestNotesOfAliases(t *testing.T) {
	t.Parallel()
	parsed, err := settings.Parse("ha-web", config(t, map[string]string{
		"domain": `{"name": "learn.example.edu", "aliases": ["www.example.edu"]}`, "cdn": `{"edge": {"addresses": ["192.0.2.0/24"]}}`,
		"access": `{"oidc": {"paths": ["/admin/*"], "issuer": "https://example.okta.com", "clientId": "a", "clientSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-Ab12Cd"}}`,
	}))
	require.NoError(t, err)
	notes := strings.Join(parsed.Notes(), "\n")
	for _, want := range []string{
		"sign-in: add https://learn.example.edu/oauth2/idpresponse to",
		"sign-in: add https://www.example.edu/oauth2/idpresponse to",
		"edge in front: point learn.example.edu and www.example.edu at the edge",
		"validates the certificate of www.example.edu",
	} {
		assert.Contains(t, notes, want)
	}
	assert.Equal(t, []string{"learn.example.edu", "www.example.edu"}, parsed.Aliases())
	assert.Equal(t, []string{"origin.learn.example.edu"}, parsed.HostNames())
}
