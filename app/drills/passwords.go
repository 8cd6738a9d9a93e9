package drills

import (
	"crypto/rand"
	"strings"
)

// newPassword returns a password with the characters that break carelessly built connection strings, after a part that is
// the same in every notation, and which leaks can be found by.
func newPassword() string { return rand.Text() + `@:/?#&=% '"\$` }

// searchable returns the part of a password that no notation changes.
func searchable(password string) string {
	before, _, _ := strings.Cut(password, "@")
	return before
}

// quoted is a string as an SQL literal has it.
func quoted(text string) string { return strings.ReplaceAll(text, "'", "''") }
