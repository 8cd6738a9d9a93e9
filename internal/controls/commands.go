package controls

import (
	"encoding/json"
	"strings"

	"ha-web/internal/awstype"
	"ha-web/internal/credentials"
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

// assignsSecret reports whether a command, or a variable with the name at the end of a path, gives a literal value to a secret.
func assignsSecret(path, text string) bool {
	variable := path[strings.LastIndex(path, ".")+1:] + "=" + text
	return credentials.InCommand(text) || credentials.InCommand(variable)
}
