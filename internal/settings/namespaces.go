package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// awsNamespace is that of the provider's own configuration.
const awsNamespace = "aws"

// otherNamespaces are read by Pulumi itself, and by the plugin of image repositories.
var otherNamespaces = []string{"pulumi", "awsx"}

// checkNamespaces records the keys of a config that nobody reads though they were meant for this program, or for the provider. It
// returns a note for each of the others that nobody reads.
func checkNamespaces(project string, config map[string]string, secret []string, faults *validate.Faults) []string {
	var notes []string
	for _, key := range slices.Sorted(maps.Keys(config)) {
		namespace, name, _ := cutNamespace(key)
		switch {
		case namespace == project || slices.Contains(otherNamespaces, namespace):
		case namespace == awsNamespace:
			checkProviderKey(key, name, config, secret, faults)
		case slices.Contains(sections(), name), validate.Nearest(namespace, []string{project, awsNamespace}, max(1, len(namespace)/3)) != "":
			faults.Add(key, "is in the namespace %q, which nothing reads: %s", namespace, remedy(project, namespace, name))
		default:
			notes = append(notes, fmt.Sprintf("%s: nothing in this program reads the namespace %q", key, namespace))
		}
	}
	return notes
}

// cutNamespace returns the namespace of a key, and its name without the steps of a path: web for ha-web:web.size.
func cutNamespace(key string) (namespace, name string, found bool) {
	namespace, name, found = strings.Cut(key, ":")
	if !found {
		namespace, name = "", key
	}
	if end := strings.IndexAny(name, ".["); end >= 0 {
		name = name[:end]
	}
	return namespace, name, found
}

// remedy says which key to write in place of one in an unknown namespace.
func remedy(project, namespace, name string) string {
	switch {
	case slices.Contains(sections(), name):
		return fmt.Sprintf("write %s, or %s:%[1]s", name, project)
	case slices.Contains(providerKeys(), name):
		return "write " + awsNamespace + ":" + name
	}
	return "use " + project + ", or " + awsNamespace + " for the provider"
}

func checkProviderKey(key, name string, config map[string]string, secret []string, faults *validate.Faults) {
	switch {
	case !slices.Contains(providerKeys(), name):
		faults.Add(key, "is not a setting of the AWS provider%s", suggestion(name, providerKeys(), awsNamespace+":"))
	case slices.Contains(credentials, name) && name != "accessKey" && !slices.Contains(secret, key) && config[awsNamespace+":skipCredentialsValidation"] != "true":
		// Credentials that are not validated are those of an emulator, which takes any.
		faults.Add(key, "must not be in the file as it is: use a profile, or a role, or pulumi config set --secret %s", key)
	}
}
