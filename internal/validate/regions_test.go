package validate_test

import (
	"testing"

	"ha-web/internal/validate"

	"github.com/stretchr/testify/assert"
)

func TestRegion(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"us-east-1", "eu-central-2", "ap-southeast-7"} {
		assert.NoError(t, validate.Region(name))
	}
	for name, want := range map[string]string{
		"us-east-9":     `must be an AWS Region, did you mean us-east-1? got "us-east-9"`,
		"eu-wset-1":     `must be an AWS Region, did you mean eu-west-1? got "eu-wset-1"`,
		"oregon":        `must be an AWS Region such as us-west-2, got "oregon"`,
		"cn-north-1":    `must be a commercial AWS Region, such as us-east-1: China, GovCloud and isolated regions have no CloudFront as it is used here, got "cn-north-1"`,
		"us-gov-west-1": `must be a commercial AWS Region, such as us-east-1: China, GovCloud and isolated regions have no CloudFront as it is used here, got "us-gov-west-1"`,
	} {
		assert.EqualError(t, validate.Region(name), want)
	}
}
