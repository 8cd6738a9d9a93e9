// Package parts makes recurring pieces of AWS for components: private buckets, certificates, topics, keys, roles, log groups and
// policy documents.
package parts

import (
	"ha-web/internal/component"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Children are the children of a component, with methods that make pieces of AWS among them.
type Children struct{ component.Children }

// ChildrenOf returns the Children of the component parent with this name. Each child that takes tags gets those of shared, and
// a Name; each role gets its boundary.
func ChildrenOf(parent pulumi.ComponentResource, name string, shared component.Shared) Children {
	return Children{component.ChildrenOf(parent, name, shared)}
}
