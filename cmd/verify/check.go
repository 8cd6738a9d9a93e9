package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// check is one property of a live stack.
type check struct {
	name  string // stable, such as targets-healthy
	title string // what it asserts, a sentence
	run   func(ctx context.Context, l *live) finding
}

// checks are all of them, in no order that matters: results are sorted by name.
var checks = slices.Concat(webChecks, networkChecks, databaseChecks, operationsChecks)

// status is how a check ends.
type status string

const (
	statusPass status = "pass"
	statusFail status = "fail"
	statusSkip status = "skip"
)

// finding is what a check found.
type finding struct {
	status status
	seen   string
	remedy string // of a failure
}

func pass(format string, args ...any) finding {
	return finding{status: statusPass, seen: oneLine(fmt.Sprintf(format, args...))}
}

// fail reports a broken property. The remedy says what to do about it.
func fail(remedy, format string, args ...any) finding {
	return finding{status: statusFail, seen: oneLine(fmt.Sprintf(format, args...)), remedy: oneLine(remedy)}
}

// skip reports that a check does not apply to the stack, or that it may not look.
func skip(format string, args ...any) finding {
	return finding{status: statusSkip, seen: oneLine(fmt.Sprintf(format, args...))}
}

// failures returns a failure that names each of the faults, or what passes without any.
func failures(faults []string, remedy string, passes finding) finding {
	if len(faults) == 0 {
		return passes
	}
	return fail(remedy, "%s", strings.Join(faults, "; "))
}

var (
	// refusals are the codes that services of AWS refuse a caller with.
	refusals = []string{
		"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "UnauthorizedOperation",
	}
	refusedAction = regexp.MustCompile(`not authorized to perform: ([a-zA-Z0-9-]+:[a-zA-Z]+)`)
)

// unanswered returns the finding of a check whose question AWS did not answer: a refusal is a skip that names the missing
// permission.
func unanswered(err error) finding {
	if errors.Is(err, errGone) {
		return fail("check that credentials and outputs are of the same account and stack; then run pulumi up --refresh", "%v", err)
	}
	if !isRefusal(err) {
		return fail("run verify check again; if it happens again, check the credentials and that the stack exists", "AWS did not answer: %v", err)
	}
	return skip("missing permission: %s", missingAction(err))
}

// isRefusal says whether AWS refused a caller who lacks a permission.
func isRefusal(err error) bool {
	code, ok := errors.AsType[interface {
		error
		ErrorCode() string
	}](err)
	return ok && slices.Contains(refusals, code.ErrorCode())
}

// missingAction returns the IAM action that a refusal names, or else the operation that was refused.
func missingAction(err error) string {
	if found := refusedAction.FindStringSubmatch(err.Error()); found != nil {
		return found[1]
	}
	operation, ok := errors.AsType[interface {
		error
		Service() string
		Operation() string
	}](err)
	if !ok {
		return err.Error()
	}
	return operation.Service() + " " + operation.Operation()
}

// result is a check with its finding.
type result struct {
	check
	finding
}

// atOnce is how many checks run at the same time, so that they do not throttle each other.
const atOnce = 8

// runChecks runs all checks at once and returns their results, sorted by name. A check that has not ended when ctx does is a
// failure: what it asserts is not known.
func runChecks(ctx context.Context, l *live, all []check) []result {
	results := make([]result, len(all))
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for i, each := range all {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] = result{each, runCheck(ctx, l, each)}
		})
	}
	running.Wait()
	slices.SortFunc(results, func(a, b result) int { return strings.Compare(a.name, b.name) })
	return results
}

func runCheck(ctx context.Context, l *live, c check) finding {
	if ctx.Err() == nil {
		found := c.run(ctx, l)
		if ctx.Err() == nil || found.status == statusPass {
			return found
		}
	}
	return fail("run verify check again with a longer -timeout", "not finished when the time was up")
}

// count returns how many results have a status.
func count(results []result, s status) int {
	n := 0
	for _, each := range results {
		if each.status == s {
			n++
		}
	}
	return n
}

// days returns how many whole days are left until a time.
func days(until time.Time) int { return int(time.Until(until).Hours() / 24) }
