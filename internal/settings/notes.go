package settings

import (
	"fmt"
	"slices"
	"strings"

	"ha-web/internal/settings/network"
)

// smtpPort is that between mail servers (Amazon EC2 user guide, "Restriction on email sent using port 25").
const smtpPort = 25

// Notes returns what a person should know about these settings before deploying them.
func (s *Settings) Notes() []string {
	notes := append(s.cdnNotes(), s.standbyNotes()...)
	switch s.Network.NATGateways {
	case network.NATSingle:
		notes = append(notes, "one NAT gateway: instances in every zone lose the internet with zone "+s.Network.AvailabilityZones[0])
	case network.NATNone:
		if missing := s.unreachable(); len(missing) > 0 {
			notes = append(notes, "no NAT gateway: instances reach neither the internet nor, without an endpoint in "+
				"network.interfaceEndpoints, "+strings.Join(missing, ", "))
		}
	}
	if slices.Contains(s.Network.EgressPorts, smtpPort) {
		notes = append(notes, "network.egressPorts has 25, which AWS blocks for instances until you request its removal: mail servers accept "+
			"mail of applications on port 587")
	}
	if parameter := s.Web.FloatingImage(); parameter != "" {
		notes = append(notes, "floating image: each update rolls out the newest version of "+parameter+"; a version in web.image pins one")
	}
	for _, each := range s.Web.Schedules {
		if each.Min < len(s.Network.AvailabilityZones) {
			notes = append(notes, fmt.Sprintf("schedule %s: with min %d a zone may have no instance", each.Name, each.Min))
		}
	}
	for _, each := range s.Web.Unlowered() {
		notes = append(notes, fmt.Sprintf("schedule %s: raises the minimum to %d, and no other schedule lowers it: add one that does", each.Name, each.Min))
	}
	notes = append(notes, s.fullFleets()...)
	notes = append(notes, s.scheduleNotes()...)
	notes = append(notes, s.rushNotes()...)
	if !s.Database.MultiAZ {
		notes = append(notes, "database in one zone: the site is down with it while its machine is replaced, and with the zone "+
			"until someone restores it")
	}
	if note := s.borrowNote(); note != "" {
		notes = append(notes, note)
	}
	return slices.Concat(s.notes, s.waiverNotes(), notes, s.Monitoring.Notes(), s.deliveryNotes(), s.accessNotes())
}

// idleSeconds is the idle timeout of the load balancer, which the stack leaves at AWS's default.
const idleSeconds = 60

// borrowNote returns a note where requests still wait for the database when nobody waits for their answers.
func (s *Settings) borrowNote() string {
	patience, of := idleSeconds, "the load balancer"
	if s.CDN.Enabled && s.CDN.OriginReadSeconds <= patience {
		patience, of = s.CDN.OriginReadSeconds, "CloudFront (cdn.originReadSeconds)"
	}
	if proxy := s.Database.Proxy; proxy.Enabled && proxy.BorrowSeconds >= patience {
		return fmt.Sprintf("database.proxy.borrowSeconds is %d: in a failover viewers get 504 from %s after %d seconds, and their requests "+
			"keep the workers of the application busy", proxy.BorrowSeconds, of, patience)
	}
	return ""
}

// fullFleets returns a note for each schedule that leaves the fleet so little room that a busy fleet pages.
func (s *Settings) fullFleets() []string {
	var notes []string
	limit := s.Monitoring.Thresholds.FleetFullPercent
	for _, each := range s.Web.Actions() {
		if each.Min > s.Web.Size.Min && 100*each.Min >= limit*each.Max {
			notes = append(notes, fmt.Sprintf("schedule %s: with min %d of %d the alarm fleet-full pages as soon as the instances are busy: raise web.size.max",
				each.Name, each.Min, each.Max))
		}
	}
	return notes
}

// scheduleNotes returns what the schedules and exams come to at the time for which the settings apply.
func (s *Settings) scheduleNotes() []string {
	var notes []string
	if size, name := s.Web.InForce(); name != "" && size != s.Web.Size {
		notes = append(notes, fmt.Sprintf("schedule %s is in force: the group has %d to %d instances", name, size.Min, size.Max))
	}
	for _, name := range s.Web.Over() {
		notes = append(notes, "schedule "+name+" is over: take it out of web.schedules or web.exams")
	}
	return notes
}

// privateServices are what an instance asks for: Session Manager and parameters, secrets, logs, metrics, and the name of its group, which
// the CloudWatch agent looks up in its tags (AWS Systems Manager user guide, "Improve the security of EC2 instances by using VPC
// endpoints"). Not KMS: the services that encrypt decrypt on their side.
var privateServices = []string{"ssm", "ssmmessages", "ec2messages", "secretsmanager", "logs", "monitoring", "ec2"}

// registryServices are what an instance asks for besides, where its container comes from a repository of ECR.
var registryServices = []string{"ecr.api", "ecr.dkr"}

// unreachable returns the services that instances ask for and that have no interface endpoint.
func (s *Settings) unreachable() []string {
	wanted := slices.Clone(privateServices)
	if _, private := s.Web.Repository(); private {
		wanted = append(wanted, registryServices...)
	}
	return slices.DeleteFunc(wanted, func(service string) bool {
		return slices.Contains(s.Network.InterfaceEndpoints, service)
	})
}
