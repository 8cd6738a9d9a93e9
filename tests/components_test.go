package tests

import (
	"slices"
	"strings"
	"testing"

	"ha-web/components/access"
	"ha-web/components/cdn"
	"ha-web/components/database"
	"ha-web/components/delivery"
	"ha-web/components/monitoring"
	"ha-web/components/outputs"
	"ha-web/components/secrets"
	"ha-web/components/securitygroups"
	"ha-web/components/vpc"
	"ha-web/components/webtier"
	"ha-web/internal/awstype"
	"ha-web/internal/settings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// components are constructors of every component, with all that is optional switched on.
var components = map[string]func(ctx *pulumi.Context, name string) error{
	"Vpc": func(ctx *pulumi.Context, name string) error {
		args := vpcArgs(func(s *vpc.Settings) {
			s.AvailabilityZones = zones(3)
			s.InterfaceEndpoints = []string{"ssm"}
		})
		args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
		_, err := vpc.New(ctx, name, args)
		return err
	},
	"Chain": func(ctx *pulumi.Context, name string) error {
		args := chainArgs(behindCloudFront, withProxy, withEndpoints)
		args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
		_, err := securitygroups.New(ctx, name, args)
		return err
	},
	"Secrets": func(ctx *pulumi.Context, name string) error {
		args := secretsArgs(func(s *secrets.Settings) {
			s.Names = []string{"smtp", "oidc"}
			s.Values = map[string]pulumi.StringInput{"smtp": pulumi.String("hunter2")}
		})
		args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
		_, err := secrets.New(ctx, name, args)
		return err
	},
	"Database": func(ctx *pulumi.Context, name string) error {
		args := databaseArgs(func(s *database.Settings) { s.ReplicaRegion = "us-west-2" })
		var err error
		if args.Replica, err = settings.Provider(ctx, name+"-there", "us-west-2"); err != nil {
			return err
		}
		args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
		_, err = database.New(ctx, name, args)
		return err
	},
	"WebTier": func(ctx *pulumi.Context, name string) error {
		args := fullWebTier()
		args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
		_, err := webtier.New(ctx, name, args)
		return err
	},
	"Monitoring": func(ctx *pulumi.Context, name string) error {
		args := fullMonitoring()
		args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
		_, err := createMonitoring(ctx, name, args)
		return err
	},
	"Boundary": func(ctx *pulumi.Context, name string) error {
		_, err := delivery.NewBoundary(ctx, name, &delivery.BoundaryArgs{Tags: pulumi.StringMap{"Stack": pulumi.String("test")}})
		return err
	},
	"Delivery": func(ctx *pulumi.Context, name string) error {
		args := deliveryArgs()
		args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
		_, err := delivery.New(ctx, name, args)
		return err
	},
	"Outputs": func(ctx *pulumi.Context, name string) error {
		_, err := outputs.New(ctx, name, &outputs.Args{
			Values: pulumi.Map{"url": pulumi.String("https://learn.example.edu")}, Tags: pulumi.StringMap{"Stack": pulumi.String("test")},
		})
		return err
	},
	"Access": func(ctx *pulumi.Context, name string) error {
		args := fullAccess()
		args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
		_, err := access.New(ctx, name, args)
		return err
	},
	"Cdn": func(ctx *pulumi.Context, name string) error {
		args := fullCdn(replicated)
		args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
		_, err := createCdn(ctx, name, args)
		return err
	},
}

// eachComponent runs a test on every component.
func eachComponent(t *testing.T, test func(t *testing.T, create func(ctx *pulumi.Context, name string) error)) {
	t.Helper()
	for name, create := range components {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, create)
		})
	}
}

func TestChildrenDescendFromTheirComponentAndBearItsName(t *testing.T) {
	t.Parallel()
	eachComponent(t, func(t *testing.T, create func(*pulumi.Context, string) error) {
		got := record(t, func(ctx *pulumi.Context) error { return create(ctx, "one") })
		var component string
		for _, resource := range got.Resources {
			if !resource.Custom && resource.Type != awstype.AWSXECRRepository {
				require.Empty(t, component, "a second component")
				component = resource.Key()
				assert.Equal(t, "one", resource.Name)
				assert.Equal(t, "pulumi:pulumi:Stack::test-test", resource.Parent)
			}
		}
		require.NotEmpty(t, component)
		for _, resource := range got.Resources {
			if resource.Key() != component && resource.Type != awstype.Provider { // which is handed in
				assert.Equal(t, component, resource.Parent, resource.Key())
				assert.True(t, strings.HasPrefix(resource.Name, "one-"), resource.Key())
			}
		}
	})
}

func TestTwoOfAComponentFitInOneStack(t *testing.T) {
	t.Parallel()
	eachComponent(t, func(t *testing.T, create func(*pulumi.Context, string) error) {
		one := record(t, func(ctx *pulumi.Context) error { return create(ctx, "one") })
		both := record(t, func(ctx *pulumi.Context) error {
			if err := create(ctx, "one"); err != nil {
				return err
			}
			return create(ctx, "two")
		})
		keys := both.keys()
		assert.Len(t, keys, 2*len(one.keys()))
		assert.Len(t, slices.Compact(keys), len(keys), "a name is taken twice")
	})
}

func TestPreviewRegistersTheSameResources(t *testing.T) {
	t.Parallel()
	eachComponent(t, func(t *testing.T, create func(*pulumi.Context, string) error) {
		program := func(ctx *pulumi.Context) error { return create(ctx, "one") }
		assert.Equal(t, record(t, program).keys(), preview(t, program).keys())
	})
}

func TestEverythingThatTakesTagsHasThem(t *testing.T) {
	t.Parallel()
	untaggable := []string{
		awstype.EC2Route, awstype.EC2RouteTableAssociation, awstype.EC2NetworkACLRule, awstype.EC2NetworkACLAssociation, awstype.IAMRolePolicy, awstype.IAMRolePolicyAttachment, awstype.KMSAlias, awstype.SecretsManagerSecretPolicy,
		awstype.SecretsManagerSecretRotation, awstype.SecretsManagerSecretVersion, awstype.RDSProxyDefaultTargetGroup, awstype.RDSProxyTarget, awstype.RDSInstanceAutomatedBackupsReplication, awstype.Provider,
		awstype.S3BucketPublicAccessBlock, awstype.S3BucketServerSideEncryptionConfigurationV2, awstype.S3BucketLifecycleConfigurationV2, awstype.S3BucketOwnershipControls, awstype.S3BucketPolicy, awstype.S3BucketVersioningV2, awstype.ACMCertificateValidation,
		awstype.CloudWatchEventTarget, awstype.CloudWatchEventConnection, awstype.CloudWatchEventAPIDestination, awstype.CloudWatchDashboard, awstype.CloudFrontMonitoringSubscription, awstype.SNSTopicPolicy, awstype.SNSTopicSubscription, awstype.SQSQueuePolicy, awstype.LambdaPermission,
		awstype.CloudWatchLogStream, awstype.Route53Record, awstype.AutoScalingPolicy, awstype.AutoScalingSchedule, awstype.CloudFrontOriginAccessControl, awstype.CloudFrontResponseHeadersPolicy, awstype.WAFv2WebACLLoggingConfiguration, awstype.S3BucketReplicationConfig,
		awstype.AutoScalingGroup, // in a shape of its own: TestInstancesAndVolumesAreTagged
	}
	eachComponent(t, func(t *testing.T, create func(*pulumi.Context, string) error) {
		got := record(t, func(ctx *pulumi.Context) error { return create(ctx, "one") })
		for _, resource := range got.Resources {
			if resource.Custom && !slices.Contains(untaggable, resource.Type) {
				assert.Equal(t, map[string]any{"Name": resource.Name, "Stack": "test"}, resource.Inputs["tags"], resource.Key())
			}
		}
	})
}

func TestComponentsTakeOptions(t *testing.T) {
	t.Parallel()
	got := record(t, func(ctx *pulumi.Context) error {
		_, err := vpc.New(ctx, "net", vpcArgs(), pulumi.Protect(true))
		if err != nil {
			return err
		}
		_, err = securitygroups.New(ctx, "sg", &securitygroups.Args{VpcID: pulumi.String("vpc_id")}, pulumi.Protect(true))
		if err != nil {
			return err
		}
		_, err = secrets.New(ctx, "vault", secretsArgs(func(s *secrets.Settings) {
			s.Names, s.DeletionProtection = []string{"smtp"}, false
		}), pulumi.Protect(true))
		if err != nil {
			return err
		}
		data := databaseArgs(func(s *database.Settings) { s.DeletionProtection = false })
		if _, err = database.New(ctx, "data", data, pulumi.Protect(true)); err != nil {
			return err
		}
		tier := fullWebTier(func(s *webtier.Settings) { s.DeletionProtection = false })
		if _, err = webtier.New(ctx, "web", tier, pulumi.Protect(true)); err != nil {
			return err
		}
		front := fullCdn(func(s *cdn.Settings) { s.DeletionProtection = false })
		if front.USEast1, err = settings.Provider(ctx, "us-east-1", "us-east-1"); err != nil {
			return err
		}
		if _, err = cdn.New(ctx, "front", front, pulumi.Protect(true)); err != nil {
			return err
		}
		watch := fullMonitoring()
		watch.Settings.DeletionProtection, watch.CDN.USEast1 = false, front.USEast1
		if _, err = monitoring.New(ctx, "watch", watch, pulumi.Protect(true)); err != nil {
			return err
		}
		if _, err = delivery.NewBoundary(ctx, "bounds", nil, pulumi.Protect(true)); err != nil {
			return err
		}
		pipeline := deliveryArgs(func(s *delivery.Settings) { s.DeletionProtection = false })
		if _, err = delivery.New(ctx, "pipeline", pipeline, pulumi.Protect(true)); err != nil {
			return err
		}
		published := &outputs.Args{Settings: pipeline.Settings, Values: pulumi.Map{"url": pulumi.String("https://learn.example.edu")}}
		if _, err = outputs.New(ctx, "published", published, pulumi.Protect(true)); err != nil {
			return err
		}
		entry := fullAccess(func(s *access.Settings) { s.DeletionProtection = false })
		_, err = access.New(ctx, "entry", entry, pulumi.Protect(true))
		return err
	})
	for _, resource := range got.Resources {
		assert.Equal(t, resource.Type != awstype.Provider, resource.Protect, resource.Key())
	}
}
