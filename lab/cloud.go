//go:build lab && linux

package lab

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const region = "us-east-1"

// cloud is the AWS API of the emulator, as the lab asks it for what it needs of the stack.
type cloud struct {
	instances *ec2.Client
	scaling   *autoscaling.Client
	balancer  *balancing.Client
	databases *rds.Client
	secrets   *secretsmanager.Client
	metrics   *cloudwatch.Client
	roles     *iam.Client
	tokens    *sts.Client
	zones     *route53.Client
}

func newCloud(emulator string) cloud {
	config := aws.Config{
		Region: region, BaseEndpoint: &emulator, Credentials: credentials.NewStaticCredentialsProvider("lab", "lab", ""),
	}
	return cloud{
		instances: ec2.NewFromConfig(config),
		scaling:   autoscaling.NewFromConfig(config),
		balancer:  balancing.NewFromConfig(config),
		databases: rds.NewFromConfig(config),
		secrets:   secretsmanager.NewFromConfig(config),
		metrics:   cloudwatch.NewFromConfig(config),
		roles:     iam.NewFromConfig(config),
		tokens:    sts.NewFromConfig(config),
		zones:     route53.NewFromConfig(config),
	}
}

// template is what the lab reads of a version of a launch template.
type template struct {
	userData []byte
	profile  string // ARN of the instance profile
}

func (c cloud) template(ctx context.Context, id, version string) (template, error) {
	found, err := c.instances.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateId: &id, Versions: []string{version},
	})
	if err != nil {
		return template{}, fmt.Errorf("launch template %s: %w", id, err)
	}
	if len(found.LaunchTemplateVersions) != 1 {
		return template{}, fmt.Errorf("launch template %s has no version %s", id, version)
	}
	data := found.LaunchTemplateVersions[0].LaunchTemplateData
	userData, err := base64.StdEncoding.DecodeString(aws.ToString(data.UserData))
	if err != nil {
		return template{}, fmt.Errorf("user data of launch template %s: %w", id, err)
	}
	return template{userData, aws.ToString(data.IamInstanceProfile.Arn)}, nil
}

// login is the username and password of a secret of a database.
type login struct{ Username, Password string }

func (c cloud) login(ctx context.Context, secret string) (login, error) {
	var l login
	value, err := c.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secret})
	if err == nil {
		err = json.Unmarshal([]byte(aws.ToString(value.SecretString)), &l)
	}
	if err != nil {
		return l, fmt.Errorf("secret %s: %w", secret, err)
	}
	return l, nil
}

func (c cloud) group(ctx context.Context, name string) (scaling.AutoScalingGroup, error) {
	found, err := c.scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil {
		return scaling.AutoScalingGroup{}, fmt.Errorf("group %s: %w", name, err)
	}
	if len(found.AutoScalingGroups) != 1 {
		return scaling.AutoScalingGroup{}, fmt.Errorf("group %s: found %d", name, len(found.AutoScalingGroups))
	}
	return found.AutoScalingGroups[0], nil
}

// role is the role of an instance profile.
type role struct{ name, arn string }

func (c cloud) role(ctx context.Context, profile string) (role, error) {
	name := profile[strings.LastIndex(profile, "/")+1:]
	found, err := c.roles.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
	if err != nil {
		return role{}, fmt.Errorf("instance profile %s: %w", name, err)
	}
	if len(found.InstanceProfile.Roles) != 1 {
		return role{}, fmt.Errorf("instance profile %s: has %d roles", name, len(found.InstanceProfile.Roles))
	}
	only := found.InstanceProfile.Roles[0]
	return role{*only.RoleName, *only.Arn}, nil
}

// zoneName returns the name of an Availability Zone, which differs from account to account, from its ID.
func (c cloud) zoneName(ctx context.Context, id string) (string, error) {
	found, err := c.instances.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{ZoneIds: []string{id}})
	if err != nil {
		return "", fmt.Errorf("zone %s: %w", id, err)
	}
	if len(found.AvailabilityZones) != 1 {
		return "", fmt.Errorf("zone %s: found %d", id, len(found.AvailabilityZones))
	}
	return *found.AvailabilityZones[0].ZoneName, nil
}
