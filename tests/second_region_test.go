package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ha-web/components/cdn"
	"ha-web/components/delivery"
	"ha-web/components/secrets"
	"ha-web/internal/awstype"
	"ha-web/internal/settings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestSecretsHaveCopies(t *testing.T) {
	t.Parallel()
	args := secretsArgs(func(s *secrets.Settings) { s.Names, s.ReplicaRegion = []string{"smtp"}, "us-west-2" })
	got := record(t, func(ctx *pulumi.Context) (err error) {
		if args.Replica, err = settings.Provider(ctx, "there", "us-west-2"); err != nil {
			return err
		}
		_, err = secrets.New(ctx, "vault", args)
		return err
	})
	assert.Equal(t, []any{map[string]any{"region": "us-west-2", "kmsKeyId": "arn:aws:kms:us-west-2:123456789012:vault-secrets-replica"}},
		got.one(t, awstype.SecretsManagerSecret, "vault-secret-smtp")["replicas"])
	key := got.of(awstype.KMSKey)["vault-secrets-replica"]
	assert.Equal(t, awstype.Provider+"::there", key.Provider)
	assert.True(t, key.Protect, "without it the copies are lost")
	use := document(t, key.Inputs["policy"])["UseThroughServices"]
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{"kms:ViaService": []any{"secretsmanager.us-west-2.amazonaws.com"}}}, use["Condition"])

	assert.Nil(t, record(t, newSecrets(func(s *secrets.Settings) { s.Names = []string{"smtp"} })).one(t, awstype.SecretsManagerSecret, "vault-secret-smtp")["replicas"])
	assert.Equal(t, "secrets vault: Replica: is required: a provider for Settings.ReplicaRegion (us-west-2)",
		fault(t, newSecrets(func(s *secrets.Settings) { s.Names, s.ReplicaRegion = []string{"smtp"}, "us-west-2" })))
}

func TestImagesHaveCopies(t *testing.T) {
	t.Parallel()
	got := record(t, newDelivery(deliveryArgs(func(s *delivery.Settings) { s.Repository.ReplicaRegion = "us-west-2" })))
	assert.Equal(t, map[string]any{"replicationConfiguration": map[string]any{"rules": []any{map[string]any{
		"destinations":      []any{map[string]any{"region": "us-west-2", "registryId": "123456789012"}},
		"repositoryFilters": []any{map[string]any{"filter": "web-test", "filterType": "PREFIX_MATCH"}},
	}}}}, got.one(t, awstype.ECRReplicationConfiguration, "web-images-replica"))
	assert.Empty(t, record(t, newDelivery(deliveryArgs())).of(awstype.ECRReplicationConfiguration))
}

// A site that waits has certificates for the names of another stack's, and nothing that leads them to it.
func TestStandbyHasNoNames(t *testing.T) {
	t.Parallel()
	for _, standby := range []bool{true, false} {
		args := cdnArgs()
		args.Certificate = cdn.Certificate{HostNames: []string{"learn.example.edu"}, HostedZone: "example.edu", Standby: standby}
		got := record(t, func(ctx *pulumi.Context) error {
			front, err := createCdn(ctx, "web", args)
			if err != nil {
				return err
			}
			ctx.Export("url", front.URL)
			return nil
		})
		distribution := got.one(t, awstype.CloudFrontDistribution, "web-cdn")
		assert.NotNil(t, distribution["viewerCertificate"].(map[string]any)["acmCertificateArn"])
		if standby {
			assert.Empty(t, distribution["aliases"])
			assert.Equal(t, []string{"web-cdn-validation-learn.example.edu"}, got.names(awstype.Route53Record))
			assert.Equal(t, "https://web-cdn.cloudfront.net", got.Outputs["url"])
			continue
		}
		assert.Equal(t, []any{"learn.example.edu"}, distribution["aliases"])
		assert.Len(t, got.of(awstype.Route53Record), 3)
		assert.Equal(t, "https://learn.example.edu", got.Outputs["url"])
	}
}

// The record of a name is that of the stack that serves it: the other one neither writes nor deletes it.
func TestRecordsOfTwoStacks(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{true, false} {
		args := cdnArgs()
		args.Certificate = cdn.Certificate{HostNames: []string{"learn.example.edu"}, HostedZone: "example.edu", OverwriteRecords: shared}
		records := record(t, newCdn(args)).of(awstype.Route53Record)
		for _, name := range []string{"web-cdn-a-learn.example.edu", "web-cdn-aaaa-learn.example.edu"} {
			require.Contains(t, records, name)
			assert.Equal(t, shared, records[name].Inputs["allowOverwrite"] == true, name)
			assert.Equal(t, shared, records[name].RetainOnDelete, name)
		}
		assert.Equal(t, shared, records["web-cdn-validation-learn.example.edu"].RetainOnDelete, "the certificate of the other stack needs it too")
	}
}

// What differs between production and its stack in a second region is what a second region is about.
func TestSecondRegionIsProduction(t *testing.T) {
	t.Parallel()
	prod, second := flatFile(t, "prod"), flatFile(t, "dr")
	var differ []string
	for key := range prod {
		if second[key] != prod[key] {
			differ = append(differ, key)
		}
	}
	for key := range second {
		if _, both := prod[key]; !both {
			differ = append(differ, key)
		}
	}
	assert.ElementsMatch(t, []string{
		"aws:region", "network.cidr", "network.availabilityZones", "database.replicaRegion", "database.restore.backupArn", "secrets.replicaRegion",
		"domain.originName", "domain.standby", "waivers.backup-region",
	}, differ)
	plan := planOf(t, "-stack", "dr")
	restored := plan.one(t, awstype.RDSInstance, "ha-web-db")["restoreToPointInTime"].(map[string]any)
	assert.Equal(t, second["database.restore.backupArn"], restored["sourceDbInstanceAutomatedBackupsArn"])
	assert.Equal(t, prod["database.replicaRegion"], second["aws:region"], "where the copy of the backups is")
	stdout, _, status := run(t, project, "plan", "-stack", "dr")
	require.Zero(t, status)
	for _, note := range []string{"placeholder: database.restore.backupArn", "standby: learn.example.edu", "waived: backup-region"} {
		assert.Contains(t, stdout, note)
	}
}

// flatFile returns the settings of a stack file by key, lists as text.
func flatFile(t *testing.T, stack string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(project, "Pulumi."+stack+".yaml"))
	require.NoError(t, err)
	var file struct{ Config map[string]any }
	require.NoError(t, yaml.Unmarshal(content, &file))
	flat := map[string]string{}
	var visit func(prefix string, value any)
	visit = func(prefix string, value any) {
		fields, isMap := value.(map[string]any)
		if !isMap {
			flat[prefix] = fmt.Sprint(value)
		}
		for key, each := range fields {
			visit(strings.TrimPrefix(prefix+"."+key, "."), each)
		}
	}
	visit("", file.Config)
	return flat
}
