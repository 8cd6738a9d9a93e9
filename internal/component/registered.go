package component

import (
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Registered are the resources of a stack.
type Registered struct {
	mutex     sync.Mutex
	resources []pulumi.Resource
}

// WatchRegistrations returns all resources that the program registers from now on. An option DependsOn with a component is no
// substitute: the SDK adds a child to its component in the background, so the option misses children that were registered a moment
// before (pulumi/sdk/go/pulumi/context.go, getOpts).
func WatchRegistrations(ctx *pulumi.Context) (*Registered, error) {
	registered := &Registered{}
	err := ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		registered.mutex.Lock()
		defer registered.mutex.Unlock()
		registered.resources = append(registered.resources, args.Resource)
		return nil // which changes nothing
	})
	return registered, err
}

// All returns the resources so far.
func (r *Registered) All() []pulumi.Resource {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.resources)
}
