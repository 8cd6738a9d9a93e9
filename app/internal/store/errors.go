package store

import (
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// state returns the SQLSTATE with which the database answered, and "" where it did not answer:
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func state(err error) string {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return answer.Code
	}
	return ""
}

// is says whether the state is one of these, or of one of these classes, which are two characters.
func is(state string, codes ...string) bool {
	return state != "" && (slices.Contains(codes, state) || slices.Contains(codes, state[:2]))
}

// signInRefused says whether the database refused user or password: 28P01 and the like.
func signInRefused(err error) bool { return is(state(err), "28") }

// broken says whether the session is of no more use: it was cut, or its server is shutting down or read-only.
func broken(err error) bool {
	if err == nil || errors.Is(err, pgx.ErrNoRows) || errors.Is(err, errNoSession) {
		return false
	}
	return state(err) == "" || is(state(err), "08", "57P", "57P01", "57P02", "57P03", "57P05", "25006")
}

// passes says whether the same operation may well succeed in a moment: it met no server, one that is starting, stopping, full or not
// yet promoted, a password that has just changed, or another transaction.
func passes(err error) bool {
	return broken(err) || signInRefused(err) || is(state(err), "53300", "40001", "40P01", "55P03")
}

// unavailable says whether the database is to blame, and not the operation: 53 is a lack of disk, memory or connections, 57 what
// an operator or a timeout ended, 58 a failing system, XX a corrupt one.
func unavailable(err error) bool {
	return passes(err) || errors.Is(err, errNoSession) || is(state(err), "53", "57", "58", "XX")
}

// refused says whether the database cannot carry out a migration as it is written. To try again does not help.
func refused(err error) bool { return is(state(err), "0A", "22", "23", "42") }
