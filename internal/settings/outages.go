package settings

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Facts returns the settings that the outputs publish, by the names of outputs: pipelines use them, and the next update compares them with
// its own settings, to announce what takes the site down.
func (s *Settings) Facts() map[string]any {
	protocol := "https"
	if s.PlainHTTP() {
		protocol = "http"
	}
	return map[string]any{
		"albProtocol":                protocol,
		"applicationPort":            s.Web.Port,
		"availabilityZones":          s.Network.AvailabilityZones,
		"cdnEnabled":                 s.CDN.Enabled,
		"databaseEngine":             string(s.Database.Engine),
		"databaseInstanceClass":      s.Database.InstanceClass,
		"databaseName":               s.Database.Name,
		"databaseOperators":          s.Database.Operators,
		"databaseProxyEnabled":       s.Database.Proxy.Enabled,
		"databaseRestore":            s.Database.Restore.String(),
		"databaseSnapshotIdentifier": s.Database.SnapshotIdentifier,
		"databaseUsername":           s.Database.Username,
		"databaseVersion":            s.Database.Version,
		"domainName":                 s.Domain.Name,
		"environment":                string(s.Environment),
		"ingress":                    string(s.Web.Ingress),
		"vpcCidr":                    s.Network.CIDR,
	}
}

// Outputs returns the settings that are outputs of the stack.
func (s *Settings) Outputs() pulumi.Map { return pulumi.ToMap(s.Facts()) }

// Outages returns a note for each setting whose change from these outputs, those of the update before, takes the site down or fails:
// what happens, for how long, and what to do about it. What the outputs do not have is not compared.
func (s *Settings) Outages(before map[string]any) []string {
	now := plain(s.Facts())
	var notes []string
	for _, each := range outages {
		old, known := before[each.output]
		if !known || reflect.DeepEqual(old, now[each.output]) || each.harmless != nil && each.harmless(old, now[each.output]) {
			continue
		}
		notes = append(notes, fmt.Sprintf("%s changes from %s to %s: %s", each.setting, shown(old), shown(now[each.output]), each.says(s)))
	}
	return notes
}

// OutageKeys returns the settings whose change takes the site down or fails, each once.
func OutageKeys() []string {
	var keys []string
	for _, each := range outages {
		keys = append(keys, each.setting)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// outage is a setting whose change takes the site down or fails.
type outage struct {
	setting string
	// output is what has the value of the update before, as Facts has that of this one.
	output string
	// harmless reports whether a change from one value to another does not. nil: no change is.
	harmless func(before, now any) bool
	// says is what happens, for how long, and what to do about it.
	says func(*Settings) string
}

// always returns what happens whatever the other settings are.
func always(text string) func(*Settings) string { return func(*Settings) string { return text } }

// replaced says what a change does that AWS cannot make to a database.
const replaced = "AWS cannot change it: the update fails if database.deletionProtection is on, and else deletes the database and creates an " +
	"empty one, 15 to 30 minutes without a database, and without its data. "

var outages = []outage{
	{
		setting: "web.port", output: "applicationPort",
		says: always("the site answers 502 and 503 for 5 to 8 minutes. Security groups and the target group change at once, and the first instance " +
			"that listens on the new port takes that long to become healthy. Deploy it in a maintenance window"),
	}, {
		setting: "domain.name", output: "albProtocol",
		says: always("the load balancer moves between ports 80 and 443 at once, and CloudFront follows when the certificates are issued and the " +
			"distribution is deployed: 504 for 10 to 30 minutes, for longer if someone has to create the DNS records. With domain.certificateArn and " +
			"domain.cdnCertificateArn set to certificates that are issued already it takes about 10. Deploy it in a maintenance window"),
	}, {
		setting: "domain.name", output: "domainName", harmless: func(before, now any) bool { return before == "" || now == "" },
		says: always("the old name stops resolving when the update ends, and the new one begins to with the records that it creates. List the new " +
			"name in domain.aliases first, and the old one there afterwards, and both resolve throughout. Lower the TTL of records that you keep " +
			"yourself the day before"),
	}, {
		setting: "cdn.enabled", output: "cdnEnabled",
		says: always("the load balancer changes whom it answers at once, and CloudFront and DNS follow: errors for 5 to 15 minutes, and a new URL " +
			"if the site has no domain.name. To turn CloudFront on without an outage set web.ingress: internet as well, and take that out in a " +
			"second update when the new records have reached everyone"),
	}, {
		setting: "network.availabilityZones", output: "availabilityZones", harmless: onlyAdds,
		says: func(s *Settings) string {
			text := "instances of the zones that are left out move to the others, and RDS refuses to give up a subnet that the database or its standby uses: " +
				"the update may fail after 20 minutes, while the site stays up. Fail the database over to a zone that stays first"
			if s.Database.Proxy.Enabled {
				text += ". The database proxy keeps a network interface in each subnet that it was created in, which cannot be deleted before the proxy: " +
					"turn database.proxy.enabled off in an update of its own first, and on again afterwards"
			}
			return text
		},
	}, {
		setting: "network.cidr", output: "vpcCidr",
		says: always("AWS cannot change it: the update would replace the VPC and everything in it, the database too. It fails if " +
			"database.deletionProtection is on, and else takes the site down for 30 minutes or longer, and the data is gone. Create a second stack, " +
			"move the data, and point the domain at it"),
	}, {
		setting: "database.engine", output: "databaseEngine",
		says: always(replaced + "Create a second stack with the new engine, move the data, and point the domain at it"),
	}, {
		setting: "database.version", output: "databaseVersion",
		says: always("RDS stops the database for the upgrade, for 10 to 30 minutes in most cases, and a standby does not help. AWS refuses it without " +
			"database.allowMajorUpgrade, and never goes back to an earlier version. Try it on a restored copy, and deploy it in a maintenance window"),
	}, {
		setting: "database.instanceClass", output: "databaseInstanceClass",
		says: func(s *Settings) string {
			when, long := "in the maintenance window ("+s.Database.MaintenanceWindow+" UTC)", "5 to 10 minutes, because there is no standby"
			if s.Database.ApplyImmediately || s.Database.AllowMajorUpgrade {
				when = "during this update"
			}
			if s.Database.MultiAZ {
				long = "one to two minutes, while the standby takes over"
			}
			return "RDS restarts the database " + when + ": requests that need it fail for " + long
		},
	}, {
		setting: "database.name", output: "databaseName",
		says: always(replaced + "Create the database by SQL under the new name instead, and have the application use that"),
	}, {
		setting: "database.username", output: "databaseUsername",
		says: always(replaced + "Create the user by SQL instead"),
	}, {
		setting: "database.snapshotIdentifier", output: "databaseSnapshotIdentifier",
		says: always("the database is replaced with one restored from the snapshot: what was written after the snapshot is gone, and applications " +
			"lose the database until they read the new host. Taken out, an empty database takes its place. The update fails if " +
			"database.deletionProtection is on. docs/recovery.md, \"From a snapshot\", has the steps"),
	}, {
		setting: "database.restore", output: "databaseRestore",
		says: always("the database is replaced with one restored from the automated backup: what was written after that time is gone, and " +
			"applications lose the database until they read the new host. Taken out, an empty database takes its place. The update fails if " +
			"database.deletionProtection is on. docs/recovery.md, \"Point in time\", has the steps"),
	}, {
		setting: "database.proxy.enabled", output: "databaseProxyEnabled",
		says: always("the host in the SSM parameter database/endpoint changes, and the security groups with it: applications that read it only when " +
			"they start lose the database until their instances are replaced, about 10 minutes after " +
			"`aws autoscaling start-instance-refresh`. Deploy it in a maintenance window"),
	},
}

// onlyAdds reports whether a list has all of the list before.
func onlyAdds(before, now any) bool {
	old, _ := before.([]any)
	list, _ := now.([]any)
	return !slices.ContainsFunc(old, func(each any) bool { return !slices.Contains(list, each) })
}

// plain returns values as JSON has them, which outputs are compared as.
func plain(values map[string]any) map[string]any {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // Facts are strings, numbers, booleans and lists of strings
	}
	var decoded map[string]any
	if err := json.Unmarshal(text, &decoded); err != nil {
		panic(err)
	}
	return decoded
}

// shown returns a value of an output for people.
func shown(value any) string {
	switch value := value.(type) {
	case string:
		if value == "" {
			return "none"
		}
	case []any:
		return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(value), "[]")), ", ")
	}
	return fmt.Sprint(value)
}
