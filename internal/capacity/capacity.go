// Package capacity works out, from the settings of a stack alone, what its sizes take and how fast they change: vCPUs and their quota,
// connections to the database, minutes until the fleet has grown, and requests per second.
package capacity

import (
	"ha-web/internal/settings"
)

// Capacity is what the sizes of a stack come to. A number that cannot be known is 0, and left out of JSON.
type Capacity struct {
	Instances         Sizes       `json:"instances"`
	VCPUs             Sizes       `json:"vcpus,omitzero"`
	Quota             Quota       `json:"quota,omitzero"`
	Connections       Connections `json:"connections"`
	ScaleOut          ScaleOut    `json:"scaleOut,omitzero"`
	RequestsPerSecond Sizes       `json:"requestsPerSecond,omitzero"`

	stack *settings.Settings
}

// Sizes are a number at each size of the fleet.
type Sizes struct {
	Min     int `json:"min,omitempty"`
	Exams   int `json:"exams,omitempty"`
	Max     int `json:"max,omitempty"`
	Rollout int `json:"rollout,omitempty"` // while a release rolls out at the maximum
}

// Quota are the vCPUs that the account must be allowed to run at once.
type Quota struct {
	OnDemand int `json:"onDemand,omitempty"`
	Spot     int `json:"spot,omitempty"`
}

// Connections are connections to the database.
type Connections struct {
	Clients  int `json:"clients"` // of all instances
	Proxy    int `json:"proxy,omitempty"`
	Database int `json:"database,omitempty"`
	// The same during exams, where the database has another class then.
	ProxyInExams    int `json:"proxyInExams,omitempty"`
	DatabaseInExams int `json:"databaseInExams,omitempty"`
}

// ScaleOut are the minutes until the fleet has its maximum size.
type ScaleOut struct {
	ByCPU          int `json:"minutesByCpu,omitempty"`
	ByCPUFromExams int `json:"minutesByCpuFromExams,omitempty"`
	ByRequests     int `json:"minutesByRequests,omitempty"`
}

// Of returns the capacity of a stack, whose settings have no faults.
func Of(stack *settings.Settings) Capacity {
	web := &stack.Web
	exams := 0
	if web.Exams.On() {
		exams = web.Exams.Min
	}
	instances := Sizes{Min: web.Size.Min, Exams: exams, Max: web.Size.Max, Rollout: web.PerRollout(web.Size.Max)}
	_, vcpus := web.VCPUs()
	spot, onDemand := web.SpotShare(instances.Rollout)
	return Capacity{
		Instances:   instances,
		VCPUs:       instances.times(vcpus),
		Quota:       Quota{OnDemand: onDemand * vcpus, Spot: spot * vcpus},
		Connections: connections(stack),
		ScaleOut:    scaleOut(stack, instances),
		RequestsPerSecond: Sizes{
			Min: web.RequestsPerSecond(web.Size.Min), Exams: web.RequestsPerSecond(exams), Max: web.RequestsPerSecond(web.Size.Max),
		},
		stack: stack,
	}
}

func (s Sizes) times(factor int) Sizes {
	return Sizes{Min: s.Min * factor, Exams: s.Exams * factor, Max: s.Max * factor, Rollout: s.Rollout * factor}
}

func connections(stack *settings.Settings) Connections {
	database := &stack.Database
	accepted := database.Connections()
	all := Connections{
		Clients: stack.Web.Size.Max * database.PoolSize, Proxy: database.ProxyConnections(accepted), Database: accepted,
	}
	if class := stack.ExamClass(); class != database.InstanceClass {
		all.DatabaseInExams = database.ConnectionsOf(class)
		all.ProxyInExams = database.ProxyConnections(all.DatabaseInExams)
	}
	return all
}

func scaleOut(stack *settings.Settings, instances Sizes) ScaleOut {
	web := &stack.Web
	minutes := ScaleOut{ByCPU: web.StepsByCPU(instances.Min, instances.Max) * web.StepMinutes()}
	if instances.Exams > 0 {
		minutes.ByCPUFromExams = web.StepsByCPU(instances.Exams, instances.Max) * web.StepMinutes()
	}
	if web.Scaling.RequestsPerTarget > 0 && instances.Min < instances.Max {
		minutes.ByRequests = web.StepMinutes()
	}
	return minutes
}
