// Package component holds what every component is made with: arguments, registration, and names, options and tags for its
// children.
package component

import (
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Children names, parents and tags the resources a component is made of.
type Children struct {
	parent   pulumi.Resource
	name     string
	tags     pulumi.StringMap
	boundary pulumi.StringInput // of roles, nil: none
}

// Shared is what the components of a stack have in common. Each takes it as a field of its Args.
type Shared struct {
	// PermissionsBoundary is the ARN of a policy: the most that the roles of the component may do. Default nil: no boundary.
	PermissionsBoundary pulumi.StringInput `pulumi:"permissionsBoundary,optional"`
	// Tags go on every resource that takes tags, beside its Name.
	Tags pulumi.StringMap `pulumi:"tags,optional"`
}

// ArgsOr returns a copy of the arguments of a component, none of them where there are none.
func ArgsOr[A any](given *A) A {
	if given == nil {
		return *new(A)
	}
	return *given
}

// SettingsOr returns a copy of settings, or the defaults where there are none.
func SettingsOr[S any](given *S, defaults func() S) S {
	if given == nil {
		return defaults()
	}
	return *given
}

// ChildrenOf returns the Children of the component parent with this name. Each child that takes tags gets those of
// shared, and a Name; each role gets its boundary.
func ChildrenOf(parent pulumi.ComponentResource, name string, shared Shared) Children {
	return Children{parent: parent, name: name, tags: shared.Tags, boundary: shared.PermissionsBoundary}
}

// Component returns the name of the component.
func (c Children) Component() string { return c.name }

// Boundary returns the ARN of the policy that bounds the roles of the component, nil where there is none.
func (c Children) Boundary() pulumi.StringInput { return c.boundary }

// Name returns the logical name of a child: the component's name and the child's role. A role is made of fixed
// words and zone letters, never of a position in a list, so that no other change ever renames the child: to
// Pulumi a renamed resource is a new one.
func (c Children) Name(role ...string) string {
	return c.name + "-" + strings.Join(role, "-")
}

// Parent returns the one option that lookups take as well as children: the component as their parent.
func (c Children) Parent() pulumi.ResourceOrInvokeOption { return pulumi.Parent(c.parent) }

// Options returns the options of a child: its parent, and whatever else it needs. Every call returns a new slice.
func (c Children) Options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{c.Parent()}, more...)
}

// Tags returns the tags of the child with this name.
func (c Children) Tags(name string) pulumi.StringMap {
	tags := pulumi.StringMap{}
	maps.Copy(tags, c.tags)
	tags["Name"] = pulumi.String(name)
	return tags
}

// Guard keeps Pulumi from deleting a resource, and so from replacing it, where on says so. Otherwise the resource is
// guarded as its component is.
func Guard(on bool) pulumi.ResourceOption {
	if on {
		return pulumi.Protect(true)
	}
	return pulumi.Composite()
}

// Optional returns an input for an argument that may be left out, nil where there is none.
func Optional(text pulumi.StringInput) pulumi.StringPtrInput {
	if text == nil {
		return nil
	}
	return text.ToStringOutput().ToStringPtrOutput()
}
