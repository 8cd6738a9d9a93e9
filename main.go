// Command ha-web is a Pulumi program: a highly available three-tier web stack on AWS.
//
//	pulumi up                   deploys a stack to an AWS account
//	go run . plan -stack prod   shows what it would deploy, with nothing but Go
package main

import (
	"os"
	"slices"

	"ha-web/components/access"
	"ha-web/components/cdn"
	"ha-web/components/database"
	"ha-web/components/delivery"
	"ha-web/components/monitoring"
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
		os.Exit(plan.Command(stack, os.Args[1:], os.Stdout, os.Stderr))
	}
	pulumi.Run(stack)
}

// stack composes the components of one stack, each from its settings and from the outputs of those before it.
func stack(ctx *pulumi.Context) error {
	config, err := settings.Load(ctx)
	if err != nil {
		return err
	}
	name := ctx.Project()
	tags := pulumi.StringMap{
		"Project":     pulumi.String(ctx.Project()),
		"Stack":       pulumi.String(ctx.Stack()),
		"Environment": pulumi.String(config.Environment),
	}

	bounds, err := delivery.NewBoundary(ctx, name, &delivery.BoundaryArgs{
		Settings: &config.Delivery,
		Tags:     tags,
	})
	if err != nil {
		return err
	}
	shared := component.Shared{PermissionsBoundary: bounds.ARN, Tags: tags}

	network, err := vpc.New(ctx, name, &vpc.Args{
		Settings: &config.Network,
		Shared:   shared,
	})
	if err != nil {
		return err
	}

	groups, err := securitygroups.New(ctx, name, &securitygroups.Args{
		Web:                     &config.Web,
		Database:                &config.Database,
		Access:                  &config.Access,
		PlainHTTP:               config.PlainHTTP(),
		VpcID:                   network.VpcID,
		EndpointSecurityGroupID: network.EndpointSecurityGroupID,
		Shared:                  shared,
	})
	if err != nil {
		return err
	}

	vault, err := secrets.New(ctx, name, &secrets.Args{
		Settings: &config.Secrets,
		Shared:   shared,
	})
	if err != nil {
		return err
	}

	replica, err := settings.Provider(ctx, name+"-replica", config.Database.ReplicaRegion)
	if err != nil {
		return err
	}
	data, err := database.New(ctx, name, &database.Args{
		Settings:             &config.Database,
		SubnetIDs:            network.DataSubnetIDs,
		SecurityGroupID:      groups.DatabaseSecurityGroupID,
		ProxySubnetIDs:       network.PrivateSubnetIDs,
		ProxySecurityGroupID: groups.ProxySecurityGroupID,
		KeyARN:               vault.KeyARN,
		Replica:              replica,
		Shared:               shared,
	})
	if err != nil {
		return err
	}

	web, err := webtier.New(ctx, name, &webtier.Args{
		Settings:            &config.Web,
		Certificate:         config.OriginCertificate(),
		PlainHTTP:           config.PlainHTTP(),
		VpcID:               network.VpcID,
		PublicSubnetIDs:     network.PublicSubnetIDs,
		PrivateSubnetIDs:    network.PrivateSubnetIDs,
		ALBSecurityGroupIDs: groups.ALBSecurityGroupIDs,
		AppSecurityGroupID:  groups.AppSecurityGroupID,
		Await:               append(groups.Rules, network.PrivateEgress...),
		RolloutAlarms:       monitoring.RolloutAlarms(name, ctx.Stack(), &config.Monitoring),
		KeyARN:              vault.KeyARN,
		Secrets:             vault.SecretARNs,
		DatabaseSecretARN:   data.SecretARN,
		ParameterPrefix:     data.ParameterPrefix,
		Shared:              shared,
	})
	if err != nil {
		return err
	}

	usEast1, err := settings.Provider(ctx, name+"-us-east-1", config.CDN.Region())
	if err != nil {
		return err
	}
	staticReplica, err := settings.Provider(ctx, name+"-static-replica", config.CDN.SecondRegion())
	if err != nil {
		return err
	}
	front, err := cdn.New(ctx, name, &cdn.Args{
		Settings:          &config.CDN,
		Certificate:       config.ViewerCertificate(),
		Origin:            web.Origin,
		WaitForDeployment: config.Production(),
		USEast1:           usEast1,
		Replica:           staticReplica,
		KeyARN:            vault.KeyARN,
		Shared:            shared,
	})
	if err != nil {
		return err
	}

	watch, err := monitoring.New(ctx, name, &monitoring.Args{
		Settings: &config.Monitoring,
		Region:   config.Region,
		KeyARN:   vault.KeyARN,
		Web: monitoring.Web{
			Settings:             &config.Web,
			LoadBalancerSuffix:   web.LoadBalancerSuffix,
			TargetGroupSuffix:    web.TargetGroupSuffix,
			AutoScalingGroupName: web.AutoScalingGroupName,
		},
		Database: monitoring.Database{
			Settings:           &config.Database,
			Identifier:         data.Identifier,
			ParameterGroupName: data.ParameterGroupName,
			SecretARN:          data.SecretARN,
			SecretReaders:      slices.Concat(data.SecretReaders, pulumi.StringArray{web.RoleName}),
			ProxyName:          data.ProxyName,
		},
		Network: monitoring.Network{Settings: &config.Network, NATGatewayIDs: network.NATGatewayIDs},
		CDN: monitoring.CDN{
			Settings:       &config.CDN,
			USEast1:        usEast1,
			DistributionID: front.DistributionID,
			FirewallName:   front.FirewallName,
		},
		Shared: shared,
	})
	if err != nil {
		return err
	}

	entry, err := access.New(ctx, name, &access.Args{
		Settings: &config.Access,
		Web: access.Web{
			ListenerARN:          web.ListenerARN,
			TargetGroupARN:       web.TargetGroupARN,
			Origin:               web.Origin,
			AutoScalingGroupName: web.AutoScalingGroupName,
			RoleName:             web.RoleName,
		},
		KeyARN:         vault.KeyARN,
		NoticeTopicARN: watch.NoticeTopicARN,
		Shared:         shared,
	})
	if err != nil {
		return err
	}

	registry, err := settings.Provider(ctx, name+"-registry", config.RegistryRegion())
	if err != nil {
		return err
	}
	pipeline, err := delivery.New(ctx, name, &delivery.Args{
		Settings:        &config.Delivery,
		Registry:        registry,
		KeyARN:          vault.KeyARN,
		HeldSecretARNs:  slices.Concat(vault.HeldSecretARNs, web.HeldSecretARNs, front.HeldSecretARNs, entry.HeldSecretARNs),
		HeldBucketARNs:  slices.Concat(front.HeldBucketARNs, entry.HeldBucketARNs),
		ParameterPrefix: data.ParameterPrefix,
		Shared:          shared,
	})
	if err != nil {
		return err
	}

	ctx.Export("url", front.URL)
	ctx.Export("cdnDomainName", front.DomainName)
	ctx.Export("albDnsName", web.DNSName)
	ctx.Export("dnsRecords", append(web.DNSRecords, front.DNSRecords...))
	ctx.Export("availabilityZones", network.AvailabilityZones)
	ctx.Export("vpcId", network.VpcID)
	ctx.Export("publicSubnetIds", network.PublicSubnetIDs)
	ctx.Export("privateSubnetIds", network.PrivateSubnetIDs)
	ctx.Export("dataSubnetIds", network.DataSubnetIDs)
	ctx.Export("autoScalingGroupName", web.AutoScalingGroupName)
	ctx.Export("launchTemplateId", web.LaunchTemplateID)
	ctx.Export("targetGroupArn", web.TargetGroupARN)
	ctx.Export("databaseIdentifier", data.Identifier)
	ctx.Export("databaseEndpoint", data.Endpoint)
	ctx.Export("databaseSecretArn", data.SecretARN)
	ctx.Export("parameterPrefix", data.ParameterPrefix)
	ctx.Export("staticBucketName", front.StaticBucketName)
	ctx.Export("distributionId", front.DistributionID)
	ctx.Export("alarmTopicArn", watch.AlarmTopicARN)
	ctx.Export("noticeTopicArn", watch.NoticeTopicARN)
	ctx.Export("dashboardUrl", watch.DashboardURL)
	ctx.Export("edgeOriginHost", front.EdgeOriginHost)
	ctx.Export("edgeHeaderName", front.EdgeHeaderName)
	ctx.Export("edgeHeaderSecretArn", front.EdgeHeaderSecretARN)
	ctx.Export("imageRepositoryUrl", pipeline.ImageRepositoryURL)
	ctx.Export("deployRoleArn", pipeline.DeployRoleARN)
	ctx.Export("previewRoleArn", pipeline.PreviewRoleARN)
	ctx.Export("consoleRoles", entry.ConsoleRoles)
	ctx.Export("scannerRoleArn", entry.ScannerRoleARN)
	return nil
}
