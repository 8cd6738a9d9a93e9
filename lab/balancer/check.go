package balancer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// backend is a target as one node sees it.
type backend struct {
	node   *node
	target *target
	proxy  *httputil.ReverseProxy
	idle   interface{ CloseIdleConnections() }

	// Guarded by Balancer.mutex.
	state       types.TargetHealthStateEnum
	reason      types.TargetHealthReasonEnum
	description string
	good, bad   int // checks in a row
	outstanding int // requests
}

// result is the outcome of one check: a reason, or none if the target is well.
type result struct {
	reason      types.TargetHealthReasonEnum
	description string
}

// watch checks a target until ctx ends. "Each health check request is independent and the result lasts for the entire interval.
// The time that it takes for the target to respond does not affect the interval for the next health check request" (user guide,
// "Health checks for Application Load Balancer target groups").
func (k *backend) watch(ctx context.Context) {
	defer k.idle.CloseIdleConnections() // the target may be about to shut down
	check := k.node.balancer.settings.HealthCheck
	client := &http.Client{
		Timeout: check.Timeout,
		// The node closes the connection of each check.
		Transport:     &http.Transport{DialContext: k.node.within(check.Timeout), DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ticker := time.NewTicker(check.Interval)
	defer ticker.Stop()
	for {
		outcome := k.check(ctx, client, "http://"+k.target.address.String()+check.Path)
		if ctx.Err() != nil {
			return
		}
		k.observe(outcome)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (k *backend) check(ctx context.Context, client *http.Client, url string) result {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return result{types.TargetHealthReasonEnumInternalError, err.Error()}
	}
	request.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	response, err := client.Do(request)
	if isTimeout(err) {
		return result{types.TargetHealthReasonEnumTimeout, timedOut}
	}
	if err != nil {
		return result{types.TargetHealthReasonEnumFailedHealthChecks, failedChecks}
	}
	response.Body.Close()
	if !k.node.balancer.matches(response.StatusCode) {
		return result{
			types.TargetHealthReasonEnumResponseCodeMismatch,
			fmt.Sprintf("Health checks failed with these codes: [%d]", response.StatusCode),
		}
	}
	return result{}
}

// observe draws the consequence of a check. "After your target is registered, it must pass one health check to be considered
// healthy"; once unhealthy, it takes as many in a row as the threshold says (user guide, as above).
func (k *backend) observe(outcome result) {
	b := k.node.balancer
	b.mutex.Lock()
	defer b.mutex.Unlock()
	check := b.settings.HealthCheck
	if outcome.reason == "" {
		k.good, k.bad = k.good+1, 0
		if k.state == types.TargetHealthStateEnumInitial || k.good >= check.HealthyThreshold {
			k.state, k.reason, k.description = types.TargetHealthStateEnumHealthy, "", ""
		}
	} else {
		k.good, k.bad = 0, k.bad+1
		switch {
		case k.bad >= check.UnhealthyThreshold || k.state == types.TargetHealthStateEnumUnhealthy:
			k.state, k.reason, k.description = types.TargetHealthStateEnumUnhealthy, outcome.reason, outcome.description
		case k.state == types.TargetHealthStateEnumInitial:
			k.reason, k.description = types.TargetHealthReasonEnumInitialHealthChecking, initialChecks
		}
	}
	if !k.target.draining {
		b.report(k.target)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
