package settings_test

import (
	"testing"

	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNamesOfTwoStacks(t *testing.T) {
	t.Parallel()
	const rule = "must be a host name of lowercase letters, digits and hyphens, at most 63 between dots, such as learn.example.edu, got "
	for domain, want := range map[string]string{
		`"name": "learn.example.edu", "originName": "origin-dr.learn.example.edu", "standby": true, "overwriteRecords": true`: "",
		`"name": "learn.example.edu", "standby": true`: "domain.originName: is required with domain.standby: origin.learn.example.edu leads to the load balancer of " +
			"the stack that serves learn.example.edu: choose another name, such as origin-dr.learn.example.edu",
		`"originName": "origin-dr.learn.example.edu"`:                        "domain.name: is required with domain.originName",
		`"originName": "x.example.edu", "standby": true`:                     "domain.name: is required with domain.originName\ndomain.name: is required with domain.standby",
		`"overwriteRecords": true`:                                           "domain.name: is required with domain.overwriteRecords",
		`"name": "learn.example.edu", "originName": "Origin"`:                `domain.originName: ` + rule + `"Origin"`,
		`"name": "a.example.edu", "originName": "a.example.edu"`:             `domain.originName: must be another name than domain.name (a.example.edu), which leads to CloudFront`,
		`"name": "a.b.edu", "hostedZone": "b.edu", "originName": "a.c.edu"`:  `domain.originName: must be in domain.hostedZone (b.edu), got "a.c.edu"`,
		`"name": "a.b.edu", "originName": "o.b.edu", "aliases": ["o.b.edu"]`: "domain.aliases[0]: must not be o.b.edu, by which CloudFront reaches the load balancer",
	} {
		_, err := settings.Parse("ha-web", config(t, map[string]string{"domain": "{" + domain + "}"}))
		if want == "" {
			require.NoError(t, err, domain)
			continue
		}
		require.EqualError(t, err, want, domain)
	}
}

func TestOriginNameIsForCloudFront(t *testing.T) {
	t.Parallel()
	domain := `{"name": "learn.example.edu", "hostedZone": "example.edu", "originName": "origin-dr.learn.example.edu", "standby": true, "overwriteRecords": true}`
	_, err := settings.Parse("ha-web", config(t, map[string]string{"domain": domain, "cdn": `{"enabled": false}`, "web": `{"ingress": "internet"}`}))
	require.EqualError(t, err, "domain.originName: requires cdn.enabled: without CloudFront viewers reach the load balancer by domain.name")

	behind, err := settings.Parse("ha-web", config(t, map[string]string{"domain": domain}))
	require.NoError(t, err)
	origin, viewers := behind.OriginCertificate(), behind.ViewerCertificate()
	assert.Equal(t, []string{"origin-dr.learn.example.edu"}, origin.Served(), "CloudFront finds the load balancer")
	assert.False(t, origin.OverwriteRecords, "which is the stack's own")
	assert.Equal(t, []string{"learn.example.edu"}, viewers.HostNames, "a certificate for the names")
	assert.Empty(t, viewers.Served(), "but none of them yet")
	assert.True(t, viewers.OverwriteRecords)
	assert.Contains(t, behind.Notes(), "standby: learn.example.edu belongs to another stack: this site is at the output url, and takes the name over with domain.standby: false")

	before, err := settings.Parse("ha-web", config(t, map[string]string{
		"domain": `{"name": "learn.example.edu", "standby": true}`, "cdn": `{"enabled": false}`, "web": `{"ingress": "internet"}`,
	}))
	require.NoError(t, err)
	balancer := before.OriginCertificate()
	assert.Empty(t, balancer.Served())
	for _, note := range before.Notes() {
		assert.NotContains(t, note, "create the record learn.example.edu. CNAME", "which leads to the other stack")
	}
}

func TestRegionsOfCopies(t *testing.T) {
	t.Parallel()
	for key, sections := range map[string]map[string]string{
		"secrets.replicaRegion":             {"secrets": `{"names": ["smtp"], "replicaRegion": "us-east-1"}`},
		"delivery.repository.replicaRegion": {"delivery": `{"repository": {"replicaRegion": "us-east-1"}}`},
	} {
		_, err := settings.Parse("ha-web", config(t, sections))
		require.EqualError(t, err, key+": must be another region than aws:region (us-east-1)")
	}
	_, err := settings.Parse("ha-web", config(t, map[string]string{"secrets": `{"replicaRegion": "us-west-2"}`, "delivery": `{"repository": {"enabled": false, "replicaRegion": "us-west-2"}}`}))
	require.EqualError(t, err, "secrets.names: must list at least one secret with secrets.replicaRegion, which copies them\n"+
		"delivery.repository.enabled: must be true with delivery.repository.replicaRegion, which copies the images of the repository")
}
