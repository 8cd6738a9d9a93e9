package database

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParametersOfTheProgramAreKnown(t *testing.T) {
	t.Parallel()
	for engine, facts := range engines {
		for _, parameter := range engine.Parameters("", 1, nil) {
			assert.Contains(t, strings.Fields(facts.names), parameter.Name, engine)
		}
	}
	names := strings.Fields(postgresParameters + mysqlParameters + mariadbParameters)
	for _, facts := range engines {
		assert.Subset(t, names, facts.static)
		assert.Contains(t, strings.Fields(facts.names), facts.example)
	}
}

func TestNoParameterIsTakenForATypo(t *testing.T) {
	t.Parallel()
	for engine, facts := range engines {
		for _, name := range strings.Fields(facts.names) {
			assert.Regexp(t, parameterName, name)
			assert.Empty(t, engine.similarParameter(name))
		}
	}
}
