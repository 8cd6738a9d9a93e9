package delivery

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

// Validate records every fault of the settings.
func (s *Settings) Validate(f validate.Fields) {
	if !f.Begun(s, s.begun) {
		return
	}
	s.validateGitHub(f)
	s.validateOIDC(f)
	f.Between(&s.Repository.KeepImages, 2, 10000)
	f.Between(&s.Repository.UntaggedDays, 1, 365)
	if s.Repository.ReplicaRegion != "" && !s.Repository.Enabled {
		f.Add(&s.Repository.Enabled, "must be true with %s, which copies the images of the repository", f.Name(&s.Repository.ReplicaRegion))
	}
	if s.State.Bucket != "" && !bucketName.MatchString(s.State.Bucket) {
		f.Add(&s.State.Bucket, "must be the name of a bucket, without s3://, got %q", s.State.Bucket)
	}
	if s.State.KeyARN != "" && !keyARN.MatchString(s.State.KeyARN) {
		f.Add(&s.State.KeyARN, "must be the ARN of a KMS key, not of an alias, got %q", s.State.KeyARN)
	}
	for i, service := range s.Services {
		switch {
		case !servicePrefix.MatchString(service):
			f.Add(&s.Services[i], "must be the prefix of a service in IAM actions, such as ses, got %q", service)
		case slices.Contains(neverDelegated, service):
			f.Add(&s.Services[i], "%s would let the pipeline give itself any permission: leave it out", service)
		}
	}
}

// neverDelegated are services by which a role escapes its boundary, or its account.
var neverDelegated = []string{"account", "iam", "organizations", "sso", "sso-directory", "identitystore", "sts"}

func (s *Settings) validateGitHub(f validate.Fields) {
	if !s.GitHub.On() {
		return
	}
	for _, each := range []struct {
		field   *string
		correct *regexp.Regexp
		rule    string
	}{
		{&s.GitHub.Owner, githubOwner, "must be a GitHub organization or user"},
		{&s.GitHub.Repo, githubRepo, "must be the name of a repository, without its owner"},
		{&s.GitHub.Environment, githubEnvironment, "must be the name of a GitHub environment"},
		{&s.GitHub.Branch, githubBranch, "must be the name of a branch, without refs/heads/"},
	} {
		leftOut := each.field == &s.GitHub.Environment && *each.field == ""
		if !leftOut && !each.correct.MatchString(*each.field) {
			f.Add(each.field, "%s, got %q", each.rule, *each.field)
		}
	}
	if s.GitHub.OwnerID+s.GitHub.RepoID != "" && !(githubID.MatchString(s.GitHub.OwnerID) && githubID.MatchString(s.GitHub.RepoID)) {
		f.Add(&s.GitHub.OwnerID, "must be a number, and so must %s, got %q and %q", f.Name(&s.GitHub.RepoID),
			s.GitHub.OwnerID, s.GitHub.RepoID)
	}
	if s.OIDC.Issuer != GitHubIssuer {
		f.Add(&s.GitHub.Owner, "requires the default %s: for another issuer set %s and %s instead", f.Name(&s.OIDC.Issuer),
			f.Name(&s.OIDC.PreviewSubjects), f.Name(&s.OIDC.DeploySubjects))
	}
}

func (s *Settings) validateOIDC(f validate.Fields) {
	if issuer := s.OIDC.Issuer; !strings.HasPrefix(issuer, "https://") || strings.ContainsAny(issuer, "?#* ") || strings.HasSuffix(issuer, "/") {
		f.Add(&s.OIDC.Issuer, "must begin with https:// and not end with a slash, got %q", issuer)
	}
	if s.OIDC.Audience == "" || strings.ContainsAny(s.OIDC.Audience, "*? ") {
		f.Add(&s.OIDC.Audience, "must be one audience, without wildcards, got %q", s.OIDC.Audience)
	}
	for _, subjects := range [][]string{s.OIDC.PreviewSubjects, s.OIDC.DeploySubjects} {
		for i, subject := range subjects {
			switch {
			case subject == "" || strings.ContainsAny(subject, "*?"):
				// repo:owner/* is every repository of the owner, and repo:owner* every owner whose name begins like that.
				f.Add(&subjects[i], "must be exact, without wildcards, got %q", subject)
			case slices.Contains(subjects[:i], subject):
				f.Add(&subjects[i], "%s is listed twice", subject)
			}
		}
	}
	for _, subject := range s.DeploySubjects() {
		if slices.Contains(s.PreviewSubjects(), subject) {
			f.Add(&s.OIDC.DeploySubjects, "%s may preview too: anyone who opens a pull request could deploy", subject)
		}
	}
}
