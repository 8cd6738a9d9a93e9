package controls

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"ha-web/internal/awstype"
	"ha-web/internal/offline"
)

// everything is the type of controls that are about resources of all types.
const everything = "*"

// plan is a recording with its resources by type.
type plan struct {
	byType map[string][]resource
}

// resource is one recorded resource. Its inputs are an object.
type resource struct {
	offline.Resource
	object
}

func newPlan(recording *offline.Recording) *plan {
	plan := &plan{byType: map[string][]resource{}}
	for _, each := range recording.Resources {
		plan.byType[each.Type] = append(plan.byType[each.Type], resource{each, each.Inputs})
		plan.byType[everything] = append(plan.byType[everything], resource{each, each.Inputs})
	}
	return plan
}

func (p *plan) of(kind string) []resource { return p.byType[kind] }

// find returns the resource of a type that a reference means: its id, its ARN, or the name that AWS knows it by.
func (p *plan) find(kind, reference string) (resource, bool) {
	if reference == "" {
		return resource{}, false
	}
	for _, each := range p.of(kind) {
		if each.is(reference) {
			return each, true
		}
	}
	return resource{}, false
}

// is reports whether a reference means this resource. Ids and ARNs end as package offline makes them.
func (r resource) is(reference string) bool {
	return slices.Contains([]string{r.Name, r.Name + "_id", r.text("name"), r.text("identifier")}, reference) ||
		strings.HasPrefix(reference, "arn:") && strings.HasSuffix(reference, ":"+r.Name)
}

// refers reports whether a value is, or holds, the ARN of a resource of a service.
func refers(value any, service string, to resource) bool {
	switch value := value.(type) {
	case string:
		return strings.Contains(value, ":"+service+":") && to.is(value)
	case []any:
		return slices.ContainsFunc(value, func(each any) bool { return refers(each, service, to) })
	case map[string]any:
		for _, each := range value {
			if refers(each, service, to) {
				return true
			}
		}
	}
	return false
}

// attached returns the resources of a type whose property refers to the resource.
func (p *plan) attached(kind, property string, to resource) []resource {
	var found []resource
	for _, each := range p.of(kind) {
		if slices.ContainsFunc(each.texts(property), to.is) {
			found = append(found, each)
		}
	}
	return found
}

// linked reports whether any resource of a type does.
func (p *plan) linked(kind, property string, to resource) bool {
	return len(p.attached(kind, property, to)) > 0
}

// has reports whether a resource of a type refers to the resource, and holds what is asked of it.
func (p *plan) has(kind, property string, to resource, holds func(resource) bool) bool {
	return slices.ContainsFunc(p.attached(kind, property, to), holds)
}

// zones returns the zones of subnets, each once.
func (p *plan) zones(subnets []string) []string {
	var zones []string
	for _, each := range subnets {
		if found, known := p.find(awstype.EC2Subnet, each); known {
			zones = append(zones, found.text("availabilityZone"))
		}
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

// route returns the route of a subnet to anywhere: to a NAT gateway, to an internet gateway, or none.
func (p *plan) route(subnetID string) (route resource, found bool) {
	here, known := p.find(awstype.EC2Subnet, subnetID)
	if !known {
		return resource{}, false
	}
	for _, association := range p.attached(awstype.EC2RouteTableAssociation, "subnetId", here) {
		table, _ := p.find(awstype.EC2RouteTable, association.text("routeTableId"))
		for _, each := range p.attached(awstype.EC2Route, "routeTableId", table) {
			if anywhere(each.text("destinationCidrBlock")) || anywhere(each.text("destinationIpv6CidrBlock")) {
				return each, true
			}
		}
	}
	return resource{}, false
}

func anywhere(cidr string) bool { return cidr == "0.0.0.0/0" || cidr == "::/0" }

// object is the value of inputs, or of a property of theirs. Paths go down by dots.
type object map[string]any

func (o object) at(path string) any {
	var value any = map[string]any(o)
	for _, step := range strings.Split(path, ".") {
		inner, isMap := value.(map[string]any)
		if !isMap {
			return nil
		}
		value = inner[step]
	}
	return value
}

func (o object) has(path string) bool { return o.at(path) != nil }

// text returns a text, or a number or flag as one; "" is none.
func (o object) text(path string) string {
	if value := o.at(path); value != nil {
		return fmt.Sprint(value)
	}
	return ""
}

func (o object) number(path string) float64 {
	number, _ := o.at(path).(float64)
	return number
}

// on reports whether a flag is set: some of AWS's are texts.
func (o object) on(path string) bool { return o.text(path) == "true" }

// texts returns a list of texts, or a text as a list of one.
func (o object) texts(path string) []string { return texts(o.at(path)) }

func texts(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		list := make([]string, len(value))
		for i, each := range value {
			list[i] = fmt.Sprint(each)
		}
		return list
	}
	return nil
}

// objects returns a list of objects, or an object as a list of one.
func (o object) objects(path string) []object {
	switch value := o.at(path).(type) {
	case map[string]any:
		return []object{value}
	case []any:
		var list []object
		for _, each := range value {
			if fields, isMap := each.(map[string]any); isMap {
				list = append(list, fields)
			}
		}
		return list
	}
	return nil
}

// statement is one statement of an IAM policy.
type statement struct{ object }

// statements returns those of a policy in a property.
func (o object) statements(path string) []statement {
	var policy map[string]any
	if json.Unmarshal([]byte(o.text(path)), &policy) != nil {
		return nil
	}
	var list []statement
	for _, each := range object(policy).objects("Statement") {
		list = append(list, statement{each})
	}
	return list
}

func (s statement) allows() bool { return s.text("Effect") == "Allow" }

// public reports whether the statement lets everyone in: conditions count, as those of Security Hub do.
func (s statement) public() bool {
	principal := append(s.texts("Principal"), s.texts("Principal.AWS")...)
	return s.allows() && slices.Contains(principal, "*") && !s.has("Condition")
}

// refusesPlain reports whether the statement refuses everyone who comes without TLS.
func (s statement) refusesPlain() bool {
	values, _ := s.at("Condition.Bool").(map[string]any)
	return s.text("Effect") == "Deny" && slices.Contains(s.texts("Principal.AWS"), "*") && values["aws:SecureTransport"] == "false"
}
