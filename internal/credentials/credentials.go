// Package credentials recognizes passwords, tokens and keys in text that is no secret, such as commands and environment variables.
package credentials

import (
	"regexp"
	"strings"
)

var (
	accessKey  = regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`)
	privateKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)
	// inURL is a URL with a password, such as postgres://app:hunter2@db/moodle.
	inURL = regexp.MustCompile(`[a-z]://[^\s/:@]*:[^\s/@${<\[]+@`)
)

// IsKey reports whether a text has an access key of AWS or a private key, whatever it is called.
func IsKey(text string) bool { return accessKey.MatchString(text) || privateKey.MatchString(text) }

// A literal value has six characters or more, and does not begin as a shell or a template looks a value up: $TOKEN, `...`, {{ ... }},
// <token>.
const literal = "[\"']?([^\\s\"'$`({<\\[-][^\\s\"'$`({<\\[]{5,})"

var (
	// assignment is a name of a secret and a literal value, such as PASSWORD=..., or "API-Key: ...". $TOKEN = ... compares.
	assignment = regexp.MustCompile(`(?i)(?:^|[^$a-z0-9_{])[a-z0-9_.-]*` +
		`(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)["']?[ \t]*([=:])[ \t]*` + literal)
	// option is an option of a command for a secret and a literal value, such as --password ....
	option = regexp.MustCompile(`(?i)--[a-z-]*(?:password|passwd|passphrase|token|api-?key)[ \t]+` + literal)
	// anyARN names something, which is no secret even where it names a secret.
	anyARN = regexp.MustCompile(`arn:aws[^\s"']*`)
)

// InCommand reports whether a command gives a literal value to a secret. After a colon the value needs a digit: "invalid token:
// expired" is a message.
func InCommand(text string) bool {
	text = anyARN.ReplaceAllLiteralString(text, "$ARN")
	if option.MatchString(text) {
		return true
	}
	for _, match := range assignment.FindAllStringSubmatch(text, -1) {
		if match[1] == "=" || strings.ContainsAny(match[2], "0123456789") {
			return true
		}
	}
	return false
}

// InVariable reports whether a variable has a secret as its literal value.
func InVariable(name, value string) bool {
	return IsKey(value) || inURL.MatchString(value) || InCommand(value) || InCommand(name+"="+value)
}
