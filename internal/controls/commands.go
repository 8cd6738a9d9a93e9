package controls

import (
	"encoding/json"
	"regexp"
	"strings"

	"ha-web/internal/awstype"
)

// commandSecret returns the path of the first command or variable for instances that contains a secret, or "". SSM shows documents
// and the parameters of associations to everyone who may read the account.
func commandSecret(r resource) string {
	switch r.Type {
	case awstype.SSMAssociation:
		return findText("parameters", r.at("parameters"), assignsSecret)
	case awstype.SSMDocument:
		content := r.text("content")
		var parsed any
		if json.Unmarshal([]byte(content), &parsed) != nil {
			parsed = content // YAML, or one text
		}
		return findText("content", parsed, assignsSecret)
	}
	return ""
}

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

// assignsSecret reports whether a command, or a variable with the name at the end of a path, gives a literal value to a secret. After
// a colon the value needs a digit: "invalid token: expired" is a message.
func assignsSecret(path, text string) bool {
	variable := path[strings.LastIndex(path, ".")+1:] + "=" + text
	for _, each := range []string{text, variable} {
		each = anyARN.ReplaceAllLiteralString(each, "$ARN")
		if option.MatchString(each) {
			return true
		}
		for _, match := range assignment.FindAllStringSubmatch(each, -1) {
			if match[1] == "=" || strings.ContainsAny(match[2], "0123456789") {
				return true
			}
		}
	}
	return false
}
