package settings

import (
	"fmt"
	"slices"

	"ha-web/internal/awstype"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// providerVersion is that of the SDK, which every other resource asks for by itself.
const providerVersion = "6.83.4"

// credentials are the configuration values that are secret whatever the stack file says.
var credentials = []string{"accessKey", "secretKey", "token"}

// Provider returns an AWS provider for another region than the stack's, which has all else from the stack's own provider
// configuration, the keys of namespace aws: a provider that is made by hand has nothing from there, not even the accounts
// that it may touch (Pulumi docs, "Explicit provider configuration"). Without a region there is none.
func Provider(ctx *pulumi.Context, name, region string) (pulumi.ProviderResource, error) {
	if region == "" {
		return nil, nil
	}
	// The engine configures its own provider with these very texts: structured values are JSON.
	inputs := pulumi.Map{}
	for _, key := range providerKeys() {
		value, set := ctx.GetConfig("aws:" + key)
		if !set {
			continue
		}
		inputs[key] = pulumi.String(value)
		if ctx.IsConfigSecret("aws:"+key) || slices.Contains(credentials, key) {
			inputs[key] = pulumi.ToSecret(inputs[key])
		}
	}
	inputs["region"] = pulumi.String(region)
	var provider pulumi.ProviderResourceState
	err := ctx.RegisterResource(awstype.Provider, name, inputs, &provider, pulumi.Version(providerVersion))
	if err != nil {
		return nil, fmt.Errorf("creating a provider for %s: %w", region, err)
	}
	return &provider, nil
}

// Providers are the AWS providers that a stack needs beside its own. Each is nil where nothing needs it.
type Providers struct {
	DatabaseReplica pulumi.ProviderResource // where backups are replicated to
	USEast1         pulumi.ProviderResource // where CloudFront has its certificate, web ACL and logs
	StaticReplica   pulumi.ProviderResource // where static files are replicated to
	SecretsReplica  pulumi.ProviderResource // where secrets are replicated to
	Registry        pulumi.ProviderResource // of the image repository, which would use an older one of its own
}

// NewProviders creates the providers that a stack needs beside its own.
func NewProviders(ctx *pulumi.Context, name string, s *Settings) (Providers, error) {
	var providers Providers
	for _, each := range []struct {
		provider *pulumi.ProviderResource
		role     string
		region   string
	}{
		{&providers.DatabaseReplica, "replica", s.Database.ReplicaRegion},
		{&providers.USEast1, "us-east-1", s.CDN.Region()},
		{&providers.StaticReplica, "static-replica", s.CDN.SecondRegion()},
		{&providers.SecretsReplica, "secrets-replica", s.Secrets.ReplicaRegion},
		{&providers.Registry, "registry", s.RegistryRegion()},
	} {
		var err error
		if *each.provider, err = Provider(ctx, name+"-"+each.role, each.region); err != nil {
			return Providers{}, err
		}
	}
	return providers, nil
}

// providerKeys returns the names of the provider's configuration values, such as allowedAccountIds.
func providerKeys() []string {
	var keys []string
	args := aws.ProviderArgs{}.ElementType()
	for i := range args.NumField() {
		if key := args.Field(i).Tag.Get("pulumi"); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}
