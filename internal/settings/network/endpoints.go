package network

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

var serviceName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*$`)

// checkEndpoint returns what is wrong with the service of an interface endpoint, listed after others.
func checkEndpoint(before []string, service string) error {
	switch {
	case strings.HasPrefix(service, "com.amazonaws."):
		return fmt.Errorf("must be the short name of a service, such as ssm, got %q", service)
	case !serviceName.MatchString(service):
		return fmt.Errorf("must be the name of an AWS service, such as ssm, got %q", service)
	case service == "s3" || service == "dynamodb":
		return fmt.Errorf("%s has a gateway endpoint, which is free: leave it out", service)
	case slices.Contains(before, service):
		return fmt.Errorf("%s is listed twice", service)
	case !slices.Contains(services, service):
		// AWS adds services at any time: only a name that is nearly one of these is taken for a typo.
		if known := validate.Nearest(service, services, 2); known != "" && len(service) > 4 {
			return fmt.Errorf("%s is not an AWS service, did you mean %s?", service, known)
		}
	}
	return nil
}

// services are services with interface endpoints that a web application may use (AWS PrivateLink user guide, "AWS services that
// integrate with AWS PrivateLink").
var services = []string{
	"access-analyzer", "acm-pca", "airflow.api", "airflow.env", "airflow.ops", "app-integrations", "appconfig", "appconfigdata",
	"appmesh", "appmesh-envoy-management", "apprunner", "application-autoscaling", "appsync-api", "aps", "aps-workspaces", "athena",
	"auditmanager", "autoscaling", "autoscaling-plans", "backup", "backup-gateway", "batch", "bedrock", "bedrock-agent",
	"bedrock-agent-runtime", "bedrock-runtime", "cassandra", "cloudcontrolapi", "clouddirectory", "cloudformation", "cloudhsmv2",
	"cloudtrail", "codeartifact.api", "codeartifact.repositories", "codebuild", "codecommit", "codedeploy",
	"codedeploy-commands-secure", "codepipeline", "comprehend", "config", "connect", "databrew", "dataexchange", "datasync",
	"devops-guru", "dms", "drs", "ds", "ebs", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "eks",
	"eks-auth", "elasticache", "elasticbeanstalk", "elasticbeanstalk-health", "elasticfilesystem", "elasticloadbalancing",
	"elasticmapreduce", "email-smtp", "emr-containers", "emr-serverless", "events", "evidently", "execute-api", "finspace", "fis",
	"forecast", "frauddetector", "fsx", "git-codecommit", "glue", "grafana", "grafana-workspace", "greengrass", "groundstation",
	"guardduty", "guardduty-data", "healthlake", "identitystore", "imagebuilder", "inspector2", "iot.data", "kendra",
	"kinesis-firehose", "kinesis-streams", "kms", "lakeformation", "lambda", "license-manager", "logs", "macie2", "mediaconnect", "mgn",
	"migrationhub-orchestrator", "monitoring", "mq", "network-firewall", "oam", "organizations", "payment-cryptography", "personalize",
	"pinpoint", "pinpoint-sms-voice-v2", "polly", "proton", "qldb.session", "rds", "rds-data", "redshift", "redshift-data",
	"rekognition", "robomaker", "rum", "rum-dataplane", "s3-outposts", "sagemaker.api", "sagemaker.runtime", "scheduler",
	"secretsmanager", "securityhub", "servicecatalog", "servicediscovery", "sms-voice", "snow-device-management", "sns", "sqs", "ssm",
	"ssm-contacts", "ssm-incidents", "ssmmessages", "states", "storagegateway", "sts", "swf", "synthetics", "textract",
	"timestream.ingest", "transcribe", "transfer", "transfer.server", "translate", "verifiedpermissions", "voiceid", "vpc-lattice",
	"wellarchitected", "workspaces", "xray",
}
