package delivery_test

import (
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/settings/delivery"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
)

// usual are settings for a repository on GitHub, as a stack with the name prod resolves them.
func usual() delivery.Settings {
	settings := delivery.Default()
	settings.GitHub.Owner, settings.GitHub.Repo = "example", "ha-web"
	return settings.Resolved("prod")
}

// jenkins makes settings those of another CI system.
func jenkins(s *delivery.Settings) {
	s.GitHub = delivery.GitHub{}
	s.OIDC = delivery.OIDC{
		Issuer: "https://jenkins.example.edu/oidc", Audience: "aws",
		PreviewSubjects: []string{"https://jenkins.example.edu/job/preview/"}, DeploySubjects: []string{"https://jenkins.example.edu/job/deploy/"},
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	settings := usual()
	assert.Equal(t, []string{"repo:example/ha-web:pull_request", "repo:example/ha-web:ref:refs/heads/main"}, settings.PreviewSubjects())
	assert.Equal(t, []string{"repo:example/ha-web:environment:prod"}, settings.DeploySubjects())
	settings.OIDC.DeploySubjects = []string{"repo:example/other:environment:prod"}
	assert.Equal(t, settings.OIDC.DeploySubjects, settings.DeploySubjects(), "given ones count")
	assert.Len(t, settings.PreviewSubjects(), 2, "and the others stay")
	assert.True(t, settings.Roles())
	assert.Equal(t, settings, settings.Resolved("other"), "an environment that is set stays")
	settings.GitHub.OwnerID, settings.GitHub.RepoID, settings.OIDC.DeploySubjects = "123", "456", nil
	assert.Equal(t, []string{"repo:example@123/ha-web@456:environment:prod"}, settings.DeploySubjects(), "of a new repository")

	jenkins(&settings)
	assert.Equal(t, settings.OIDC.PreviewSubjects, settings.PreviewSubjects())
	settings.OIDC.PreviewSubjects, settings.OIDC.DeploySubjects = nil, nil
	assert.False(t, settings.Roles())
}

func TestRules(t *testing.T) {
	t.Parallel()
	const exact = "must be exact, without wildcards, got "
	for name, test := range map[string]struct {
		change func(*delivery.Settings)
		want   string
	}{
		"the usual": {func(*delivery.Settings) {}, ""},
		"no pipeline": {func(s *delivery.Settings) {
			s.GitHub = delivery.GitHub{Branch: "main"}
		}, ""},
		"another CI": {jenkins, ""},
		"state": {func(s *delivery.Settings) {
			s.State = delivery.State{Bucket: "example-state", KeyARN: "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/0a-1b"}
			s.Services = []string{"ses", "dynamodb"}
		}, ""},
		"a branch with slashes": {func(s *delivery.Settings) { s.GitHub.Branch = "release/2027.1" }, ""},
		"environment left out":  {func(s *delivery.Settings) { s.GitHub.Environment = "" }, ""},
		"no defaults":           {func(s *delivery.Settings) { *s = delivery.Settings{} }, ": must begin as Default(), which sets what is left out"},
		"no owner":              {func(s *delivery.Settings) { s.GitHub.Owner = "" }, `GitHub.Owner: must be a GitHub organization or user, got ""`},
		"every repository":      {func(s *delivery.Settings) { s.GitHub.Repo = "*" }, `GitHub.Repo: must be the name of a repository, without its owner, got "*"`},
		"both in one":           {func(s *delivery.Settings) { s.GitHub.Repo = "example/ha-web" }, `GitHub.Repo: must be the name of a repository, without its owner, got "example/ha-web"`},
		"every environment":     {func(s *delivery.Settings) { s.GitHub.Environment = "prod*" }, `GitHub.Environment: must be the name of a GitHub environment, got "prod*"`},
		"one number":            {func(s *delivery.Settings) { s.GitHub.OwnerID = "1" }, `GitHub.OwnerID: must be a number, and so must GitHub.RepoID, got "1" and ""`},
		"a name for it":         {func(s *delivery.Settings) { s.GitHub.OwnerID, s.GitHub.RepoID = "1", "x" }, `GitHub.OwnerID: must be a number, and so must GitHub.RepoID, got "1" and "x"`},
		"a whole ref":           {func(s *delivery.Settings) { s.GitHub.Branch = "?" }, `GitHub.Branch: must be the name of a branch, without refs/heads/, got "?"`},
		"another issuer": {func(s *delivery.Settings) { s.OIDC.Issuer = "https://ghes.example.edu/_services/token" },
			"GitHub.Owner: requires the default OIDC.Issuer: for another issuer set OIDC.PreviewSubjects and OIDC.DeploySubjects instead"},
		"plain issuer":    {func(s *delivery.Settings) { jenkins(s); s.OIDC.Issuer = "http://x" }, `OIDC.Issuer: must begin with https:// and not end with a slash, got "http://x"`},
		"slash at end":    {func(s *delivery.Settings) { jenkins(s); s.OIDC.Issuer += "/" }, `OIDC.Issuer: must begin with https:// and not end with a slash, got "https://jenkins.example.edu/oidc/"`},
		"any audience":    {func(s *delivery.Settings) { s.OIDC.Audience = "*" }, `OIDC.Audience: must be one audience, without wildcards, got "*"`},
		"any subject":     {func(s *delivery.Settings) { s.OIDC.PreviewSubjects = []string{"repo:example/*"} }, "OIDC.PreviewSubjects[0]: " + exact + `"repo:example/*"`},
		"almost any":      {func(s *delivery.Settings) { s.OIDC.DeploySubjects = []string{"repo:example/ha-we?:x", ""} }, "OIDC.DeploySubjects[0]: " + exact + "\"repo:example/ha-we?:x\"\nOIDC.DeploySubjects[1]: " + exact + `""`},
		"listed twice":    {func(s *delivery.Settings) { s.OIDC.DeploySubjects = []string{"a", "a"} }, "OIDC.DeploySubjects[1]: a is listed twice"},
		"one for both":    {func(s *delivery.Settings) { s.OIDC.DeploySubjects = s.PreviewSubjects()[:1] }, "OIDC.DeploySubjects: repo:example/ha-web:pull_request may preview too: anyone who opens a pull request could deploy"},
		"nothing kept":    {func(s *delivery.Settings) { s.Repository.KeepImages, s.Repository.UntaggedDays = 1, 0 }, "Repository.KeepImages: must be between 2 and 10000, got 1\nRepository.UntaggedDays: must be between 1 and 365, got 0"},
		"a URL of state":  {func(s *delivery.Settings) { s.State.Bucket = "s3://x" }, `State.Bucket: must be the name of a bucket, without s3://, got "s3://x"`},
		"an alias":        {func(s *delivery.Settings) { s.State.KeyARN = "alias/x" }, `State.KeyARN: must be the ARN of a KMS key, not of an alias, got "alias/x"`},
		"a way out":       {func(s *delivery.Settings) { s.Services = []string{"iam", "sts"} }, "Services[0]: iam would let the pipeline give itself any permission: leave it out\nServices[1]: sts would let the pipeline give itself any permission: leave it out"},
		"actions":         {func(s *delivery.Settings) { s.Services = []string{"ses:SendEmail"} }, `Services[0]: must be the prefix of a service in IAM actions, such as ses, got "ses:SendEmail"`},
		"every one of it": {func(s *delivery.Settings) { s.Services = []string{"*"} }, `Services[0]: must be the prefix of a service in IAM actions, such as ses, got "*"`},
	} {
		settings := usual()
		test.change(&settings)
		assert.Equal(t, test.want, validatetest.Text(&settings, fields.ByName, settings.Validate), name)
	}
}
