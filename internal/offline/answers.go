package offline

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Account and Region are where made-up ARNs lie.
const (
	Account = "123456789012"
	Region  = "us-east-1"
)

// computed are the properties, beside id, arn and name, that AWS computes and the program reads. One that is missing
// here reads as empty, without an error: the SDK's mocks cannot tell.
var computed = map[string]resource.PropertyMap{
	"aws:ec2/vpc:Vpc": {"ownerId": resource.NewProperty(Account)},
}

// lookups are the answers to functions of the provider.
var lookups = map[string]func(args resource.PropertyMap) resource.PropertyMap{
	"aws:ec2/getManagedPrefixList:getManagedPrefixList": func(args resource.PropertyMap) resource.PropertyMap {
		return resource.PropertyMap{"id": resource.NewProperty(args["name"].StringValue() + "_id"), "name": args["name"]}
	},
}

// state returns the inputs of a resource with what AWS adds to them.
func state(args pulumi.MockResourceArgs) resource.PropertyMap {
	arn := fmt.Sprintf("arn:aws:%s:%s:%s:%s", service(args.TypeToken), Region, Account, args.Name)
	state := resource.PropertyMap{"name": resource.NewProperty(args.Name), "arn": resource.NewProperty(arn)}
	maps.Copy(state, computed[args.TypeToken])
	maps.Copy(state, args.Inputs)
	return state
}

// service returns the module of a type token: ec2 of aws:ec2/vpc:Vpc.
func service(token string) string {
	module := strings.Split(token, ":")[1]
	return strings.Split(module, "/")[0]
}

// Call answers a function of the provider. One without an answer is an error: an empty one would pass for a value.
func (m *monitor) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	answer, known := lookups[args.Token]
	if !known {
		return nil, fmt.Errorf("no offline answer to %s: add one to package offline", args.Token)
	}
	return answer(args.Args), nil
}
