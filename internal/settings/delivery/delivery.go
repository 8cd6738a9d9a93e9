// Package delivery holds the settings of the image repository and of the roles that CI jobs assume, and what AWS and GitHub
// require of them. A stack file has them under delivery.
package delivery

import "cmp"

// Settings describe how changes reach the stack. The comments of the fields are the text of docs/settings.md.
type Settings struct {
	// ECR repository for the container images of the application.
	Repository Repository `pulumi:"repository,optional"`
	// GitHub repository whose workflows preview and deploy the stack: their jobs assume IAM roles by OpenID Connect, without
	// access keys. Left out, and without delivery.oidc subjects: no roles are created.
	GitHub GitHub `pulumi:"github,optional"`
	// Another CI system whose jobs preview and deploy the stack by OpenID Connect, in place of GitHub.
	OIDC OIDC `pulumi:"oidc,optional"`
	// Whether the account already has an IAM identity provider for the issuer, such as one that another stack created. An
	// account can have only one for each issuer. Changing it to true deletes the provider that this stack created.
	ExistingProvider bool `pulumi:"existingProvider,optional"`
	// Where Pulumi stores the state of the stack, for the role that previews and has to read it.
	State State `pulumi:"state,optional"`
	// Further services that roles of the stack may use, as the prefix of their IAM actions, such as `ses`. A permissions
	// boundary denies all others, whatever the policies of a role allow. A prefix alone grants nothing.
	Services []string `pulumi:"services,optional"`
	// Whether Pulumi refuses to delete the image repository, and the SSM parameter with the outputs of the stack. Nothing can be
	// deleted before that parameter: with true, `pulumi destroy` fails before it deletes anything. With false, deleting the
	// repository deletes its images too.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`

	begun bool
}

// Repository describes the repository of container images.
type Repository struct {
	// Whether there is an image repository. It requires the Pulumi plugin awsx, which `pulumi up` installs by itself.
	// Cost: 0.10 USD a GB.
	Enabled bool `pulumi:"enabled,optional"`
	// Number of images to keep, 2 to 10000: ECR deletes the oldest beyond it. Instances pull the image of web.container when
	// they boot, so keep enough for the release in use and those to roll back to.
	KeepImages int `pulumi:"keepImages,optional"`
	// Days after which ECR deletes images that have no tag, 1 to 365.
	UntaggedDays int `pulumi:"untaggedDays,optional"`
	// Second region that gets a copy of each image that is pushed, such as `us-west-2`, in a repository of the same name, for a stack that
	// is brought up there after the loss of aws:region. Images from before are not copied: push them again. Replication is one setting
	// of the whole account in aws:region: this replaces what is there, so only one stack of a region can set it, and other repositories
	// whose names begin with that of this one are copied too. Left out: none.
	// Cost: 0.10 USD a GB of images, and 0.02 USD a GB of traffic.
	ReplicaRegion string `pulumi:"replicaRegion,optional"`
}

// GitHub is the repository whose workflows deploy the stack.
type GitHub struct {
	// GitHub organization or user that owns the repository.
	Owner string `pulumi:"owner,optional"`
	// Name of the GitHub repository, without its owner.
	Repo string `pulumi:"repo,optional"`
	// Numeric id of the owner of the GitHub repository: `gh api repos/<owner>/<repo> --jq '.owner.id, .id'` prints it, and below
	// it the id of the repository. Tokens of repositories that were created, renamed or transferred since July 15, 2026 contain
	// both ids, those of older repositories neither. Left out: the repository is an older one.
	OwnerID string `pulumi:"ownerId,optional"`
	// Numeric id of the GitHub repository. Required with delivery.github.ownerId.
	RepoID string `pulumi:"repoId,optional"`
	// GitHub environment whose jobs deploy the stack. Left out: the name of the stack.
	Environment string `pulumi:"environment,optional"`
	// Branch whose jobs may preview the stack, such as the nightly drift check.
	Branch string `pulumi:"branch,optional"`
}

// On reports whether there is a repository.
func (g *GitHub) On() bool { return g.Owner != "" || g.Repo != "" }

// OIDC is what the tokens of CI jobs contain.
type OIDC struct {
	// Issuer of the tokens of CI jobs, such as `https://jenkins.example.edu/oidc`. Changing it replaces the IAM identity
	// provider.
	Issuer string `pulumi:"issuer,optional"`
	// Audience (`aud`) of the tokens of CI jobs.
	Audience string `pulumi:"audience,optional"`
	// Subjects (`sub`) of the jobs that may preview the stack, exactly as their tokens contain them. Left out: those of pull
	// requests and of the branch of delivery.github.
	PreviewSubjects []string `pulumi:"previewSubjects,optional"`
	// Subjects (`sub`) of the jobs that may deploy the stack, exactly as their tokens contain them. Left out: that of the
	// environment of delivery.github.
	DeploySubjects []string `pulumi:"deploySubjects,optional"`
}

// State is where Pulumi stores the state of the stack.
type State struct {
	// Name of the S3 bucket that stores the state. Left out: the state is elsewhere, such as in Pulumi Cloud.
	Bucket string `pulumi:"bucket,optional"`
	// ARN of the KMS key that encrypts the bucket of the state, or the secrets in the state
	// (`pulumi stack init --secrets-provider awskms://...`). Left out: there is none.
	KeyARN string `pulumi:"keyArn,optional"`
}

// GitHubIssuer is the issuer of the tokens of GitHub Actions.
const GitHubIssuer = "https://token.actions.githubusercontent.com"

// Default returns the settings of a stack file that sets none: an image repository, and no roles.
func Default() Settings {
	return Settings{
		Repository: Repository{Enabled: true, KeepImages: 100, UntaggedDays: 7},
		GitHub:     GitHub{Branch: "main"},
		// The audience is the default of the action aws-actions/configure-aws-credentials.
		OIDC:               OIDC{Issuer: GitHubIssuer, Audience: "sts.amazonaws.com"},
		DeletionProtection: true,
		begun:              true,
	}
}

// Resolved returns the settings of a stack with this name, with the defaults that depend on it.
func (s Settings) Resolved(stack string) Settings {
	s.GitHub.Environment = cmp.Or(s.GitHub.Environment, stack)
	return s
}

// PreviewSubjects returns the subjects of jobs that preview: pull requests of the repository itself and, for drift, its
// branch. GitHub issues no token to a pull request from a fork (GitHub Docs, "OpenID Connect reference").
func (s *Settings) PreviewSubjects() []string {
	if len(s.OIDC.PreviewSubjects) > 0 || !s.GitHub.On() {
		return s.OIDC.PreviewSubjects
	}
	return []string{s.GitHub.subject("pull_request"), s.GitHub.subject("ref:refs/heads/" + s.GitHub.Branch)}
}

// DeploySubjects returns the subjects of jobs that deploy: those of the environment, which GitHub starts only once its
// reviewers have approved them.
func (s *Settings) DeploySubjects() []string {
	if len(s.OIDC.DeploySubjects) > 0 || !s.GitHub.On() {
		return s.OIDC.DeploySubjects
	}
	return []string{s.GitHub.subject("environment:" + s.GitHub.Environment)}
}

// subject returns the subject of a job. The ids keep out a new owner of a name that was given up (GitHub Docs,
// "OpenID Connect reference").
func (g *GitHub) subject(job string) string {
	if g.OwnerID == "" {
		return "repo:" + g.Owner + "/" + g.Repo + ":" + job
	}
	return "repo:" + g.Owner + "@" + g.OwnerID + "/" + g.Repo + "@" + g.RepoID + ":" + job
}

// Roles reports whether there are jobs that assume roles.
func (s *Settings) Roles() bool { return len(s.PreviewSubjects())+len(s.DeploySubjects()) > 0 }

// OutputsParameter returns the name of the SSM parameter with the outputs of a stack.
func OutputsParameter(component, stack string) string {
	return ParameterPath(component, stack) + "/outputs"
}

// ParameterPath returns the path of the SSM parameters of a stack.
func ParameterPath(component, stack string) string { return "/" + component + "/" + stack }
