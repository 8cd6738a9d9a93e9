// Package pipeline knows what can be asked of the delivery of a stack: which jobs of a CI system take on its roles, and how
// long its images are kept. Settings and the Delivery component share its types, its defaults and its rules; it knows neither.
//
// The comments of fields with a setting tag are the text of docs/settings.md.
package pipeline

// GitHub is the repository whose workflows deploy the stack.
type GitHub struct {
	// Organization or user that owns the repository.
	Owner string `pulumi:"owner,optional"`
	// Name of the repository.
	Repo string `pulumi:"repo,optional"`
	// Number of the owner: `gh api repos/<owner>/<repo> --jq '.owner.id, .id'` prints it, and that of the repository. Tokens of
	// repositories that were made, renamed or moved since 15 July 2026 have both, and those of older ones neither. Left out: it
	// is an older one.
	OwnerID string `pulumi:"ownerId,optional"`
	// Number of the repository.
	RepoID string `pulumi:"repoId,optional"`
	// Environment of GitHub whose jobs deploy. Left out: the name of the stack.
	Environment string `pulumi:"environment,optional"`
	// Branch whose jobs may preview, for the nightly look for drift.
	Branch string `pulumi:"branch,optional"`
}

// On reports whether there is a repository.
func (g GitHub) On() bool { return g.Owner != "" || g.Repo != "" }

// OIDC is what a CI system says of its jobs, by OpenID Connect: no key is kept anywhere.
type OIDC struct {
	// Address of the system, as its tokens have it, such as `https://jenkins.example.edu/oidc`. Left out: GitHub's.
	Issuer string `pulumi:"issuer,optional"`
	// Audience of its tokens.
	Audience string `pulumi:"audience,optional"`
	// Subjects of jobs that preview, exactly as its tokens have them. Left out: those of github.
	PreviewSubjects []string `pulumi:"previewSubjects,optional"`
	// Subjects of jobs that deploy, likewise.
	DeploySubjects []string `pulumi:"deploySubjects,optional"`
}

// Repository describes the repository of container images.
type Repository struct {
	// Whether there is a repository. It wants the Pulumi plugin awsx, which `pulumi up` installs by itself.
	// Cost: 0.10 USD a GB.
	Enabled bool `pulumi:"enabled,optional"`
	// How many images are kept, 2 to 10000. An instance that boots pulls the image it is set to: it has to be among them.
	KeepImages int `pulumi:"keepImages,optional"`
	// Days after which an image goes that no tag points to, 1 to 365.
	UntaggedDays int `pulumi:"untaggedDays,optional"`
}

// State is where Pulumi keeps the state of the stack, as far as previews have to read it.
type State struct {
	// Bucket, where the state is in S3. Left out: it is elsewhere, such as in Pulumi Cloud.
	Bucket string `pulumi:"bucket,optional"`
	// KMS key, by ARN, that encrypts the bucket, or the secrets in the state (`pulumi stack init --secrets-provider
	// awskms://...`). Left out: none.
	KeyARN string `pulumi:"keyArn,optional"`
}

// What holds where nothing else is asked for.
const (
	// GitHubIssuer is what tokens of GitHub's workflows come from.
	GitHubIssuer = "https://token.actions.githubusercontent.com"
	// DefaultAudience is what AWS's own action for GitHub asks for.
	DefaultAudience = "sts.amazonaws.com"
	// DefaultBranch is where merges go.
	DefaultBranch = "main"
	// DefaultKeepImages is some months of releases.
	DefaultKeepImages = 100
	// DefaultUntaggedDays is time enough to notice.
	DefaultUntaggedDays = 7
)

// Spec is what delivery is asked to be, as far as someone has rules about it.
type Spec struct {
	GitHub           GitHub
	OIDC             OIDC
	ExistingProvider bool
	Repository       Repository
	State            State
	Services         []string
}

// PreviewSubjects returns the subjects of jobs that preview: pull requests of the repository itself and, for drift, its
// branch. GitHub issues no token to a pull request from a fork (GitHub Docs, "OpenID Connect reference").
func (s Spec) PreviewSubjects() []string {
	if len(s.OIDC.PreviewSubjects) > 0 || !s.GitHub.On() {
		return s.OIDC.PreviewSubjects
	}
	return []string{s.GitHub.subject("pull_request"), s.GitHub.subject("ref:refs/heads/" + s.GitHub.Branch)}
}

// DeploySubjects returns the subjects of jobs that deploy: those of the environment, which GitHub starts only once its
// reviewers have approved them.
func (s Spec) DeploySubjects() []string {
	if len(s.OIDC.DeploySubjects) > 0 || !s.GitHub.On() {
		return s.OIDC.DeploySubjects
	}
	return []string{s.GitHub.subject("environment:" + s.GitHub.Environment)}
}

// subject returns the subject of a job. With the numbers nobody gets in who takes a name that was given up (GitHub Docs,
// "OpenID Connect reference").
func (g GitHub) subject(job string) string {
	if g.OwnerID == "" {
		return "repo:" + g.Owner + "/" + g.Repo + ":" + job
	}
	return "repo:" + g.Owner + "@" + g.OwnerID + "/" + g.Repo + "@" + g.RepoID + ":" + job
}

// Roles reports whether there are jobs that take on roles.
func (s Spec) Roles() bool { return len(s.PreviewSubjects())+len(s.DeploySubjects()) > 0 }
