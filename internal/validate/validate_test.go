package validate_test

import (
	"errors"
	"testing"

	"ha-web/internal/validate"

	"github.com/stretchr/testify/assert"
)

func TestFaultsListsEachUnderItsKey(t *testing.T) {
	t.Parallel()
	var faults validate.Faults
	assert.NoError(t, faults.Err())

	validate.OneOf(&faults, "colour", "red", "red", "green")
	validate.OneOf(&faults, "colour", "blue", "red", "green")
	faults.Between("port", 80, 80, 443)
	faults.Between("port", 79, 80, 443)
	faults.Check("list", errors.Join(errors.New("first"), errors.Join(errors.New("second"), nil)))
	faults.Check("fine", nil)
	assert.EqualError(t, faults.Err(), `colour: must be red or green, got "blue"
port: must be between 80 and 443, got 79
list: first
list: second`)
}

func TestMergeLeavesOutWhatFollowsFromAFault(t *testing.T) {
	t.Parallel()
	var faults, more validate.Faults
	faults.Add("port", "must be an integer")
	more.Add("port", "must be between 80 and 443, got 0")
	more.Add("path", "must begin with /")
	more.Add("path", "must not end with /")
	faults.Merge(more)
	assert.EqualError(t, faults.Err(), "port: must be an integer\npath: must begin with /\npath: must not end with /")
}

func TestRetentionDays(t *testing.T) {
	t.Parallel()
	for _, days := range []int{1, 7, 365, 3653} {
		assert.NoError(t, validate.RetentionDays(days))
	}
	assert.EqualError(t, validate.RetentionDays(0), "CloudWatch Logs cannot keep events for 0 days, the next period it offers is 1")
	assert.EqualError(t, validate.RetentionDays(10), "CloudWatch Logs cannot keep events for 10 days, the next period it offers is 14")
	assert.EqualError(t, validate.RetentionDays(9999), "CloudWatch Logs cannot keep events for 9999 days, the next period it offers is 3653")
}
