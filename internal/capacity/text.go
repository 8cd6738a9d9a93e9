package capacity

import (
	"fmt"
	"strconv"
	"strings"
)

// Lines returns the capacity for people, a line each: a name, a tab, and what there is to know.
func (c Capacity) Lines() []string {
	var lines []string
	for _, each := range []struct{ name, text string }{
		{"instances", c.instances()},
		{"vCPUs", c.vcpus()},
		{"quotas", c.quotas()},
		{"connections", c.connections()},
		{"scale-out", c.scaleOut()},
		{"exams", c.exams()},
		{"requests", c.requests()},
	} {
		name := each.name
		for _, line := range strings.Split(each.text, "\n") {
			if line != "" {
				lines = append(lines, name+"\t"+line)
			}
			name = ""
		}
	}
	return lines
}

// each returns a number at each size.
func (s Sizes) each() string {
	var parts []string
	for _, each := range []struct {
		number int
		when   string
	}{
		{s.Min, "at size.min"}, {s.Exams, "at exams.min"}, {s.Max, "at size.max"}, {s.Rollout, "while a release rolls out at size.max"},
	} {
		if each.number > 0 {
			parts = append(parts, grouped(each.number)+" "+each.when)
		}
	}
	return strings.Join(parts, ", ")
}

func (c Capacity) instances() string { return c.Instances.each() }

func (c Capacity) vcpus() string {
	types := strings.Join(c.stack.Web.InstanceTypes, " or ")
	if c.VCPUs.Max == 0 {
		return "unknown for " + types + ": see aws ec2 describe-instance-types"
	}
	return c.VCPUs.each() + " (" + types + ")"
}

func (c Capacity) quotas() string {
	if c.VCPUs.Max == 0 {
		return ""
	}
	if !c.stack.Web.Standard() {
		return fmt.Sprintf("%d vCPUs, of the EC2 quotas of the families listed: Service Quotas names them", c.Quota.OnDemand+c.Quota.Spot)
	}
	text := fmt.Sprintf("%d vCPUs of L-1216C47A, Running On-Demand Standard instances; a new account may have as few as 1", c.Quota.OnDemand)
	if c.Quota.Spot > 0 {
		text += fmt.Sprintf("\n%d vCPUs of L-34B43A08, All Standard Spot Instance Requests", c.Quota.Spot)
	}
	return text
}

func (c Capacity) connections() string {
	database, n := &c.stack.Database, c.Connections
	text := fmt.Sprintf("%s from the application (size.max x poolSize); %s", grouped(n.Clients), c.accepted(n.Proxy, n.Database, database.InstanceClass))
	if n.DatabaseInExams > 0 {
		text += "\nin exams " + c.accepted(n.ProxyInExams, n.DatabaseInExams, c.stack.ExamClass())
	}
	return text
}

// accepted says how many connections the proxy opens, if there is one, and the database accepts.
func (c Capacity) accepted(proxy, database int, class string) string {
	text := fmt.Sprintf("%s accepts %s", class, grouped(database))
	if c.stack.Database.Proxy.Enabled {
		text = fmt.Sprintf("RDS Proxy opens at most %s, and %s", grouped(proxy), text)
	}
	return text
}

func (c Capacity) scaleOut() string {
	web := &c.stack.Web
	if c.ScaleOut.ByCPU == 0 && c.ScaleOut.ByRequests == 0 {
		return "not by load: schedules and web.size set the number of instances"
	}
	var ways []string
	if c.ScaleOut.ByCPU > 0 {
		ways = append(ways, fmt.Sprintf("%d minutes by CPU (%s, each at most %s times as many)",
			c.ScaleOut.ByCPU, steps(web.StepsByCPU(c.Instances.Min, c.Instances.Max)), factor(web.Scaling.CPUPercent)))
	}
	if c.ScaleOut.ByRequests > 0 {
		ways = append(ways, fmt.Sprintf("%d minutes by requests (1 step)", c.ScaleOut.ByRequests))
	}
	return fmt.Sprintf("%d to %d instances in about %s", c.Instances.Min, c.Instances.Max, strings.Join(ways, ", "))
}

func (c Capacity) exams() string {
	exams := &c.stack.Web.Exams
	if !exams.On() {
		return ""
	}
	text := fmt.Sprintf("%d instances from %s before %s, by the calendar", c.Instances.Exams, hours(exams.LeadHours), exams.RushAt)
	if c.ScaleOut.ByCPUFromExams > 0 {
		text += fmt.Sprintf("; %d more in about %d minutes by CPU", c.Instances.Max-c.Instances.Exams, c.ScaleOut.ByCPUFromExams)
	}
	if class := c.stack.ExamClass(); class != c.stack.Database.InstanceClass {
		text += fmt.Sprintf("\n%s instead of %s: run an update days before and one after", class, c.stack.Database.InstanceClass)
	}
	return text
}

func (c Capacity) requests() string {
	if c.RequestsPerSecond.Max == 0 {
		return "not measured: a load test says what one vCPU serves, web.capacity.requestsPerVcpu"
	}
	return fmt.Sprintf("a second: %s", c.RequestsPerSecond.each())
}

func steps(count int) string {
	if count == 1 {
		return "1 step"
	}
	return fmt.Sprintf("%d steps", count)
}

func hours(count int) string {
	if count == 1 {
		return "1 hour"
	}
	return fmt.Sprintf("%d hours", count)
}

// factor returns how many times as many instances a step by CPU utilization makes, to one decimal.
func factor(percent int) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", 100/float64(percent)), ".0")
}

// grouped returns a number with its thousands apart.
func grouped(number int) string {
	text := strconv.Itoa(number)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
