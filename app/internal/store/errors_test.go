package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
)

func TestWhatIsTriedAgain(t *testing.T) {
	answer := func(code string) error { return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code}) }
	for name, c := range map[string]struct {
		err                           error
		broken, passes, signInRefused bool
		unavailable                   bool
	}{
		"none":                       {},
		"no rows":                    {err: pgx.ErrNoRows},
		"connection cut":             {err: io.ErrUnexpectedEOF, broken: true, passes: true, unavailable: true},
		"out of time":                {err: context.DeadlineExceeded, broken: true, passes: true, unavailable: true},
		"server is stopping":         {err: answer("57P01"), broken: true, passes: true, unavailable: true},
		"server is starting":         {err: answer("57P03"), broken: true, passes: true, unavailable: true},
		"server is a standby":        {err: answer("25006"), broken: true, passes: true, unavailable: true},
		"protocol violation":         {err: answer("08P01"), broken: true, passes: true, unavailable: true},
		"password refused":           {err: answer("28P01"), passes: true, signInRefused: true, unavailable: true},
		"too many connections":       {err: answer("53300"), passes: true, unavailable: true},
		"deadlock":                   {err: answer("40P01"), passes: true, unavailable: true},
		"no session in time":         {err: errNoSession, unavailable: true},
		"disk is full":               {err: answer("53100"), unavailable: true},
		"statement took too long":    {err: answer("57014"), unavailable: true},
		"table does not exist":       {err: answer("42P01")},
		"value violates a condition": {err: answer("23505")},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.broken, broken(c.err), "broken")
			assert.Equal(t, c.passes, passes(c.err), "passes")
			assert.Equal(t, c.signInRefused, signInRefused(c.err), "signInRefused")
			assert.Equal(t, c.unavailable, unavailable(c.err), "unavailable")
		})
	}
	assert.True(t, refused(answer("42601")))
	for _, err := range []error{nil, errors.New("cut"), answer("57P01"), answer("28P01"), answer("53100")} {
		assert.False(t, refused(err), "%v", err)
	}
}
