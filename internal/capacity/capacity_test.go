package capacity_test

import (
	"encoding/json"
	"strings"
	"testing"

	"ha-web/internal/capacity"
	"ha-web/internal/settings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// of returns the capacity of a development stack with these settings of its web tier and its database.
func of(t *testing.T, web, database string) capacity.Capacity {
	t.Helper()
	parsed, err := settings.Parse("ha-web", map[string]string{
		"aws:region":         "us-east-1",
		"ha-web:environment": "development",
		"ha-web:network":     `{"availabilityZones": ["us-east-1a", "us-east-1b"]}`,
		"ha-web:web":         web, "ha-web:database": database,
	})
	require.NoError(t, err)
	return capacity.Of(parsed)
}

const examWeek = `{"instanceTypes": ["m7g.large", "m6g.xlarge"], "size": {"max": 20}, "bootSeconds": 600, "healthCheck": {"graceSeconds": 900},
	"scaling": {"cpuPercent": 50, "requestsPerTarget": 1200}, "spot": {"percent": 50}, "capacity": {"requestsPerVcpu": 12},
	"exams": {"min": 16, "leadHours": 1, "databaseClass": "db.m7g.2xlarge", "periods": [{"name": "winter", "from": "2027-01-11", "to": "2027-01-15"}]}}`

func TestCapacityOfAnExamWeek(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(of(t, examWeek, `{"poolSize": 30}`))
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"instances": {"min": 2, "exams": 16, "max": 20, "rollout": 30},
		"vcpus": {"min": 8, "exams": 64, "max": 80, "rollout": 120},
		"quota": {"onDemand": 64, "spot": 56},
		"connections": {"clients": 600, "proxy": 364, "database": 405, "proxyInExams": 2919, "databaseInExams": 3244},
		"scaleOut": {"minutesByCpu": 52, "minutesByCpuFromExams": 13, "minutesByRequests": 13},
		"requestsPerSecond": {"min": 48, "exams": 384, "max": 480}
	}`, string(got))
}

func TestCapacityForPeople(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		web, database string
		want          []string
	}{
		"exam week": {examWeek, `{"poolSize": 30}`, []string{
			"instances\t2 at size.min, 16 at exams.min, 20 at size.max, 30 while a release rolls out at size.max",
			"vCPUs\t8 at size.min, 64 at exams.min, 80 at size.max, 120 while a release rolls out at size.max (m7g.large or m6g.xlarge)",
			"quotas\t64 vCPUs of L-1216C47A, Running On-Demand Standard instances; a new account may have as few as 1",
			"\t56 vCPUs of L-34B43A08, All Standard Spot Instance Requests",
			"connections\t600 from the application (size.max x poolSize); RDS Proxy opens at most 364, and db.t4g.medium accepts 405",
			"\tin exams RDS Proxy opens at most 2,919, and db.m7g.2xlarge accepts 3,244",
			"scale-out\t2 to 20 instances in about 52 minutes by CPU (4 steps, each at most 2 times as many), 13 minutes by requests (1 step)",
			"exams\t16 instances from 1 hour before 09:00, by the calendar; 4 more in about 13 minutes by CPU",
			"\tdb.m7g.2xlarge instead of db.t4g.medium: run an update days before and one after",
			"requests\ta second: 48 at size.min, 384 at exams.min, 480 at size.max",
		}},
		"fixed size, unknown vCPUs, no proxy": {
			`{"instanceTypes": ["m5.metal"], "size": {"max": 2}, "scaling": {"cpuPercent": 0}, "capacity": {"requestsPerVcpu": 12}}`,
			`{"proxy": {"enabled": false}}`, []string{
				"instances\t2 at size.min, 2 at size.max, 3 while a release rolls out at size.max",
				"vCPUs\tunknown for m5.metal: see aws ec2 describe-instance-types",
				"connections\t40 from the application (size.max x poolSize); db.t4g.medium accepts 405",
				"scale-out\tnot by load: schedules and web.size set the number of instances",
				"requests\tnot measured: a load test says what one vCPU serves, web.capacity.requestsPerVcpu",
			},
		},
		"another quota": {`{"instanceTypes": ["x2gd.large"], "scaling": {"cpuPercent": 60}}`, `{}`, []string{
			"instances\t2 at size.min, 10 at size.max, 15 while a release rolls out at size.max",
			"vCPUs\t4 at size.min, 20 at size.max, 30 while a release rolls out at size.max (x2gd.large)",
			"quotas\t30 vCPUs, of the EC2 quotas of the families listed: Service Quotas names them",
			"connections\t200 from the application (size.max x poolSize); RDS Proxy opens at most 364, and db.t4g.medium accepts 405",
			"scale-out\t2 to 10 instances in about 18 minutes by CPU (3 steps, each at most 1.7 times as many)",
			"requests\tnot measured: a load test says what one vCPU serves, web.capacity.requestsPerVcpu",
		}},
	} {
		assert.Equal(t, strings.Join(test.want, "\n"), strings.Join(of(t, test.web, test.database).Lines(), "\n"), name)
	}
}
