package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestConfirm(t *testing.T) {
	const question = "This terminates i-1 of ha-web/prod."
	for _, test := range []struct {
		name, answer string
		options      confirmOptions
		want         error
		asks         bool
	}{
		{"yes", "yes\n", confirmOptions{}, nil, true},
		{"yes without an end of line", " yes ", confirmOptions{}, nil, true},
		{"no", "no\n", confirmOptions{}, errDeclined, true},
		{"a letter", "y\n", confirmOptions{}, errDeclined, true},
		{"nothing", "\n", confirmOptions{}, errDeclined, true},
		{"nobody", "", confirmOptions{}, errNobody, true},
		{"-yes", "", confirmOptions{yes: true}, nil, false},
		{"production", "yes\n", confirmOptions{production: true}, errProduction, false},
		{"production with -yes alone", "", confirmOptions{yes: true, production: true}, errProduction, false},
		{"production with -yes-production asks", "yes\n", confirmOptions{yesProduction: true, production: true}, nil, true},
		{"production, not confirmed", "no\n", confirmOptions{yesProduction: true, production: true}, errDeclined, true},
		{"production with both", "", confirmOptions{yes: true, yesProduction: true, production: true}, nil, false},
	} {
		var out, err bytes.Buffer
		assert.Equal(t, test.want, confirm(streams{strings.NewReader(test.answer), &out, &err}, question, test.options), test.name)
		assert.Empty(t, out.String())
		if test.asks {
			assert.Contains(t, err.String(), question+"\nType yes to go on: ", test.name)
		} else {
			assert.Empty(t, err.String(), test.name)
		}
	}
}
