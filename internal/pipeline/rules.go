package pipeline

import (
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

var (
	githubOwner       = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?$`)
	githubRepo        = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	githubEnvironment = regexp.MustCompile(`^[A-Za-z0-9._-]{1,255}$`)
	githubBranch      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,243}$`)
	githubID          = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	bucketName        = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	keyARN            = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
	servicePrefix     = regexp.MustCompile(`^[a-z0-9-]{2,64}$`)
)

// Validate records every fault of the spec. key gives the fields, such as GitHub.Owner, the names that whoever asks knows
// them by.
func (s Spec) Validate(faults *validate.Faults, key func(field string) string) {
	fields := validate.Named{Faults: faults, Name: key}
	s.checkGitHub(fields)
	s.checkOIDC(fields)
	fields.Between("Repository.KeepImages", s.Repository.KeepImages, 2, 10000)
	fields.Between("Repository.UntaggedDays", s.Repository.UntaggedDays, 1, 365)
	if s.State.Bucket != "" && !bucketName.MatchString(s.State.Bucket) {
		fields.Add("State.Bucket", "must be the name of a bucket, without s3://, got %q", s.State.Bucket)
	}
	if s.State.KeyARN != "" && !keyARN.MatchString(s.State.KeyARN) {
		fields.Add("State.KeyARN", "must be the ARN of a KMS key, not of an alias, got %q", s.State.KeyARN)
	}
	CheckServices(s.Services, fields)
}

// CheckServices records a fault for each of a list of services that a boundary must not allow.
func CheckServices(services []string, fields validate.Named) {
	for _, each := range services {
		switch {
		case !servicePrefix.MatchString(each):
			fields.Add("Services", "must be the prefix of a service in IAM actions, such as ses, got %q", each)
		case slices.Contains(neverDelegated, each):
			fields.Add("Services", "%s would let the pipeline give itself any right: leave it out", each)
		}
	}
}

// neverDelegated are services by which a role escapes its boundary, or its account.
var neverDelegated = []string{"account", "iam", "organizations", "sso", "sso-directory", "identitystore", "sts"}

func (s Spec) checkGitHub(fields validate.Named) {
	if !s.GitHub.On() {
		return
	}
	for _, each := range []struct {
		field, value string
		correct      *regexp.Regexp
		rule         string
	}{
		{"GitHub.Owner", s.GitHub.Owner, githubOwner, "must be an organization or a user of GitHub"},
		{"GitHub.Repo", s.GitHub.Repo, githubRepo, "must be the name of a repository, without its owner"},
		{"GitHub.Environment", s.GitHub.Environment, githubEnvironment, "must be the name of an environment"},
		{"GitHub.Branch", s.GitHub.Branch, githubBranch, "must be the name of a branch, without refs/heads/"},
	} {
		if !each.correct.MatchString(each.value) {
			fields.Add(each.field, "%s, got %q", each.rule, each.value)
		}
	}
	if s.GitHub.OwnerID+s.GitHub.RepoID != "" && !(githubID.MatchString(s.GitHub.OwnerID) && githubID.MatchString(s.GitHub.RepoID)) {
		fields.Add("GitHub.OwnerID", "must be a number, and so must %s, got %q and %q", fields.Name("GitHub.RepoID"),
			s.GitHub.OwnerID, s.GitHub.RepoID)
	}
	if s.OIDC.Issuer != GitHubIssuer {
		fields.Add("GitHub.Owner", "goes with GitHub's own %s: give %s and %s in its place", fields.Name("OIDC.Issuer"),
			fields.Name("OIDC.PreviewSubjects"), fields.Name("OIDC.DeploySubjects"))
	}
}

func (s Spec) checkOIDC(fields validate.Named) {
	if !strings.HasPrefix(s.OIDC.Issuer, "https://") || strings.ContainsAny(s.OIDC.Issuer, "?#* ") || strings.HasSuffix(s.OIDC.Issuer, "/") {
		fields.Add("OIDC.Issuer", "must begin with https:// and end without a slash, got %q", s.OIDC.Issuer)
	}
	if s.OIDC.Audience == "" || strings.ContainsAny(s.OIDC.Audience, "*? ") {
		fields.Add("OIDC.Audience", "must be one audience, without wildcards, got %q", s.OIDC.Audience)
	}
	for _, each := range []struct {
		field string
		list  []string
	}{{"OIDC.PreviewSubjects", s.OIDC.PreviewSubjects}, {"OIDC.DeploySubjects", s.OIDC.DeploySubjects}} {
		for i, subject := range each.list {
			switch {
			case subject == "" || strings.ContainsAny(subject, "*?"):
				// repo:owner/* is every repository of the owner, and repo:owner* every owner whose name begins like that.
				fields.Add(each.field, "must be exact, without wildcards, got %q", subject)
			case slices.Contains(each.list[:i], subject):
				fields.Add(each.field, "%s is listed twice", subject)
			}
		}
	}
	for _, subject := range s.DeploySubjects() {
		if slices.Contains(s.PreviewSubjects(), subject) {
			fields.Add("OIDC.DeploySubjects", "%s previews too: whoever opens a pull request could deploy", subject)
		}
	}
}
