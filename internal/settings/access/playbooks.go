package access

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// Playbook is an Ansible playbook for every instance.
type Playbook struct {
	// Name of the playbook, such as moodle: at most 32 lowercase letters, digits and single hyphens.
	Name string `pulumi:"name,optional"`
	// Folder below that of the project, such as `examples/moodle`. Its files go to a private bucket, from which instances download
	// them. Changing a file runs the playbook on all instances, half of them at a time.
	Folder string `pulumi:"folder,optional"`
	// File in the folder that Ansible runs. Left out: `site.yml`.
	Playbook string `pulumi:"playbook,optional"`
	// Variables for the playbook, such as `{moodle_release: "5.3"}`. A plan compares them with those that the folder declares for
	// Ansible's play argument validation, `site.meta.yml` for `site.yml`. Never a secret: anyone who may read the stack sees
	// them.
	Variables map[string]string `pulumi:"variables,optional"`
	// When the playbook runs, in addition to once on every new instance: `rate(12 hours)`, 30 minutes or more and less than 31
	// days, or `cron(0 3 * * ? *)`, in UTC. Left out: `rate(1 day)`.
	Schedule string `pulumi:"schedule,optional"`

	// Files are the files of the folder, by path.
	Files map[string]string
}

// DefaultPlaybook is the file that Ansible runs.
const DefaultPlaybook = "site.yml"

// Digest identifies the files of a playbook. It is part of their path in the bucket, so that other files are at another path,
// and run at once.
func (p *Playbook) Digest() string {
	sum := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(p.Files)) {
		fmt.Fprintf(sum, "%d %s %d ", len(path), path, len(p.Files[path]))
		sum.Write([]byte(p.Files[path]))
	}
	return fmt.Sprintf("%x", sum.Sum(nil))[:12]
}

// ExtraVariables returns the variables in the format of the document AWS-ApplyAnsiblePlaybooks.
func (p *Playbook) ExtraVariables() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		words = append(words, name+"="+p.Variables[name])
	}
	return strings.Join(words, " ")
}

// extraValue is what the document AWS-ApplyAnsiblePlaybooks accepts as the value of a variable.
var extraValue = regexp.MustCompile(`^[^\s|:();&]+$`)

// Limits of a folder, so that each update stays quick: every file is a resource.
const (
	maxFiles = 100
	maxBytes = 1 << 20
)

func (p *Playbook) validate(f validate.Fields, before []Playbook) {
	validateName(f, &p.Name, slices.ContainsFunc(before, func(other Playbook) bool { return other.Name == p.Name }))
	f.Check(&p.Schedule, checkSchedule(p.Schedule))
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		if !variable.MatchString(name) || !extraValue.MatchString(p.Variables[name]) {
			f.AddEntry(&p.Variables, name, "must have a name of letters, digits and _, and a value without spaces and |:();&, which "+
				"SSM refuses, got %q", p.Variables[name])
		}
	}
	if len(p.Files) == 0 {
		return // reading the folder failed, which is a fault of its own
	}
	if _, found := p.Files[p.Playbook]; !found {
		f.Add(&p.Playbook, "there is no %s in the folder", p.Playbook)
	}
	p.validateVariables(f)
	size := 0
	for _, content := range p.Files {
		size += len(content)
	}
	if len(p.Files) > maxFiles || size > maxBytes {
		f.Add(&p.Folder, "must have at most %d files and %d bytes, got %d files and %d bytes: leave out what no instance needs",
			maxFiles, maxBytes, len(p.Files), size)
	}
}
