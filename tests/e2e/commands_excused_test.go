//go:build e2e

package e2e

import (
	"strings"

	"ha-web/tests/pages"
)

// reason says why a block of commands is not run.
type reason struct {
	command string // part of the block, a page, or page#section
	why     string
}

// find returns the first reason not to run a block.
func find(reasons []reason, block pages.Block) (reason, bool) {
	for _, each := range reasons {
		if strings.Contains(block.Text, each.command) || each.command == block.Page+"#"+block.Section || each.command == block.Page {
			return each, true
		}
	}
	return reason{}, false
}

const (
	otherCompany = "the CLI of another company, with an account there"
	noSite       = "requests go to the site, whose name does not resolve here"
	onInstance   = "runs on an instance, in a session"
	tunnel       = "needs the port forward to the database"
	itself       = "a test suite, which runs by itself"
)

// notHere are commands that no test can run on this machine.
var notHere = []reason{
	{"docs/recovery.md", "replaces the database and moves the stack to another region, which other commands must not meet: tests of their own do both"},
	{"docs/delivery.md#A staging copy", "has two stacks: a test of the program derives and plans its stack file"},
	{"app/README.md", "runs the application on this machine, as the tests of its module do"},
	{"gh workflow run", otherCompany},
	{"gh api", otherCompany},
	{"docker login", otherCompany},
	{"curl -sS -o /dev/null", noSite},
	{"verify load", noSite + ": the load test of cmd/verify has tests of its own"},
	{"verify drill", "breaks something: the drills of cmd/verify have tests of their own"},
	{"verify check", "fails because the site does not answer: TestProdStack runs it, and holds each of its checks to what an emulator can show"},
	{"go test ./...", itself},
	{"make ", itself},
	{"go run -C app", "builds an image of the application: its module has tests"},
	{"checkip.amazonaws.com", "asks the internet for the address of this machine"},
	{"apt-get install", "changes this machine"},
	{"pulumi stack init dev", "creates another stack, as every test of this package does"},
	{"pulumi new", "creates another project: TestNewProject does"},
	{"./cmd/change open", "asks ServiceNow: cmd/change has tests of its own"},
	{"ps -eo", onInstance},
	{"df -h /", onInstance},
	{"read -rs PASSWORD", onInstance},
	{"sudo -u moodle", onInstance},
	{"ansible-playbook", "a test of the example runs it"},
	{"describe-association-execution-targets", "needs an instance that runs the SSM Agent, and the AWS CLI does not check this one without asking"},
	{"ha-web-incidents-undelivered", "the stack has no ServiceNow, and no such queue"},
	{"psql \"$connection\"", tunnel},
	{"modify-capacity-reservation", "is newer than the AWS CLI of Debian 12, which this has to run with"},
}

// lacking are commands of AWS that the emulator has no answer for: the AWS CLI checks them and their options, and that is all.
var lacking = []reason{
	{"aws cloudtrail lookup-events", "no CloudTrail"},
	{"aws cloudwatch describe-alarm-history", "no history of alarms"},
	{"aws savingsplans", "no Savings Plans"},
	{"aws rds describe-reserved-db-instances-offerings", "no reserved instances"},
	{"aws compute-optimizer", "no recommendations"},
	{"aws arc-zonal-shift", "no zonal shifts"},
	{"aws service-quotas request-service-quota-increase", "no requests for quotas"},
	{"aws ssm start-session", "no instance runs the SSM Agent"},
}
