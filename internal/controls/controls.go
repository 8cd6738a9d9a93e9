// Package controls holds a recorded program to published security controls and to the availability rules of the design:
// what a posture scanner says of an account weeks later, this says of every plan, with nothing but the recording.
//
// Sources: AWS Security Hub (https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html)
// for controls by its ids; the network part of the CIS AWS Foundations Benchmark, v3.0.0 and v5.0.0; and the rules of this
// program's own design, for those named HA. Severities and numbers of days are Security Hub's, but for the severities of CloudFront.17 and SQS.3,
// of which its guide could not be read.
package controls

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"ha-web/internal/offline"
)

// Severity is how bad a failed control is, as Security Hub has it.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// Control is one rule about resources of some types.
type Control struct {
	// ID is what its publisher calls it, such as EC2.170 of Security Hub, or HA and a number for one of the design.
	ID string `json:"id"`
	// Also are the ids of published controls that ask for nothing else.
	Also []string `json:"also,omitempty"`
	// Title says what has to be.
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
	// Types are those of the resources that it is about; * is all.
	Types []string `json:"types"`
	// Remedy is what to do where it fails, as an order.
	Remedy string `json:"remedy"`

	where func(*plan, resource) bool
	// check returns what is wrong with a resource, or nothing.
	check func(*plan, resource) string
}

// Others returns the ids of published controls that ask for the same in brackets, or nothing.
func (c Control) Others() string {
	if len(c.Also) == 0 {
		return ""
	}
	return " (" + strings.Join(c.Also, ", ") + ")"
}

// Status is what became of a control.
type Status string

// The statuses.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	Excepted      Status = "exception"      // all that fails has a written reason
	NotApplicable Status = "not applicable" // there is no such resource
)

// Finding is a resource that a control found something wrong with.
type Finding struct {
	Resource string `json:"resource"` // "<type>::<name>"
	Fault    string `json:"fault"`
	// Exception is the reason why it may be so, empty where there is none.
	Exception string `json:"exception,omitempty"`
}

// Result is what became of one control.
type Result struct {
	Control
	Status   Status    `json:"status"`
	Findings []Finding `json:"findings,omitempty"`
}

// Exception is a reason why a control may fail.
type Exception struct {
	Control string
	Reason  string

	where func(*plan, resource) bool // nil: everywhere
}

// All returns all controls in the order of their ids, those of the design last.
func All() []Control {
	all := slices.Concat(
		certificates(), autoScaling(), cloudFront(), cloudWatch(), firehose(), network(), instances(), registry(), loadBalancing(),
		identity(), keys(), databases(), buckets(), secrets(), topicsAndQueues(), systemsManager(), firewall(),
		availability(), secrecy(),
	)
	slices.SortFunc(all, func(a, b Control) int { return byID(a.ID, b.ID) })
	return all
}

// byID orders ids by service, then by number.
func byID(a, b string) int {
	serviceA, numberA := split(a)
	serviceB, numberB := split(b)
	own := func(service string) int {
		if service == "HA" {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(own(serviceA), own(serviceB)), strings.Compare(serviceA, serviceB), cmp.Compare(numberA, numberB))
}

func split(id string) (service string, number int) {
	service, digits, _ := strings.Cut(id, ".")
	number, _ = strconv.Atoi(digits) // ids end in numbers: a test holds them to it
	return service, number
}

// Run holds a recording to all controls. Besides the exceptions of this package, concessions are reasons by the id of the
// control that may fail for them. The recording has to know its ids: that of a preview does not.
func Run(recording *offline.Recording, concessions map[string]string) []Result {
	plan, exceptions := newPlan(recording), map[string][]Exception{}
	for _, each := range Exceptions() {
		exceptions[each.Control] = append(exceptions[each.Control], each)
	}
	var results []Result
	for _, control := range All() {
		results = append(results, control.run(plan, exceptions[control.ID], concessions[control.ID]))
	}
	return results
}

func (c Control) run(plan *plan, exceptions []Exception, concession string) Result {
	result := Result{Control: c, Status: NotApplicable}
	for _, kind := range c.Types {
		for _, each := range plan.of(kind) {
			if c.where != nil && !c.where(plan, each) {
				continue
			}
			if result.Status == NotApplicable {
				result.Status = Pass
			}
			if fault := c.check(plan, each); fault != "" {
				result.Findings = append(result.Findings, Finding{each.Key(), fault, cmp.Or(reason(exceptions, plan, each), concession)})
			}
		}
	}
	if len(result.Findings) > 0 {
		result.Status = Excepted
	}
	if slices.ContainsFunc(result.Findings, func(f Finding) bool { return f.Exception == "" }) {
		result.Status = Fail
	}
	return result
}

// reason returns that of the first exception that holds for a resource, if there is one.
func reason(exceptions []Exception, plan *plan, each resource) string {
	for _, exception := range exceptions {
		if exception.where == nil || exception.where(plan, each) {
			return exception.Reason
		}
	}
	return ""
}

// Counts returns how many results have each status.
func Counts(results []Result) map[Status]int {
	counts := map[Status]int{}
	for _, result := range results {
		counts[result.Status]++
	}
	return counts
}
