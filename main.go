// Command ha-web is a Pulumi program: a highly available three-tier web stack on AWS.
//
//	pulumi up                   deploys a stack to an AWS account
//	go run . plan -stack prod   shows what it would deploy, with nothing but Go
package main

import (
	"maps"
	"os"
	"slices"

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
	"ha-web/internal/component"
	"ha-web/internal/plan"
	"ha-web/internal/settings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	if os.Getenv(pulumi.EnvMonitor) == "" { // not started by Pulumi
		os.Exit(plan.Command(program, os.Args[1:], os.Stdout, os.Stderr))
	}
	pulumi.Run(program)
}

// program composes the components of one stack, each from its settings and from the outputs of those before it.
func program(ctx *pulumi.Context) error {
	stack, err := settings.Load(ctx)
	if err != nil {
		return err
	}
	name := ctx.Project()
	registered, err := component.WatchRegistrations(ctx)
	if err != nil {
		return err
	}
	providers, err := settings.NewProviders(ctx, name, stack)
	if err != nil {
		return err
	}

	boundary, err := delivery.NewBoundary(ctx, name, &delivery.BoundaryArgs{Settings: &stack.Delivery, Tags: stack.Tags(ctx)})
	if err != nil {
		return err
	}
	shared := component.Shared{PermissionsBoundary: boundary.ARN, Tags: stack.Tags(ctx)}

	vpc, err := vpc.New(ctx, name, &vpc.Args{Settings: &stack.Network, Shared: shared})
	if err != nil {
		return err
	}

	securityGroups, err := securitygroups.New(ctx, name, &securitygroups.Args{
		Web:                     &stack.Web,
		Database:                &stack.Database,
		Access:                  &stack.Access,
		Network:                 &stack.Network,
		PlainHTTP:               stack.PlainHTTP(),
		VpcID:                   vpc.VpcID,
		EndpointSecurityGroupID: vpc.EndpointSecurityGroupID,
		Shared:                  shared,
	})
	if err != nil {
		return err
	}

	secrets, err := secrets.New(ctx, name, &secrets.Args{Settings: &stack.Secrets, Replica: providers.SecretsReplica, Shared: shared})
	if err != nil {
		return err
	}

	database, err := database.New(ctx, name, &database.Args{
		Settings:             &stack.Database,
		SubnetIDs:            vpc.DataSubnetIDs,
		SecurityGroupID:      securityGroups.DatabaseSecurityGroupID,
		ProxySubnetIDs:       vpc.PrivateSubnetIDs,
		ProxySecurityGroupID: securityGroups.ProxySecurityGroupID,
		KeyARN:               secrets.KeyARN,
		Replica:              providers.DatabaseReplica,
		Shared:               shared,
	})
	if err != nil {
		return err
	}

	webTier, err := webtier.New(ctx, name, &webtier.Args{
		Settings:            &stack.Web,
		Certificate:         stack.OriginCertificate(),
		PlainHTTP:           stack.PlainHTTP(),
		VpcID:               vpc.VpcID,
		PublicSubnetIDs:     vpc.PublicSubnetIDs,
		PrivateSubnetIDs:    vpc.PrivateSubnetIDs,
		ALBSecurityGroupIDs: securityGroups.ALBSecurityGroupIDs,
		AppSecurityGroupID:  securityGroups.AppSecurityGroupID,
		Await:               slices.Concat(securityGroups.Rules, vpc.PrivateEgress),
		RolloutAlarms:       monitoring.RolloutAlarms(name, ctx.Stack(), &stack.Monitoring),
		KeyARN:              secrets.KeyARN,
		Secrets:             secrets.SecretARNs,
		DatabaseSecretARN:   database.SecretARN,
		ParameterPrefix:     database.ParameterPrefix,
		Shared:              shared,
	})
	if err != nil {
		return err
	}

	cdn, err := cdn.New(ctx, name, &cdn.Args{
		Settings:          &stack.CDN,
		Certificate:       stack.ViewerCertificate(),
		Origin:            webTier.Origin,
		WaitForDeployment: stack.Production(),
		USEast1:           providers.USEast1,
		Replica:           providers.StaticReplica,
		KeyARN:            secrets.KeyARN,
		Shared:            shared,
	})
	if err != nil {
		return err
	}

	monitoring, err := monitoring.New(ctx, name, &monitoring.Args{
		Settings: &stack.Monitoring,
		Region:   stack.Region,
		KeyARN:   secrets.KeyARN,
		Web: monitoring.Web{
			Settings:             &stack.Web,
			LoadBalancerSuffix:   webTier.LoadBalancerSuffix,
			TargetGroupSuffix:    webTier.TargetGroupSuffix,
			AutoScalingGroupName: webTier.AutoScalingGroupName,
		},
		Database: monitoring.Database{
			Settings:           &stack.Database,
			Identifier:         database.Identifier,
			AllocatedGiB:       database.AllocatedGiB,
			ParameterGroupName: database.ParameterGroupName,
			SecretARN:          database.SecretARN,
			SecretReaders:      slices.Concat(database.SecretReaders, pulumi.StringArray{webTier.RoleName}),
			ProxyName:          database.ProxyName,
		},
		Network: monitoring.Network{Settings: &stack.Network, NATGatewayIDs: vpc.NATGatewayIDs},
		CDN: monitoring.CDN{
			Settings:       &stack.CDN,
			USEast1:        providers.USEast1,
			DistributionID: cdn.DistributionID,
			FirewallName:   cdn.FirewallName,
		},
		Shared: shared,
	})
	if err != nil {
		return err
	}

	access, err := access.New(ctx, name, &access.Args{
		Settings: &stack.Access,
		Web: access.Web{
			ListenerARN:          webTier.ListenerARN,
			TargetGroupARN:       webTier.TargetGroupARN,
			Origin:               webTier.Origin,
			LoadBalancerSuffix:   webTier.LoadBalancerSuffix,
			AutoScalingGroupName: webTier.AutoScalingGroupName,
			RoleName:             webTier.RoleName,
		},
		KeyARN:         secrets.KeyARN,
		NoticeTopicARN: monitoring.NoticeTopicARN,
		Shared:         shared,
	})
	if err != nil {
		return err
	}

	delivery, err := delivery.New(ctx, name, &delivery.Args{
		Settings:        &stack.Delivery,
		Web:             &stack.Web,
		Registry:        providers.Registry,
		KeyARN:          secrets.KeyARN,
		HeldSecretARNs:  slices.Concat(secrets.HeldSecretARNs, webTier.HeldSecretARNs, cdn.HeldSecretARNs, access.HeldSecretARNs),
		HeldBucketARNs:  slices.Concat(cdn.HeldBucketARNs, access.HeldBucketARNs),
		ParameterPrefix: database.ParameterPrefix,
		Shared:          shared,
	})
	if err != nil {
		return err
	}

	values := pulumi.Map{
		"url":                      cdn.URL,
		"cdnDomainName":            cdn.DomainName,
		"albDnsName":               webTier.DNSName,
		"dnsRecords":               append(webTier.DNSRecords, cdn.DNSRecords...),
		"vpcId":                    vpc.VpcID,
		"publicSubnetIds":          vpc.PublicSubnetIDs,
		"privateSubnetIds":         vpc.PrivateSubnetIDs,
		"dataSubnetIds":            vpc.DataSubnetIDs,
		"autoScalingGroupName":     webTier.AutoScalingGroupName,
		"launchTemplateId":         webTier.LaunchTemplateID,
		"imageId":                  webTier.ImageID,
		"targetGroupArn":           webTier.TargetGroupARN,
		"databaseIdentifier":       database.Identifier,
		"databaseEndpoint":         database.Endpoint,
		"databaseInstanceEndpoint": database.InstanceEndpoint,
		"databaseResourceId":       database.ResourceID,
		"databaseSecretArn":        database.SecretARN,
		"databaseBackupArn":        database.BackupARN,
		"parameterPrefix":          database.ParameterPrefix,
		"staticBucketName":         cdn.StaticBucketName,
		"distributionId":           cdn.DistributionID,
		"alarmTopicArn":            monitoring.AlarmTopicARN,
		"noticeTopicArn":           monitoring.NoticeTopicARN,
		"dashboardUrl":             monitoring.DashboardURL,
		"edgeOriginHost":           cdn.EdgeOriginHost,
		"edgeHeaderName":           cdn.EdgeHeaderName,
		"edgeHeaderSecretArn":      cdn.EdgeHeaderSecretARN,
		"imageRepositoryUrl":       delivery.ImageRepositoryURL,
		"deployRoleArn":            delivery.DeployRoleARN,
		"previewRoleArn":           delivery.PreviewRoleARN,
		"consoleRoles":             access.ConsoleRoles,
		"scannerRoleArn":           access.ScannerRoleARN,
	}
	maps.Copy(values, stack.Outputs())
	_, err = outputs.New(ctx, name, &outputs.Args{
		Settings:  &stack.Delivery,
		Values:    values,
		DependsOn: registered.All(),
		Tags:      stack.Tags(ctx),
	})
	if err != nil {
		return err
	}
	export(ctx, values)
	return nil
}

// export exports all outputs of the stack.
func export(ctx *pulumi.Context, values pulumi.Map) {
	for name, value := range values {
		ctx.Export(name, value)
	}
}
