package offline

import (
	"fmt"
	"hash/crc32"
	"maps"
	"strings"

	"ha-web/internal/awstype"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Account and Region are where made-up ARNs lie; the region only where the stack's config names none.
const (
	Account = "123456789012"
	Region  = "us-east-1"
)

// created is a resource as AWS gets it.
type created struct {
	name, region string
	inputs       resource.PropertyMap
}

// computed are the properties, beside id, arn and name, that AWS computes and the program reads. One that is missing
// here reads as empty, without an error: the SDK's mocks cannot tell.
var computed = map[string]func(created) resource.PropertyMap{
	awstype.ACMCertificate: func(c created) resource.PropertyMap {
		hosts := []resource.PropertyValue{c.inputs["domainName"]}
		if more := c.inputs["subjectAlternativeNames"]; more.IsArray() {
			hosts = append(hosts, more.ArrayValue()...)
		}
		var options []resource.PropertyValue
		for _, host := range hosts {
			bare := strings.TrimPrefix(host.StringValue(), "*.")
			options = append(options, resource.NewProperty(resource.PropertyMap{
				"domainName":          host,
				"resourceRecordName":  resource.NewProperty("_validation." + bare + "."),
				"resourceRecordType":  resource.NewProperty("CNAME"),
				"resourceRecordValue": resource.NewProperty("_value.acm-validations.aws."),
			}))
		}
		return resource.PropertyMap{"domainValidationOptions": resource.NewProperty(options)}
	},
	awstype.CloudFrontDistribution: func(c created) resource.PropertyMap {
		return resource.PropertyMap{
			"domainName":   resource.NewProperty(c.name + ".cloudfront.net"),
			"hostedZoneId": resource.NewProperty("cloudfront_id"),
		}
	},
	awstype.EC2LaunchTemplate: func(c created) resource.PropertyMap {
		// AWS counts. Here the version is a number that another template has not, so that plans show what follows.
		sum := crc32.ChecksumIEEE([]byte(fmt.Sprint(plain(c.inputs)))) // which prints maps in order
		return resource.PropertyMap{"latestVersion": resource.NewProperty(float64(1 + sum%9999))}
	},
	awstype.EC2VPC: func(created) resource.PropertyMap {
		return resource.PropertyMap{"ownerId": resource.NewProperty(Account)}
	},
	awstype.KMSKey: func(c created) resource.PropertyMap {
		return resource.PropertyMap{"keyId": resource.NewProperty(c.name + "_id")}
	},
	awstype.SSMDocument: func(created) resource.PropertyMap {
		return resource.PropertyMap{"latestVersion": resource.NewProperty("1")}
	},
	awstype.SSMAssociation: func(c created) resource.PropertyMap {
		return resource.PropertyMap{"associationId": resource.NewProperty(c.name + "_id")}
	},
	awstype.AWSXECRRepository: func(c created) resource.PropertyMap {
		url := Account + ".dkr.ecr." + c.region + ".amazonaws.com/" + c.inputs["name"].StringValue()
		return resource.PropertyMap{"url": resource.NewProperty(url)}
	},
	awstype.LBLoadBalancer: func(c created) resource.PropertyMap {
		return resource.PropertyMap{
			"arnSuffix": resource.NewProperty("app/" + c.name + "/id"),
			"dnsName":   resource.NewProperty(c.name + "." + c.region + ".elb.amazonaws.com"),
			"zoneId":    resource.NewProperty("elb-" + c.region + "_id"),
		}
	},
	awstype.LBTargetGroup: func(c created) resource.PropertyMap {
		return resource.PropertyMap{"arnSuffix": resource.NewProperty("targetgroup/" + c.name + "/id")}
	},
	awstype.RDSInstance: func(c created) resource.PropertyMap {
		secret := resource.PropertyMap{"secretArn": resource.NewProperty(arn("secretsmanager", c.region, "rds!"+c.name))}
		return resource.PropertyMap{
			"address":           resource.NewProperty(c.name + "." + c.region + ".rds.amazonaws.com"),
			"masterUserSecrets": resource.NewProperty([]resource.PropertyValue{resource.NewProperty(secret)}),
		}
	},
	awstype.RDSProxyDefaultTargetGroup: func(created) resource.PropertyMap {
		return resource.PropertyMap{"name": resource.NewProperty("default")}
	},
	awstype.RDSProxy: func(c created) resource.PropertyMap {
		return resource.PropertyMap{"endpoint": resource.NewProperty(c.name + ".proxy." + c.region + ".rds.amazonaws.com")}
	},
	awstype.Route53Record: func(c created) resource.PropertyMap {
		return resource.PropertyMap{"fqdn": c.inputs["name"]}
	},
	awstype.S3BucketV2: func(c created) resource.PropertyMap {
		return resource.PropertyMap{
			"bucket":                   resource.NewProperty(c.name),
			"bucketRegionalDomainName": resource.NewProperty(c.name + ".s3." + c.region + ".amazonaws.com"),
		}
	},
}

// lookups are the answers to functions of the provider.
var lookups = map[string]func(args resource.PropertyMap, region string) resource.PropertyMap{
	awstype.EC2GetManagedPrefixList: func(args resource.PropertyMap, _ string) resource.PropertyMap {
		return resource.PropertyMap{"id": resource.NewProperty(args["name"].StringValue() + "_id"), "name": args["name"]}
	},
	awstype.GetCallerIdentity: func(resource.PropertyMap, string) resource.PropertyMap {
		return resource.PropertyMap{"accountId": resource.NewProperty(Account)}
	},
	awstype.IAMGetOpenIDConnectProvider: func(args resource.PropertyMap, region string) resource.PropertyMap {
		host := strings.TrimPrefix(args["url"].StringValue(), "https://")
		return resource.PropertyMap{"arn": resource.NewProperty(arn("iam", region, "oidc-provider/"+host)), "url": args["url"]}
	},
	awstype.GetPartition: func(resource.PropertyMap, string) resource.PropertyMap {
		return resource.PropertyMap{"partition": resource.NewProperty("aws")}
	},
	awstype.Route53GetZone: func(args resource.PropertyMap, _ string) resource.PropertyMap {
		return resource.PropertyMap{"zoneId": resource.NewProperty(args["name"].StringValue() + "_id"), "name": args["name"]}
	},
	awstype.SecretsManagerGetRandomPassword: func(resource.PropertyMap, string) resource.PropertyMap {
		return resource.PropertyMap{"randomPassword": resource.NewProperty("random")}
	},
	awstype.SecretsManagerGetSecretVersion: func(args resource.PropertyMap, _ string) resource.PropertyMap {
		return resource.PropertyMap{"secretString": resource.NewProperty("value of " + args["secretId"].StringValue())}
	},
	awstype.SSMGetParameter: func(args resource.PropertyMap, _ string) resource.PropertyMap {
		return resource.PropertyMap{"insecureValue": resource.NewProperty(args["name"].StringValue() + "_value"), "name": args["name"]}
	},
	awstype.GetRegion: func(_ resource.PropertyMap, region string) resource.PropertyMap {
		return resource.PropertyMap{"name": resource.NewProperty(region)}
	},
}

// state returns the inputs of a resource with what AWS adds to them in a region.
func state(args pulumi.MockResourceArgs, region string) resource.PropertyMap {
	state := resource.PropertyMap{
		"name": resource.NewProperty(args.Name),
		"arn":  resource.NewProperty(arn(service(args.TypeToken), region, args.Name)),
	}
	if more := computed[args.TypeToken]; more != nil {
		maps.Copy(state, more(created{args.Name, region, args.Inputs}))
	}
	maps.Copy(state, args.Inputs)
	return state
}

func arn(service, region, name string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, Account, name)
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
	return answer(args.Args, m.regionOf(args.Provider)), nil
}

// regionOf returns the region of an explicit provider, or else that of the stack.
func (m *monitor) regionOf(reference string) string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if region, explicit := m.regions[provider(reference)]; explicit {
		return region
	}
	return m.region
}
