package tests

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ha-web/components/securitygroups"
	"ha-web/components/vpc"
	"ha-web/components/webtier"
	"ha-web/internal/offline"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	groupKey    = autoScalingGroup + "::web-app"
	balancerKey = loadBalancer + "::web-alb"
)

// --- load balancer --------------------------------------------------------

func TestLoadBalancerByDefault(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	assert.Equal(t, map[string]any{
		"loadBalancerType": "application", "internal": false, "ipAddressType": "ipv4",
		"subnets": []any{"public-a_id", "public-b_id"}, "securityGroups": []any{"alb-group_id"},
		"enableDeletionProtection": true, "dropInvalidHeaderFields": true, "desyncMitigationMode": "defensive",
		"enableHttp2": true, "enableZonalShift": true,
		"accessLogs": map[string]any{"enabled": true, "bucket": "web-alb-logs", "prefix": "alb"},
		"tags":       map[string]any{"Name": "web-alb"},
	}, got.one(t, loadBalancer, "web-alb"))
	assert.True(t, got.behind(balancerKey)[bucketPolicy+"::web-alb-logs"], "AWS tries the bucket when it turns logs on")
}

func TestTargetGroupByDefault(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	assert.Equal(t, map[string]any{
		"vpcId": "vpc_id", "targetType": "instance", "protocol": "HTTP", "port": 8080.0,
		"deregistrationDelay": 60.0, "loadBalancingAlgorithmType": "least_outstanding_requests",
		"healthCheck": map[string]any{
			"protocol": "HTTP", "port": "traffic-port", "path": "/health", "interval": 20.0, "timeout": 5.0,
			"healthyThreshold": 2.0, "unhealthyThreshold": 3.0, "matcher": "200",
		},
		"tags": map[string]any{"Name": "web-app"},
	}, got.one(t, targetGroup, "web-app"))
}

func TestTargetGroupOptions(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.Port = 9000
	args.HealthCheck = webtier.HealthCheck{Path: "/ready", IntervalSeconds: 10}
	args.TargetGroup = webtier.TargetGroup{DeregistrationSeconds: 30, StickinessSeconds: 3600, SlowStartSeconds: 60}
	group := record(t, newWebTier(args)).one(t, targetGroup, "web-app")
	assert.Equal(t, 9000.0, group["port"])
	assert.Equal(t, 30.0, group["deregistrationDelay"])
	assert.Equal(t, map[string]any{"enabled": true, "type": "lb_cookie", "cookieDuration": 3600.0}, group["stickiness"])
	assert.Equal(t, 60.0, group["slowStart"])
	assert.Equal(t, "round_robin", group["loadBalancingAlgorithmType"], "AWS has no slow start with another")
	check := group["healthCheck"].(map[string]any)
	assert.Equal(t, "/ready", check["path"])
	assert.Equal(t, 10.0, check["interval"])
	assert.Equal(t, 5.0, check["timeout"], "what is left out has its default")
}

func TestUnprotectedCanBeDeleted(t *testing.T) {
	t.Parallel()
	protected := record(t, newWebTier(webTierArgs()))
	assert.True(t, protected.of(bucket)["web-alb-logs"].Protect)
	assert.Equal(t, false, protected.one(t, bucket, "web-alb-logs")["forceDestroy"])

	args := webTierArgs()
	args.Unprotected = true
	got := record(t, newWebTier(args))
	assert.Equal(t, false, got.one(t, loadBalancer, "web-alb")["enableDeletionProtection"])
	assert.False(t, got.of(bucket)["web-alb-logs"].Protect)
	assert.Equal(t, true, got.one(t, bucket, "web-alb-logs")["forceDestroy"])
}

func TestAccessLogsBucketIsPrivate(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.AccessLogs.RetentionDays = 90
	got := record(t, newWebTier(args))
	const name = "web-alb-logs"
	checkPrivate(t, got, name, expires(90))
	bucketARN := "arn:aws:s3:us-east-1:123456789012:" + name
	assert.Equal(t, map[string]map[string]any{
		"DeliverLogs": {
			"Effect": "Allow", "Principal": map[string]any{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
			"Action": []any{"s3:PutObject"}, "Resource": []any{bucketARN + "/alb/AWSLogs/123456789012/*"},
		},
		"RefuseWithoutTLS": refuseWithoutTLS(bucketARN),
	}, document(t, got.one(t, bucketPolicy, name)["policy"]))
}

func TestAccessLogsCanBeLeftOut(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.AccessLogs.Disabled = true
	got := record(t, newWebTier(args))
	assert.NotContains(t, got.one(t, loadBalancer, "web-alb"), "accessLogs")
	assert.Empty(t, got.of(bucket))
}

// --- listeners and certificates -------------------------------------------

var (
	forward   = map[string]any{"type": "forward", "targetGroupArn": "arn:aws:lb:us-east-1:123456789012:web-app"}
	forbidden = map[string]any{"type": "fixed-response", "fixedResponse": map[string]any{
		"statusCode": "403", "contentType": "text/plain", "messageBody": "Forbidden",
	}}
	redirect = map[string]any{"type": "redirect", "redirect": map[string]any{
		"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301",
	}}
)

// withoutTags returns the inputs of a resource but for its tags and its load balancer.
func withoutTags(inputs map[string]any) map[string]any {
	rest := map[string]any{}
	for key, value := range inputs {
		if key != "tags" && key != "loadBalancerArn" {
			rest[key] = value
		}
	}
	return rest
}

func TestListenersWithACertificate(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	assert.Equal(t, map[string]any{
		"port": 443.0, "protocol": "HTTPS", "certificateArn": "certificate-arn",
		"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "defaultActions": []any{forward},
	}, withoutTags(got.one(t, listener, "web-listener-https")))
	assert.Equal(t, map[string]any{
		"port": 80.0, "protocol": "HTTP", "defaultActions": []any{redirect},
	}, withoutTags(got.one(t, listener, "web-listener-http")))
	assert.True(t, got.behind(listener + "::web-listener-http")[listener+"::web-listener-https"], "where it sends people")
	assert.Empty(t, got.of(listenerRule))
	assert.Empty(t, got.of(certificate))
	assert.Empty(t, got.of(secret))
}

func TestListenerWithoutACertificate(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.Certificate, args.PlainHTTP = webtier.Certificate{}, true
	got := record(t, newWebTier(args))
	assert.Equal(t, []string{"web-listener-http"}, got.names(listener), "there is nowhere to redirect to")
	assert.Equal(t, map[string]any{
		"port": 80.0, "protocol": "HTTP", "defaultActions": []any{forward},
	}, withoutTags(got.one(t, listener, "web-listener-http")))
}

func TestOnlyTheOwnDistributionIsForwarded(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		args := webTierArgs()
		args.Ingress, args.PlainHTTP = webtier.CloudFront, plain
		name := "web-listener-https"
		if plain {
			args.Certificate, name = webtier.Certificate{}, "web-listener-http"
		}
		got := record(t, newWebTier(args))
		assert.Equal(t, []any{forbidden}, got.one(t, listener, name)["defaultActions"])
		assert.Equal(t, map[string]any{
			"listenerArn": "arn:aws:lb:us-east-1:123456789012:" + name, "priority": 50000.0,
			"conditions": []any{map[string]any{"httpHeader": map[string]any{
				"httpHeaderName": "X-Origin-Verify", "values": []any{offline.Secret},
			}}},
			"actions": []any{forward}, "tags": map[string]any{"Name": "web-listener-origin"},
		}, got.one(t, listenerRule, "web-listener-origin"))
		assert.Equal(t, []string{"web-origin-v1"}, got.names(secret))
	}
}

func TestOriginHeaderValuesAreMadeUpAndKept(t *testing.T) {
	t.Parallel()
	args := fullWebTier()
	args.OriginHeader.Name = "X-From-CDN"
	got := record(t, newWebTier(args))
	for _, name := range []string{"web-origin-v1", "web-origin-v2"} {
		assert.Equal(t, "key-arn", got.one(t, secret, name)["kmsKeyId"])
		assert.Equal(t, offline.Secret, got.one(t, secretVersion, name)["secretString"])
		assert.Equal(t, []string{"secretString"}, got.of(secretVersion)[name].IgnoreChanges, "another value each time would never match")
	}
	condition := got.one(t, listenerRule, "web-listener-origin")["conditions"].([]any)[0].(map[string]any)["httpHeader"].(map[string]any)
	assert.Equal(t, "X-From-CDN", condition["httpHeaderName"])
	assert.Equal(t, []any{offline.Secret, offline.Secret}, condition["values"], "the value before still counts")

	args.OriginHeader.Version = 7
	assert.Equal(t, []string{"web-origin-v6", "web-origin-v7"}, record(t, newWebTier(args)).names(secret))
	for _, resource := range got.Resources {
		assert.NotContains(t, inputsOf(t, resource), `"random"`, "%s shows the value", resource.Key())
	}
}

func TestWebTierHandsOnTheNewestOriginValue(t *testing.T) {
	t.Parallel()
	got := record(t, func(ctx *pulumi.Context) error {
		args := fullWebTier()
		tier, err := webtier.New(ctx, "web", &args)
		if err != nil {
			return err
		}
		ctx.Export("value", tier.OriginHeaderValue)
		ctx.Export("arn", tier.OriginSecretARN)
		args.Ingress = webtier.Internet
		open, err := webtier.New(ctx, "open", &args)
		assert.Nil(t, open.OriginHeaderValue)
		assert.Nil(t, open.OriginSecretARN)
		return err
	})
	assert.Equal(t, offline.Secret, got.Outputs["value"])
	assert.Equal(t, "arn:aws:secretsmanager:us-east-1:123456789012:web-origin-v2", got.Outputs["arn"])
}

func TestCertificateIsRequestedAndUsedOnceItIsIssued(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(fullWebTier()))
	assert.Equal(t, map[string]any{
		"domainName": "example.edu", "subjectAlternativeNames": []any{"*.example.edu", "a.example.edu"},
		"validationMethod": "DNS", "tags": map[string]any{"Name": "web-alb"},
	}, got.one(t, certificate, "web-alb"))
	for _, host := range []string{"example.edu", "a.example.edu"} { // the wildcard has the record of example.edu
		assert.Equal(t, map[string]any{
			"zoneId": "example.edu_id", "name": "_validation." + host + ".", "type": "CNAME", "ttl": 60.0,
			"records": []any{"_value.acm-validations.aws."}, "allowOverwrite": true,
		}, got.one(t, dnsRecord, "web-alb-validation-"+host))
	}
	assert.Len(t, got.one(t, certificateIssued, "web-alb")["validationRecordFqdns"], 2)
	assert.True(t, got.behind(listener + "::web-listener-https")[certificateIssued+"::web-alb"], "AWS refuses one that is not issued")
}

func TestHostNamesLeadToTheLoadBalancer(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.Certificate.HostNames, args.Certificate.HostedZone = []string{"learn.example.edu"}, "example.edu"
	got := record(t, newWebTier(args))
	assert.Empty(t, got.of(certificate), "one is given")
	assert.Equal(t, []string{"web-alb-a-learn.example.edu"}, got.names(dnsRecord))
	assert.Equal(t, map[string]any{
		"zoneId": "example.edu_id", "name": "learn.example.edu", "type": "A",
		"aliases": []any{map[string]any{
			"name": "web-alb.us-east-1.elb.amazonaws.com", "zoneId": "elb-us-east-1_id", "evaluateTargetHealth": true,
		}},
	}, got.one(t, dnsRecord, "web-alb-a-learn.example.edu"))
}

// --- role -----------------------------------------------------------------

func TestInstancesMayReadWhatIsTheirs(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(fullWebTier()))
	assert.Equal(t, map[string]map[string]any{"sts:AssumeRole": {
		"Effect": "Allow", "Principal": map[string]any{"Service": "ec2.amazonaws.com"}, "Action": []any{"sts:AssumeRole"},
	}}, document(t, got.one(t, role, "web-app")["assumeRolePolicy"]))
	assert.Equal(t, "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", got.one(t, rolePolicyAttached, "web-app-ssm")["policyArn"])
	assert.Equal(t, "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy", got.one(t, rolePolicyAttached, "web-app-cloudwatch")["policyArn"])
	assert.Len(t, got.of(rolePolicyAttached), 2)

	own := []any{
		"arn:aws:ssm:us-east-1:123456789012:parameter/web/test", "arn:aws:ssm:us-east-1:123456789012:parameter/web/test/*",
	}
	read := []any{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"}
	decrypt := func(arns ...any) map[string]any {
		return map[string]any{
			"Effect": "Allow", "Action": []any{"kms:Decrypt"}, "Resource": []any{"key-arn"},
			"Condition": map[string]any{"StringEquals": map[string]any{
				"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com", "kms:EncryptionContext:SecretARN": arns,
			}},
		}
	}
	readSecrets := func(arns ...any) map[string]any {
		return map[string]any{
			"Effect": "Allow", "Action": []any{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, "Resource": arns,
		}
	}
	assert.Equal(t, map[string]map[string]any{
		"ReadParameters":        {"Effect": "Allow", "Action": read, "Resource": own},
		"RefuseOtherParameters": {"Effect": "Deny", "Action": read, "NotResource": append([]any{"arn:aws:ssm:*::parameter/aws/*"}, own...)},
		"ReadSecrets":           readSecrets("oidc-arn", "smtp-arn"),
		"DecryptThem":           decrypt("oidc-arn", "smtp-arn"),
		"LogInToRegistry":       {"Effect": "Allow", "Action": []any{"ecr:GetAuthorizationToken"}, "Resource": []any{"*"}},
		"PullImage": {
			"Effect":   "Allow",
			"Action":   []any{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			"Resource": []any{"arn:aws:ecr:eu-west-1:123456789012:repository/team/moodle"},
		},
	}, document(t, got.one(t, rolePolicy, "web-app")["policy"]))
	assert.Equal(t, map[string]map[string]any{
		"ReadSecrets": readSecrets("database-secret-arn"), "DecryptThem": decrypt("database-secret-arn"),
	}, document(t, got.one(t, rolePolicy, "web-app-database")["policy"]))
	assert.Equal(t, map[string]any{
		"path": "/web/test/", "role": "web-app", "tags": map[string]any{"Name": "web-app"},
	}, got.one(t, instanceProfile, "web-app"))
}

func TestInstancesWithNothingToReadMayReadNothing(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	statements := document(t, got.one(t, rolePolicy, "web-app")["policy"])
	assert.Equal(t, []any{"arn:aws:ssm:*::parameter/aws/*"}, statements["RefuseOtherParameters"]["NotResource"])
	assert.Len(t, statements, 1)
	assert.Len(t, got.of(rolePolicy), 1)
}

func TestSecretsUnderAKeyOfAWSNeedNoRightToIt(t *testing.T) {
	t.Parallel()
	args := fullWebTier()
	args.KeyARN = nil
	got := record(t, newWebTier(args))
	assert.NotContains(t, document(t, got.one(t, rolePolicy, "web-app")["policy"]), "DecryptThem")
	assert.NotContains(t, got.one(t, logGroup, "web-app"), "kmsKeyId")
	assert.NotContains(t, got.one(t, secret, "web-origin-v1"), "kmsKeyId")
}

// --- launch template ------------------------------------------------------

func TestLaunchTemplateByDefault(t *testing.T) {
	t.Parallel()
	template := record(t, newWebTier(webTierArgs())).one(t, launchTemplate, "web-app")
	delete(template, "userData") // TestBoot…
	name := map[string]any{"Name": "web-app"}
	assert.Equal(t, map[string]any{
		"description":          "Application server",
		"imageId":              "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64_value",
		"instanceType":         "t3.small",
		"updateDefaultVersion": true,
		"iamInstanceProfile":   map[string]any{"arn": "arn:aws:iam:us-east-1:123456789012:web-app"},
		"metadataOptions": map[string]any{
			"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1.0, "instanceMetadataTags": "enabled",
		},
		"monitoring": map[string]any{"enabled": true},
		"networkInterfaces": []any{map[string]any{
			"deviceIndex": 0.0, "associatePublicIpAddress": "false", "deleteOnTermination": "true", "securityGroups": []any{"app-group_id"},
		}},
		"blockDeviceMappings": []any{map[string]any{"deviceName": "/dev/xvda", "ebs": map[string]any{
			"volumeType": "gp3", "volumeSize": 30.0, "encrypted": "true", "deleteOnTermination": "true",
		}}},
		"tagSpecifications": []any{
			map[string]any{"resourceType": "instance", "tags": name},
			map[string]any{"resourceType": "network-interface", "tags": name},
			map[string]any{"resourceType": "volume", "tags": name},
		},
		"tags": name,
	}, template)
}

func TestImageFollowsTheProcessorUnlessItIsPinned(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"":                      "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64_value",
		"ssm:/golden/moodle":    "/golden/moodle_value",
		"ami-0123456789abcdef0": "ami-0123456789abcdef0",
	} {
		args := webTierArgs()
		args.InstanceTypes, args.Image = []string{"m7g.large"}, image
		assert.Equal(t, want, record(t, newWebTier(args)).one(t, launchTemplate, "web-app")["imageId"])
	}
}

func TestInstancesAndVolumesAreTagged(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.Shared.Tags = pulumi.StringMap{"Stack": pulumi.String("test")}
	got := record(t, newWebTier(args))
	tags := map[string]any{"Name": "web-app", "Stack": "test"}
	for _, each := range got.one(t, launchTemplate, "web-app")["tagSpecifications"].([]any) {
		assert.Equal(t, tags, each.(map[string]any)["tags"])
	}
	assert.Equal(t, []any{
		map[string]any{"key": "Name", "value": "web-app", "propagateAtLaunch": true},
		map[string]any{"key": "Stack", "value": "test", "propagateAtLaunch": true},
	}, got.one(t, autoScalingGroup, "web-app")["tags"])
}

func TestLogGroupOfTheInstances(t *testing.T) {
	t.Parallel()
	args := fullWebTier()
	args.LogRetentionDays = 30
	assert.Equal(t, map[string]any{
		"name": "/web/test/app", "retentionInDays": 30.0, "kmsKeyId": "key-arn", "tags": map[string]any{"Name": "web-app"},
	}, record(t, newWebTier(args)).one(t, logGroup, "web-app"))
}

// userData returns the script that a launch template boots instances with.
func userData(t *testing.T, got recording) string {
	t.Helper()
	return userDataOf(t, got.one(t, launchTemplate, "web-app"))
}

// userDataOf returns the script in the inputs of a launch template.
func userDataOf(t *testing.T, template map[string]any) string {
	t.Helper()
	script, err := base64.StdEncoding.DecodeString(template["userData"].(string))
	require.NoError(t, err)
	return string(script)
}

func TestUserDataFitsAndHasNoSecret(t *testing.T) {
	t.Parallel()
	args := fullWebTier()
	args.Container = ""
	for _, each := range []webtier.Args{args, fullWebTier(), webTierArgs()} {
		script := userData(t, record(t, newWebTier(each)))
		assert.True(t, strings.HasPrefix(script, "#!/bin/bash\n"), "base64 once, and cloud-init knows it for a script")
		assert.Equal(t, 1, strings.Count(script, "#!/bin/bash"))
		assert.Less(t, len(script), 16*1024)
		assert.NotContains(t, script, "random", "the value of the origin header")
	}
}

func TestUserDataThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	args := fullWebTier()
	for i := range 100 {
		args.Secrets[fmt.Sprintf("secret-number-%d", i)] = pulumi.String(strings.Repeat("arn", 40))
	}
	_, err := offline.Record(newWebTier(args), offline.Stack{Project: "test", Name: "test"})
	assert.ErrorContains(t, err, "user data of web-app has ")
	assert.ErrorContains(t, err, " bytes, and EC2 takes 16384")
}

// --- Auto Scaling group ---------------------------------------------------

func TestGroupByDefault(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	group := got.one(t, autoScalingGroup, "web-app")
	version := group["launchTemplate"].(map[string]any)["version"]
	assert.Regexp(t, `^[0-9]+$`, version, "a number: instances of two versions would run side by side by $Latest")
	assert.Equal(t, map[string]any{
		"vpcZoneIdentifiers": []any{"private-a_id", "private-b_id"},
		"targetGroupArns":    []any{"arn:aws:lb:us-east-1:123456789012:web-app"},
		"minSize":            2.0, "maxSize": 10.0,
		"healthCheckType": "ELB", "healthCheckGracePeriod": 300.0, "defaultInstanceWarmup": 180.0,
		"launchTemplate": map[string]any{"id": "web-app_id", "version": version},
		"enabledMetrics": []any{
			"GroupDesiredCapacity", "GroupInServiceCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize",
			"GroupPendingInstances", "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances",
		},
		"metricsGranularity": "1Minute",
		"instanceRefresh": map[string]any{"strategy": "Rolling", "preferences": map[string]any{
			"minHealthyPercentage": 100.0, "maxHealthyPercentage": 150.0, "autoRollback": true, "skipMatching": true,
			"checkpointPercentages": []any{50.0, 100.0}, "checkpointDelay": "300",
		}},
		"instanceMaintenancePolicy": map[string]any{"minHealthyPercentage": 100.0, "maxHealthyPercentage": 150.0},
		"minElbCapacity":            2.0, "waitForCapacityTimeout": "15m0s",
		"tags": []any{map[string]any{"key": "Name", "value": "web-app", "propagateAtLaunch": true}},
	}, group, "without a desired capacity: each update would set it back")
}

func TestGroupTakesTheNewVersionOfItsTemplate(t *testing.T) {
	t.Parallel()
	version := func(change func(*webtier.Args)) any {
		args := webTierArgs()
		change(&args)
		return record(t, newWebTier(args)).one(t, autoScalingGroup, "web-app")["launchTemplate"].(map[string]any)["version"]
	}
	before := version(func(*webtier.Args) {})
	assert.Equal(t, before, version(func(*webtier.Args) {}), "nothing changed")
	assert.Equal(t, before, version(func(args *webtier.Args) { args.Size.Max = 20 }), "of the group, not of the template")
	assert.NotEqual(t, before, version(func(args *webtier.Args) { args.HealthCheck.Path = "/ready" }), "user data")
	assert.NotEqual(t, before, version(func(args *webtier.Args) { args.Image = "ami-0123456789abcdef0" }))
}

func TestRolloutOptions(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.BootSeconds, args.HealthCheck.GraceSeconds = 600, 900
	args.Rollout = webtier.Rollout{MinHealthyPercent: 0, MaxHealthyPercent: 100, CheckpointPercents: []int{10, 40, 100}, CheckpointSeconds: 3600}
	args.RolloutAlarms = []string{"errors", "latency"}
	group := record(t, newWebTier(args)).one(t, autoScalingGroup, "web-app")
	assert.Equal(t, map[string]any{
		"minHealthyPercentage": 0.0, "maxHealthyPercentage": 100.0, "autoRollback": true, "skipMatching": true,
		"checkpointPercentages": []any{10.0, 40.0, 100.0}, "checkpointDelay": "3600",
		"alarmSpecification": map[string]any{"alarms": []any{"errors", "latency"}},
	}, group["instanceRefresh"].(map[string]any)["preferences"])
	assert.Equal(t, map[string]any{"minHealthyPercentage": 0.0, "maxHealthyPercentage": 100.0}, group["instanceMaintenancePolicy"])
	assert.Equal(t, 600.0, group["defaultInstanceWarmup"])
	assert.Equal(t, 900.0, group["healthCheckGracePeriod"])
	assert.Equal(t, "30m0s", group["waitForCapacityTimeout"], "three times the boot")
}

func TestSpotIsOnlyAboveTheBase(t *testing.T) {
	t.Parallel()
	args := webTierArgs()
	args.InstanceTypes = []string{"m7g.large", "m6g.large"}
	args.Size.Min = 3
	group := record(t, newWebTier(args)).one(t, autoScalingGroup, "web-app")
	assert.NotContains(t, group, "launchTemplate", "AWS takes one of the two")
	assert.Equal(t, false, group["capacityRebalance"])
	mixed := group["mixedInstancesPolicy"].(map[string]any)
	assert.Equal(t, map[string]any{
		"onDemandAllocationStrategy": "prioritized", "onDemandBaseCapacity": 3.0, "onDemandPercentageAboveBaseCapacity": 100.0,
		"spotAllocationStrategy": "price-capacity-optimized",
	}, mixed["instancesDistribution"])
	template := mixed["launchTemplate"].(map[string]any)
	assert.Equal(t, []any{map[string]any{"instanceType": "m7g.large"}, map[string]any{"instanceType": "m6g.large"}}, template["overrides"])
	specification := template["launchTemplateSpecification"].(map[string]any)
	assert.Equal(t, "web-app_id", specification["launchTemplateId"])
	assert.Regexp(t, `^[0-9]+$`, specification["version"])

	args.Spot = webtier.Spot{Percent: 60, OnDemandBase: 4}
	group = record(t, newWebTier(args)).one(t, autoScalingGroup, "web-app")
	assert.Equal(t, true, group["capacityRebalance"])
	distribution := group["mixedInstancesPolicy"].(map[string]any)["instancesDistribution"].(map[string]any)
	assert.Equal(t, 4.0, distribution["onDemandBaseCapacity"])
	assert.Equal(t, 40.0, distribution["onDemandPercentageAboveBaseCapacity"])
}

func TestInstancesWaitForWhatTheyNeed(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(fullWebTier()))
	behind := got.behind(groupKey)
	for _, need := range []string{
		listener + "::web-listener-https", listenerRule + "::web-listener-origin", // or no target ever gets healthy
		rolePolicy + "::web-app", rolePolicyAttached + "::web-app-ssm", rolePolicyAttached + "::web-app-cloudwatch",
		logGroup + "::web-app",
	} {
		assert.True(t, behind[need], need)
	}
	assert.False(t, behind[rolePolicy+"::web-app-database"], "its secret exists only when the database does")
}

func TestWebTierOnItsNetwork(t *testing.T) {
	t.Parallel()
	for count := 2; count <= 6; count++ {
		got := record(t, func(ctx *pulumi.Context) error {
			network, err := vpc.New(ctx, "net", vpcArgs(func(s *vpc.Settings) {
				s.AvailabilityZones = zones(count)
				s.InterfaceEndpoints = []string{"ssm"}
			}))
			if err != nil {
				return err
			}
			groups, err := securitygroups.New(ctx, "sg", &securitygroups.Args{VpcID: network.VpcID})
			if err != nil {
				return err
			}
			args := webTierArgs()
			args.VpcID, args.PublicSubnetIDs, args.PrivateSubnetIDs = network.VpcID, network.PublicSubnetIDs, network.PrivateSubnetIDs
			args.ALBSecurityGroupIDs, args.AppSecurityGroupID = groups.ALBSecurityGroupIDs, groups.AppSecurityGroupID
			args.Await = append(groups.Rules, network.PrivateEgress...)
			args.Size.Min = count
			_, err = webtier.New(ctx, "web", &args)
			return err
		})
		var public, private []any
		for _, zone := range zones(count) {
			public = append(public, "net-public-"+zone[len(zone)-1:]+"_id")
			private = append(private, "net-private-"+zone[len(zone)-1:]+"_id")
		}
		assert.Equal(t, public, got.one(t, loadBalancer, "web-alb")["subnets"])
		assert.Equal(t, private, got.one(t, autoScalingGroup, "web-app")["vpcZoneIdentifiers"])
		assert.Equal(t, "net-vpc_id", got.one(t, targetGroup, "web-app")["vpcId"])
		assert.Equal(t, []any{"sg-alb_id"}, got.one(t, loadBalancer, "web-alb")["securityGroups"])
		card := got.one(t, launchTemplate, "web-app")["networkInterfaces"].([]any)[0].(map[string]any)
		assert.Equal(t, []any{"sg-app_id"}, card["securityGroups"])

		behind := got.behind(groupKey)
		for _, kind := range []string{natGateway, endpoint, ingressRule, egressRule} {
			for name := range got.of(kind) {
				assert.True(t, behind[kind+"::"+name] || name == "net-endpoint-s3", "%s %s", kind, name)
			}
		}
		for name := range got.of(route) {
			assert.True(t, behind[route+"::"+name] || !strings.HasPrefix(name, "net-private"), name)
		}
	}
}

// --- scaling --------------------------------------------------------------

func TestScalingByDefaultKeepsTheCPULoad(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(webTierArgs()))
	assert.Equal(t, []string{"web-scaling-cpu"}, got.names(scalingPolicy))
	assert.Equal(t, map[string]any{
		"autoscalingGroupName": "web-app", "policyType": "TargetTrackingScaling",
		"targetTrackingConfiguration": map[string]any{
			"predefinedMetricSpecification": map[string]any{"predefinedMetricType": "ASGAverageCPUUtilization"}, "targetValue": 60.0,
		},
	}, got.one(t, scalingPolicy, "web-scaling-cpu"), "the group knows how long an instance warms up")
	assert.Empty(t, got.of(scheduledAction))
}

func TestScalingByRequestsAndForecast(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(fullWebTier()))
	assert.Equal(t, map[string]any{
		"predefinedMetricSpecification": map[string]any{
			"predefinedMetricType": "ALBRequestCountPerTarget", "resourceLabel": "app/web-alb/id/targetgroup/web-app/id",
		}, "targetValue": 1000.0,
	}, got.one(t, scalingPolicy, "web-scaling-requests")["targetTrackingConfiguration"])
	requests := got.of(scalingPolicy)["web-scaling-requests"]
	assert.Contains(t, requests.DependsOn, listener+"::web-listener-https", "AWS asks whether anything routes there")
	assert.Contains(t, requests.DependsOn, listenerRule+"::web-listener-origin")
	assert.Equal(t, map[string]any{
		"autoscalingGroupName": "web-app", "policyType": "PredictiveScaling",
		"predictiveScalingConfiguration": map[string]any{
			"mode": "ForecastOnly", "schedulingBufferTime": "180",
			"metricSpecification": map[string]any{
				"targetValue": 50.0, "predefinedMetricPairSpecification": map[string]any{"predefinedMetricType": "ASGCPUUtilization"},
			},
		},
	}, got.one(t, scalingPolicy, "web-scaling-forecast"))

	args := webTierArgs()
	args.Scaling = &webtier.Scaling{}
	assert.Empty(t, record(t, newWebTier(args)).of(scalingPolicy), "a fleet of its smallest size")
}

func TestSchedulesWriteAllThreeSizes(t *testing.T) {
	t.Parallel()
	got := record(t, newWebTier(fullWebTier()))
	assert.Equal(t, map[string]any{
		"autoscalingGroupName": "web-app", "scheduledActionName": "morning", "recurrence": "0 7 * * 1-5", "timeZone": "Europe/London",
		"endTime": "2027-01-01T00:00:00Z", "minSize": 4.0, "maxSize": 10.0, "desiredCapacity": 5.0,
	}, got.one(t, scheduledAction, "web-schedule-morning"))
	assert.Equal(t, map[string]any{
		"autoscalingGroupName": "web-app", "scheduledActionName": "exams-winter",
		"startTime": "2027-01-11T07:00:00Z", "minSize": 6.0, "maxSize": 10.0, "desiredCapacity": -1.0,
	}, got.one(t, scheduledAction, "web-schedule-exams-winter"))
	assert.Equal(t, map[string]any{
		"autoscalingGroupName": "web-app", "scheduledActionName": "exams-winter-end",
		"startTime": "2027-01-22T20:00:00Z", "minSize": 2.0, "maxSize": 10.0, "desiredCapacity": -1.0,
	}, got.one(t, scheduledAction, "web-schedule-exams-winter-end"))
	assert.Len(t, got.of(scheduledAction), 3)
}

// --- faults ---------------------------------------------------------------

func TestWebTierNamesEveryFault(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `web tier web: VpcID: is required
PublicSubnetIDs: is required
PrivateSubnetIDs: is required
ALBSecurityGroupIDs: is required
AppSecurityGroupID: is required
Certificate: needs an ARN or HostNames, unless PlainHTTP does without TLS`, fault(t, newWebTier(webtier.Args{})))
	assert.Contains(t, fault(t, func(ctx *pulumi.Context) error {
		_, err := webtier.New(ctx, "web", nil)
		return err
	}), "VpcID: is required")

	tests := map[string]struct {
		change func(*webtier.Args)
		want   string
	}{
		"ingress":  {func(a *webtier.Args) { a.Ingress = "vpn" }, `Ingress: must be internet or cloudfront, got "vpn"`},
		"header":   {func(a *webtier.Args) { a.OriginHeader.Name = "X-Amz-Me" }, `OriginHeader.Name: must be letters, digits and hyphens, 40 at most, and begin with neither X-Amz nor X-Edge, got "X-Amz-Me"`},
		"version":  {func(a *webtier.Args) { a.OriginHeader.Version = -1 }, "OriginHeader.Version: must be between 1 and 1000000, got -1"},
		"no names": {func(a *webtier.Args) { a.Certificate = webtier.Certificate{HostedZone: "example.edu"} }, "Certificate.HostNames: must have at least one name with Certificate.HostedZone"},
		"elsewhere": {func(a *webtier.Args) {
			a.Certificate.HostNames, a.Certificate.HostedZone = []string{"notexample.edu"}, "example.edu"
		}, `Certificate.HostNames[0]: must be in Certificate.HostedZone (example.edu), got "notexample.edu"`},
		"twice": {func(a *webtier.Args) {
			a.Certificate.HostNames, a.Certificate.HostedZone = []string{"example.edu", "example.edu"}, "example.edu"
		}, "Certificate.HostNames[1]: example.edu is listed twice"},
		"both":     {func(a *webtier.Args) { a.PlainHTTP = true }, "PlainHTTP: goes without a Certificate"},
		"tag":      {func(a *webtier.Args) { a.Shared.Tags = pulumi.StringMap{"cost/centre": pulumi.String("x")} }, `Shared.Tags: "cost/centre": letters, digits and -_+=,.@: only, or no instance starts`},
		"secret":   {func(a *webtier.Args) { a.Secrets = pulumi.StringMap{"a b": pulumi.String("x")} }, `Secrets: must be lowercase letters, digits and single hyphens, got "a b"`},
		"fleet":    {func(a *webtier.Args) { a.Port, a.BootSeconds = 80, 201 }, "HealthCheck.GraceSeconds: must be at least 1.5 times BootSeconds (201), which is 302, got 300\nPort: must be between 1024 and 65535, got 80"},
		"schedule": {func(a *webtier.Args) { a.Schedules = []webtier.Schedule{{Name: "x", Min: 1}} }, "Schedules: x: needs a recurrence or a start"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := webTierArgs()
			test.change(&args)
			assert.Equal(t, "web tier web: "+test.want, fault(t, newWebTier(args)))
		})
	}
}

func TestLoadBalancersNameFits(t *testing.T) {
	t.Parallel()
	create := func(name string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			args := webTierArgs()
			_, err := webtier.New(ctx, name, &args)
			return err
		}
	}
	longest := strings.Repeat("n", 20)
	got := record(t, create(longest))
	for _, kind := range []string{loadBalancer, targetGroup} {
		for name, resource := range got.of(kind) {
			assert.LessOrEqual(t, len(name)+len("-1234567"), 32)
			assert.NotContains(t, resource.Inputs, "name", "a fixed one could not be replaced")
		}
	}
	assert.Equal(t, fmt.Sprintf("web tier %sn: name: must have at most 20 letters, or AWS cannot name the load balancer, got %q", longest, longest+"n"),
		fault(t, create(longest+"n")))
}

// --- the whole program ----------------------------------------------------

func TestFleetDoesNotWaitForTheDatabase(t *testing.T) {
	t.Parallel()
	for _, stack := range stacks {
		plan := planOf(t, "-stack", stack)
		behind := plan.behind(autoScalingGroup + "::ha-web-app")
		for _, kind := range []string{dbInstance, proxy, proxyTarget, ssmParameter} {
			for name := range plan.of(kind) {
				assert.False(t, behind[kind+"::"+name], "%s: %s %s", stack, kind, name)
			}
		}
		for _, kind := range []string{natGateway, egressRule, ingressRule} {
			for name := range plan.of(kind) {
				assert.True(t, behind[kind+"::"+name], "%s: %s %s", stack, kind, name)
			}
		}
		database := plan.of(rolePolicy)["ha-web-app-database"]
		assert.True(t, slices.Contains(database.DependsOn, dbInstance+"::ha-web-db"), "it may read the secret once there is one")
	}
}

func TestHostNamesOfTheStack(t *testing.T) {
	t.Parallel()
	cloudfront := planOf(t, "-stack", "prod")
	assert.Equal(t, "origin.learn.example.edu", cloudfront.one(t, certificate, "ha-web-alb")["domainName"], "CloudFront has the site's own name")
	open := planOf(t, "-stack", "prod", "-c", "environment=development", "-c", "web.ingress=internet")
	assert.Equal(t, "origin.learn.example.edu", open.one(t, certificate, "ha-web-alb")["domainName"], "so it has, whoever else gets in")
	internet := planOf(t, "-stack", "prod", "-c", "environment=development", "-c", "cdn.enabled=false")
	assert.Equal(t, "learn.example.edu", internet.one(t, certificate, "ha-web-alb")["domainName"])
	assert.Contains(t, internet.names(dnsRecord), "ha-web-alb-a-learn.example.edu")
	given := planOf(t, "-stack", "prod", "-c", "domain.hostedZone=",
		"-c", "domain.certificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0a",
		"-c", "domain.cdnCertificateArn=arn:aws:acm:us-east-1:123456789012:certificate/0b")
	assert.Equal(t, "arn:aws:acm:us-east-1:123456789012:certificate/0a", given.one(t, listener, "ha-web-listener-https")["certificateArn"])
	assert.Equal(t, "arn:aws:acm:us-east-1:123456789012:certificate/0b",
		given.one(t, distribution, "ha-web-cdn")["viewerCertificate"].(map[string]any)["acmCertificateArn"])
	assert.Equal(t, []any{
		"origin.learn.example.edu. CNAME ha-web-alb.us-east-1.elb.amazonaws.com.", "learn.example.edu. CNAME ha-web-cdn.cloudfront.net.",
	}, given.Outputs["dnsRecords"])
	assert.Empty(t, given.of(dnsRecord))
}
