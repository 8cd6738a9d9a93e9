package tests

// scenario is something that happens to the stack prod, from minute 0 on.
type scenario struct {
	name, story string
	before      func() *site         // in the hour before
	change      func(s *site, m int) // what it does to the site in a minute
	after       func() *site         // from minute 0 on; nil: as before
	isNew       bool                 // there are no instances, and no alarms on them, before
	pages       []string             // who is paged, from the end of which minute until the end of which
	notices     []string             // further alarms that go off
}

// replaced is when an instance that fails in minute 0 has been replaced: 60 seconds of health checks, up to two minutes until AWS has
// noticed and launched, 180 to boot, 40 of health checks. Its application answers a minute sooner.
const replaced = 7

var scenarios = []scenario{
	{
		name: "quiet night", before: night,
		story:  "20 requests a minute; two of them fail, and one takes 4 seconds, in every minute",
		change: func(s *site, _ int) { s.failed["a"], s.slowest["a"], s.viewErrors = 2, 4, 10 },
	},
	{
		name: "exam morning", before: night, after: func() *site { return steady(8, 6000) },
		story: "a schedule raises the minimum from 2 to 8; the instances serve after 5 minutes, 10 minutes before the students come",
		change: func(s *site, m int) {
			if m < 5 {
				s.healthy, s.answering = 2, everyZone(1)
			}
			if m < 15 {
				s.requests = everyZone(50)
			}
		},
		notices: []string{"request-anomaly"},
	},
	{
		name: "unexpected rush", before: func() *site { return steady(2, 600) },
		story: "scaling takes the fleet from 2 to 10 instances in steps of 4 minutes; until then the CPU is at 90 percent",
		change: func(s *site, m int) {
			s.requests = everyZone(2000)
			s.desired = []float64{4, 8, 10}[min(m/4, 2)]
			s.healthy = []float64{2, 4, 8, 10}[min(m/4, 3)]
			s.answering = everyZone(s.healthy / 2)
			if m < 12 {
				s.cpu = 90
			}
		},
		notices: []string{"request-anomaly"},
	},
	{
		name: "exam outgrows the fleet", before: exam,
		story: "10 of 10 instances, 90 percent CPU, for half an hour",
		change: func(s *site, m int) {
			if m < 30 {
				s.cpu = 90
			}
		},
		pages: []string{"redundancy 5-31"}, notices: []string{"fleet-full", "fleet-load"},
	},
	{
		name: "an instance is lost at night and replaced", before: night,
		story: "one of two; half of the requests of the first minute fail; the replacement serves after 7 minutes",
		change: func(s *site, m int) {
			if m == 0 {
				s.refused = everyZone(5)
			}
			if m < replaced-1 {
				s.answering["a"] = 0
			}
			if m < replaced && m > 0 {
				s.healthy = 1
				if m < 3 {
					s.unhealthy = 1
				}
			}
		},
		notices: []string{"unhealthy-hosts"},
	},
	{
		name: "an instance is lost at night and not replaced", before: night,
		story: "one of two; AWS has no capacity for two hours",
		change: func(s *site, m int) {
			if m < 120 {
				s.answering["a"] = 0
			}
			if m > 0 && m < 121 {
				s.healthy = 1
			}
		},
		pages: []string{"redundancy 11-122", "zone 10-121"}, notices: []string{"healthy-hosts", "zone-heartbeat-a"},
	},
	{
		name: "one of eight instances is lost and not replaced", before: day,
		story: "launches fail for an hour",
		change: func(s *site, m int) {
			if m > 0 && m < 60 {
				s.healthy, s.answering["a"] = 7, 3
			}
		},
		pages: []string{"redundancy 11-61"}, notices: []string{"healthy-hosts"},
	},
	{
		name: "the fleet is gone", before: day,
		story: "no instance is healthy for 20 minutes: the load balancer answers 503, CloudFront with the error page",
		change: func(s *site, m int) {
			if m < 20 {
				s.healthy, s.answering, s.viewErrors = 0, everyZone(0), 90
				s.refused, s.requests = s.requests, everyZone(0)
			}
		},
		pages:   []string{"cdn 3-23", "errors 2-25", "redundancy 10-21", "zone 10-21"},
		notices: []string{"cdn-errors", "healthy-hosts", "load-balancer-errors", "no-healthy-hosts", "rollout-load-balancer-errors", "zone-heartbeat-a", "zone-heartbeat-b"},
	},
	{
		name: "a zone is dead in the day", before: day,
		story: "zone a is cut off for an hour; requests fail for two minutes; the group replaces its four instances in zone b",
		change: func(s *site, m int) {
			if m >= 60 {
				return
			}
			s.answering["a"], s.requests["a"], s.requests["b"] = 0, 0, 3000
			if m < 2 {
				s.requests, s.refused = everyZone(1500), everyZone(500)
			}
			if m > 0 && m < replaced {
				s.healthy, s.cpu = 4, 80
			}
			if m >= replaced {
				s.answering["b"] = 8
			}
		},
		pages: []string{"zone 10-61"}, notices: []string{"rollout-load-balancer-errors", "zone-heartbeat-a"},
	},
	{
		name: "a gray zone", before: day,
		story: "the node of the load balancer in zone a loses 20 percent of its requests, and is slow; on call shifts traffic away after 20 minutes",
		change: func(s *site, m int) {
			switch {
			case m < 20:
				s.refused["a"], s.slowest["a"] = 300, 5
			case m < 60:
				s.requests["a"], s.requests["b"] = 0, 3000
			}
		},
		pages: []string{"errors 3-25", "zone 3-23"},
		notices: []string{
			"latency", "load-balancer-errors", "rollout-latency", "rollout-load-balancer-errors", "zone-errors-a", "zone-latency-a",
		},
	},
	{
		name: "the instances of a zone are ill", before: day,
		story: "those of zone a answer half of their requests with 500: each node of the load balancer sees a quarter fail; 20 minutes",
		change: func(s *site, m int) {
			if m < 20 {
				s.failed, s.viewErrors = everyZone(375), 8
			}
		},
		pages: []string{"cdn 3-23", "errors 3-23"}, notices: []string{"cdn-errors", "rollout-server-errors", "server-errors"},
	},
	{
		name: "a rollout", before: day,
		story: "new instances are in service before old ones end, for 40 minutes",
		change: func(s *site, m int) {
			if m < 40 {
				s.healthy = 8 + float64(m%5)
			}
		},
	},
	{
		name: "a bad rollout", before: day,
		story: "the new version answers 30 percent with 500, on half of the fleet; the release before is back after 15 minutes",
		change: func(s *site, m int) {
			if m < 15 {
				s.failed = everyZone(225)
			}
		},
		pages: []string{"errors 3-18"}, notices: []string{"rollout-server-errors", "server-errors"},
	},
	{
		name: "a database failover", before: day,
		story: "90 seconds: half of the requests fail, and the proxy finds no database",
		change: func(s *site, m int) {
			if m < 2 {
				s.failed, s.slowest, s.borrowSeconds, s.badConnections, s.viewErrors = everyZone(700), everyZone(6), 5, 40, 15
			}
		},
		notices: []string{"rollout-server-errors"},
	},
	{
		name: "a failover that takes four minutes", before: day,
		story: "longer than AWS says it takes",
		change: func(s *site, m int) {
			if m < 4 {
				s.failed, s.slowest, s.borrowSeconds, s.badConnections, s.viewErrors = everyZone(700), everyZone(6), 5, 40, 15
			}
		},
		pages:   []string{"cdn 3-7", "database 3-7", "errors 3-7"},
		notices: []string{"cdn-errors", "proxy-borrow-latency", "rollout-latency", "rollout-server-errors", "server-errors"},
	},
	{
		name: "a campus behind the rate limit", before: exam,
		story: "600 requests a minute from one address get 429, for 40 minutes",
		change: func(s *site, m int) {
			if m < 40 {
				s.limited = 600
			}
		},
		pages: []string{"cdn 7-44"}, notices: []string{"blocked-requests", "rate-limited"},
	},
	{
		name: "the database fills up", before: day,
		story: "10 GiB of 100 are free and a GiB less every ten minutes; autoscaling has reached maxStorageGiB, and RDS says so after 5 minutes; the limit is raised after an hour",
		change: func(s *site, m int) {
			if m < 60 {
				s.freeGiB = 10 - float64(m)/10
			}
			if m == 5 {
				s.storageEvents = 1
			}
		},
		pages: []string{"database 6-21", "database 32-65"}, notices: []string{"database-storage", "database-storage-event"},
	},
	{
		name: "the proxy refuses the password", before: day,
		story: "every new connection fails for 30 minutes, and a fifth of the requests with them",
		change: func(s *site, m int) {
			if m < 30 {
				s.badLogins, s.failed, s.viewErrors = 30, everyZone(300), 7
			}
		},
		pages:   []string{"cdn 3-33", "database 5-36", "errors 3-33"},
		notices: []string{"cdn-errors", "proxy-logins", "rollout-server-errors", "server-errors"},
	},
	{
		name: "a new stack", before: func() *site { return steady(2, 0) }, isNew: true,
		story: "the first `pulumi up`: the first two instances serve after 5 minutes",
		change: func(s *site, m int) {
			if m < 4 {
				s.answering = everyZone(0)
			}
			if m < 5 {
				s.healthy = 0
			}
		},
		pages: []string{"errors 1-6"}, notices: []string{"no-healthy-hosts"},
	},
}
