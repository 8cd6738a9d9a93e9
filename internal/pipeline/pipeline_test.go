package pipeline_test

import (
	"testing"

	"ha-web/internal/pipeline"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
)

// usual is a spec without faults.
func usual() pipeline.Spec {
	return pipeline.Spec{
		GitHub:     pipeline.GitHub{Owner: "example", Repo: "ha-web", Environment: "prod", Branch: "main"},
		OIDC:       pipeline.OIDC{Issuer: pipeline.GitHubIssuer, Audience: pipeline.DefaultAudience},
		Repository: pipeline.Repository{KeepImages: pipeline.DefaultKeepImages, UntaggedDays: pipeline.DefaultUntaggedDays},
	}
}

// jenkins makes a spec one of another CI system.
func jenkins(s *pipeline.Spec) {
	s.GitHub = pipeline.GitHub{}
	s.OIDC = pipeline.OIDC{
		Issuer: "https://jenkins.example.edu/oidc", Audience: "aws",
		PreviewSubjects: []string{"https://jenkins.example.edu/job/preview/"}, DeploySubjects: []string{"https://jenkins.example.edu/job/deploy/"},
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	spec := usual()
	assert.Equal(t, []string{"repo:example/ha-web:pull_request", "repo:example/ha-web:ref:refs/heads/main"}, spec.PreviewSubjects())
	assert.Equal(t, []string{"repo:example/ha-web:environment:prod"}, spec.DeploySubjects())
	spec.OIDC.DeploySubjects = []string{"repo:example/other:environment:prod"}
	assert.Equal(t, spec.OIDC.DeploySubjects, spec.DeploySubjects(), "given ones count")
	assert.Len(t, spec.PreviewSubjects(), 2, "and the others stay")
	assert.True(t, spec.Roles())
	spec.GitHub.OwnerID, spec.GitHub.RepoID, spec.OIDC.DeploySubjects = "123", "456", nil
	assert.Equal(t, []string{"repo:example@123/ha-web@456:environment:prod"}, spec.DeploySubjects(), "of a new repository")

	jenkins(&spec)
	assert.Equal(t, spec.OIDC.PreviewSubjects, spec.PreviewSubjects())
	spec.OIDC.PreviewSubjects, spec.OIDC.DeploySubjects = nil, nil
	assert.False(t, spec.Roles())
}

func TestRules(t *testing.T) {
	t.Parallel()
	const exact = "must be exact, without wildcards, got "
	for name, test := range map[string]struct {
		change func(*pipeline.Spec)
		want   string
	}{
		"the usual": {func(*pipeline.Spec) {}, ""},
		"no pipeline": {func(s *pipeline.Spec) {
			s.GitHub = pipeline.GitHub{Branch: "main"}
		}, ""},
		"another CI": {jenkins, ""},
		"state": {func(s *pipeline.Spec) {
			s.State = pipeline.State{Bucket: "example-state", KeyARN: "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/0a-1b"}
			s.Services = []string{"ses", "dynamodb"}
		}, ""},
		"a branch with slashes": {func(s *pipeline.Spec) { s.GitHub.Branch = "release/2027.1" }, ""},
		"no owner":              {func(s *pipeline.Spec) { s.GitHub.Owner = "" }, `GitHub.Owner: must be an organization or a user of GitHub, got ""`},
		"every repository":      {func(s *pipeline.Spec) { s.GitHub.Repo = "*" }, `GitHub.Repo: must be the name of a repository, without its owner, got "*"`},
		"both in one":           {func(s *pipeline.Spec) { s.GitHub.Repo = "example/ha-web" }, `GitHub.Repo: must be the name of a repository, without its owner, got "example/ha-web"`},
		"every environment":     {func(s *pipeline.Spec) { s.GitHub.Environment = "prod*" }, `GitHub.Environment: must be the name of an environment, got "prod*"`},
		"one number":            {func(s *pipeline.Spec) { s.GitHub.OwnerID = "1" }, `GitHub.OwnerID: must be a number, and so must GitHub.RepoID, got "1" and ""`},
		"a name for it":         {func(s *pipeline.Spec) { s.GitHub.OwnerID, s.GitHub.RepoID = "1", "x" }, `GitHub.OwnerID: must be a number, and so must GitHub.RepoID, got "1" and "x"`},
		"a whole ref":           {func(s *pipeline.Spec) { s.GitHub.Branch = "?" }, `GitHub.Branch: must be the name of a branch, without refs/heads/, got "?"`},
		"another issuer": {func(s *pipeline.Spec) { s.OIDC.Issuer = "https://ghes.example.edu/_services/token" },
			"GitHub.Owner: goes with GitHub's own OIDC.Issuer: give OIDC.PreviewSubjects and OIDC.DeploySubjects in its place"},
		"plain issuer":    {func(s *pipeline.Spec) { jenkins(s); s.OIDC.Issuer = "http://x" }, `OIDC.Issuer: must begin with https:// and end without a slash, got "http://x"`},
		"slash at end":    {func(s *pipeline.Spec) { jenkins(s); s.OIDC.Issuer += "/" }, `OIDC.Issuer: must begin with https:// and end without a slash, got "https://jenkins.example.edu/oidc/"`},
		"any audience":    {func(s *pipeline.Spec) { s.OIDC.Audience = "*" }, `OIDC.Audience: must be one audience, without wildcards, got "*"`},
		"any subject":     {func(s *pipeline.Spec) { s.OIDC.PreviewSubjects = []string{"repo:example/*"} }, "OIDC.PreviewSubjects: " + exact + `"repo:example/*"`},
		"almost any":      {func(s *pipeline.Spec) { s.OIDC.DeploySubjects = []string{"repo:example/ha-we?:x", ""} }, "OIDC.DeploySubjects: " + exact + "\"repo:example/ha-we?:x\"\nOIDC.DeploySubjects: " + exact + `""`},
		"listed twice":    {func(s *pipeline.Spec) { s.OIDC.DeploySubjects = []string{"a", "a"} }, "OIDC.DeploySubjects: a is listed twice"},
		"one for both":    {func(s *pipeline.Spec) { s.OIDC.DeploySubjects = s.PreviewSubjects()[:1] }, "OIDC.DeploySubjects: repo:example/ha-web:pull_request previews too: whoever opens a pull request could deploy"},
		"nothing kept":    {func(s *pipeline.Spec) { s.Repository.KeepImages, s.Repository.UntaggedDays = 1, 0 }, "Repository.KeepImages: must be between 2 and 10000, got 1\nRepository.UntaggedDays: must be between 1 and 365, got 0"},
		"a URL of state":  {func(s *pipeline.Spec) { s.State.Bucket = "s3://x" }, `State.Bucket: must be the name of a bucket, without s3://, got "s3://x"`},
		"an alias":        {func(s *pipeline.Spec) { s.State.KeyARN = "alias/x" }, `State.KeyARN: must be the ARN of a KMS key, not of an alias, got "alias/x"`},
		"a way out":       {func(s *pipeline.Spec) { s.Services = []string{"iam", "sts"} }, "Services: iam would let the pipeline give itself any right: leave it out\nServices: sts would let the pipeline give itself any right: leave it out"},
		"actions":         {func(s *pipeline.Spec) { s.Services = []string{"ses:SendEmail"} }, `Services: must be the prefix of a service in IAM actions, such as ses, got "ses:SendEmail"`},
		"every one of it": {func(s *pipeline.Spec) { s.Services = []string{"*"} }, `Services: must be the prefix of a service in IAM actions, such as ses, got "*"`},
	} {
		spec := usual()
		test.change(&spec)
		assert.Equal(t, test.want, validatetest.FaultsOf(spec), name)
	}
}
