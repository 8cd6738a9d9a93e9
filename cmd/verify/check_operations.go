package main

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// operationsChecks are those of what tells people that something is wrong, or will be.
var operationsChecks = []check{
	{"alarms-present", "The alarms of the stack are there, with all that its composite alarms name.", alarmsPresent},
	{"alarms-enabled", "Each alarm has an action, and its actions are enabled.", alarmsEnabled},
	{"alarms-quiet", "No alarm is in ALARM.", alarmsQuiet},
	{"pages-subscribed", "Someone has confirmed a subscription to the topic of pages, and none is pending.", pagesSubscribed},
	{"notices-subscribed", "Someone has confirmed a subscription to the topic of notices, and none is pending.", noticesSubscribed},
	{"site-certificate", "The certificate of the site is trusted, and valid for more than 30 days.", siteCertificate},
	{"origin-certificate", "The certificate of each listener of the load balancer is valid for more than 30 days.", originCertificate},
	{"outputs-current", "The outputs are those of the stack's last update, which its SSM parameter has.", outputsCurrent},
}

const outputsRemedy = "take the outputs of this stack after its last update: pulumi stack output --json, or -stack; if an update failed, run pulumi up"

func outputsCurrent(ctx context.Context, l *live) finding {
	name := l.outputs.ParameterPrefix + "/outputs"
	if !l.outputs.written.IsZero() {
		return skip("they were read from %s, written %s", name, l.outputs.written.UTC().Format(time.RFC3339))
	}
	found, err := l.aws.parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return unanswered(err)
	}
	var published map[string]any
	if err := json.Unmarshal([]byte(aws.ToString(found.Parameter.Value)), &published); err != nil {
		return fail("run pulumi up --refresh, which writes it again", "%s is not a JSON object: %v", name, err)
	}
	all := maps.Clone(published)
	maps.Copy(all, l.outputs.all)
	var differ []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !reflect.DeepEqual(published[key], l.outputs.all[key]) {
			differ = append(differ, key)
		}
	}
	if len(differ) > 0 {
		return fail(outputsRemedy, "%s differs in %s", name, strings.Join(differ, ", "))
	}
	return pass("%s has the same %d outputs", name, len(published))
}
