// Package offline runs a Pulumi program against an in-memory resource monitor and records what it registers: no
// account, no credentials, no CLI, no plugin, no network. It stands on the SDK's own mocks.
//
// Values that AWS would compute are made up from the resource's name, so an input shows which resource it came from:
// the id of ha-web-public-a is ha-web-public-a_id, its ARN ends in its name.
package offline

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"ha-web/internal/awstype"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Stack is what a program sees of the stack it runs for.
type Stack struct {
	Project string
	Name    string
	// Config maps full keys, such as aws:region, to values as the engine passes them on: structured ones as JSON.
	Config map[string]string
	// SecretKeys are the keys of Config whose values are secret.
	SecretKeys []string
	// Preview leaves what AWS computes unknown, as the first preview of a new stack does.
	Preview bool
}

// Recording is what a program registered, in a stable order.
type Recording struct {
	Project   string         `json:"project"`
	Stack     string         `json:"stack"`
	Resources []Resource     `json:"resources"`
	Outputs   map[string]any `json:"outputs"`
	// Capacity is what the sizes of the stack come to, where the plan says so. It is no part of a difference.
	Capacity any `json:"capacity,omitempty"`
	// CapacityLines is the same for people: a name, a tab and a text.
	CapacityLines []string `json:"-"`
	// Notes are the warnings that the program logged.
	Notes []string `json:"-"`
	// Said is what else it logged.
	Said []string `json:"-"`
}

// Resource is one registered resource. Parent, DependsOn and Provider name others as "<type>::<name>".
type Resource struct {
	Type          string   `json:"type"`
	Name          string   `json:"name"`
	Parent        string   `json:"parent"`
	Custom        bool     `json:"custom"` // not a component
	Protect       bool     `json:"protect"`
	Provider      string   `json:"provider"`  // explicit ones only
	DependsOn     []string `json:"dependsOn"` // explicit dependencies, and those that come through inputs
	IgnoreChanges []string `json:"ignoreChanges"`
	// RetainOnDelete reports whether it stays in AWS when it leaves the program.
	RetainOnDelete bool `json:"retainOnDelete,omitempty"`
	// DeleteBeforeReplace says that a replacement is not made beside the resource, but after it is gone.
	DeleteBeforeReplace bool `json:"deleteBeforeReplace,omitempty"`
	// ReplaceOnChanges are properties of which a change replaces the resource, which the provider would update.
	ReplaceOnChanges []string       `json:"replaceOnChanges,omitempty"`
	Inputs           map[string]any `json:"inputs"` // JSON values; secrets and unknown values are masked
}

// Key returns "<type>::<name>".
func (r Resource) Key() string { return r.Type + "::" + r.Name }

// What stands in a recording for values it does not show.
const (
	Secret  = "[secret]"
	Unknown = "[unknown]"
)

// Record runs program for stack. The error is the program's own, if it returned one.
func Record(program pulumi.RunFunc, stack Stack) (*Recording, error) {
	monitor := &monitor{preview: stack.Preview, region: Region, regions: map[string]string{}}
	if region := stack.Config["aws:region"]; region != "" {
		monitor.region = region
	}
	var failed error
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		ctx.Log = monitor
		if failed = program(ctx); failed != nil {
			return failed
		}
		// The mock monitor drops the stack's outputs. Registered as inputs, they come along with all others.
		var outputs pulumi.CustomResourceState
		return ctx.RegisterResource(outputsType, "outputs", pulumi.Map(ctx.GetCurrentExportMap()), &outputs)
	}, func(info *pulumi.RunInfo) {
		*info = pulumi.RunInfo{
			Project: stack.Project, Stack: stack.Name, Config: stack.Config, ConfigSecretKeys: stack.SecretKeys,
			DryRun: stack.Preview, Mocks: monitor,
		}
	})
	if err := errors.Join(failed, monitor.failed); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(monitor.resources, func(a, b Resource) int { return strings.Compare(a.Key(), b.Key()) })
	return &Recording{
		Project: stack.Project, Stack: stack.Name,
		Resources: monitor.resources, Outputs: monitor.outputs, Notes: monitor.notes, Said: monitor.said,
	}, nil
}

const (
	outputsType = "ha-web:offline:Outputs"
	awsProvider = awstype.Provider
)

// monitor records registrations. The SDK calls it from many goroutines.
type monitor struct {
	preview bool
	region  string // of the stack

	mutex     sync.Mutex
	resources []Resource
	outputs   map[string]any
	notes     []string
	said      []string
	failed    error
	regions   map[string]string // of explicit providers
}

// NewResource records a registration and answers with the state of the resource.
func (m *monitor) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	region := m.regionOf(args.Provider)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	recorded, err := record(args)
	if err != nil {
		m.failed = errors.Join(m.failed, err)
		return "", nil, err
	}
	if recorded.Type == outputsType {
		m.outputs = recorded.Inputs
		return "", args.Inputs, nil
	}
	m.resources = append(m.resources, recorded)
	if region, ok := recorded.Inputs["region"].(string); ok && recorded.Type == awsProvider {
		m.regions[recorded.Key()] = region
	}
	if m.preview || !recorded.Custom && computed[recorded.Type] == nil { // components have what their program gives them
		return "", args.Inputs, nil
	}
	return args.Name + "_id", state(args, region), nil
}

func record(args pulumi.MockResourceArgs) (Resource, error) {
	request := args.RegisterRPC
	// args.Inputs leaves unknown values out; the request has them.
	inputs, err := plugin.UnmarshalProperties(request.GetObject(), plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true,
	})
	if err != nil {
		return Resource{}, err
	}
	recorded := Resource{
		Type:                args.TypeToken,
		Name:                args.Name,
		Parent:              shortURN(request.GetParent()),
		Custom:              args.Custom,
		Protect:             request.GetProtect(),
		Provider:            provider(args.Provider),
		DependsOn:           make([]string, 0, len(request.GetDependencies())),
		IgnoreChanges:       append([]string{}, request.GetIgnoreChanges()...),
		RetainOnDelete:      request.GetRetainOnDelete(),
		DeleteBeforeReplace: request.GetDeleteBeforeReplace(),
		ReplaceOnChanges:    request.GetReplaceOnChanges(),
		Inputs:              plain(inputs),
	}
	if request.GetRemote() { // whose plugin makes the children, with this
		recorded.Provider = provider(request.GetProviders()["aws"])
	}
	for _, urn := range request.GetDependencies() {
		recorded.DependsOn = append(recorded.DependsOn, shortURN(urn))
	}
	slices.Sort(recorded.DependsOn)
	recorded.DependsOn = slices.Compact(recorded.DependsOn)
	return recorded, nil
}

func shortURN(urn string) string {
	if urn == "" {
		return ""
	}
	parsed := resource.URN(urn)
	return string(parsed.Type()) + "::" + parsed.Name()
}

// provider returns the short URN of a provider reference, "<urn>::<id>".
func provider(reference string) string {
	if end := strings.LastIndex(reference, "::"); end >= 0 {
		return shortURN(reference[:end])
	}
	return ""
}

// plain returns properties as JSON values, with what must not be shown masked.
func plain(properties resource.PropertyMap) map[string]any {
	return properties.MapRepl(nil, func(value resource.PropertyValue) (any, bool) {
		switch {
		case value.IsSecret():
			return Secret, true
		case value.IsComputed():
			return Unknown, true
		case value.IsAsset():
			err := value.AssetValue().EnsureHash()
			return digest("asset", value.AssetValue().Hash, err), true
		case value.IsArchive():
			err := value.ArchiveValue().EnsureHash()
			return digest("archive", value.ArchiveValue().Hash, err), true
		case value.IsResourceReference():
			return shortURN(string(value.ResourceReferenceValue().URN)), true
		}
		return nil, false
	})
}

// digest returns what stands in a recording for a file: its hash, or why there is none.
func digest(kind, hash string, err error) string {
	if err != nil {
		return "[" + kind + ": " + err.Error() + "]"
	}
	return "[" + kind + " " + hash + "]"
}

// The program's log, but for what is there to find its own faults.

func (m *monitor) Debug(string, *pulumi.LogArgs) error { return nil }

func (m *monitor) Info(message string, _ *pulumi.LogArgs) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.said = append(m.said, message)
	return nil
}

func (m *monitor) Warn(message string, _ *pulumi.LogArgs) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.notes = append(m.notes, message)
	return nil
}

func (m *monitor) Error(message string, args *pulumi.LogArgs) error { return m.Warn(message, args) }
