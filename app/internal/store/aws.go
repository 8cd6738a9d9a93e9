package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// The SSM parameters that say how to connect, under PARAMETER_PREFIX. The stack writes them.
const (
	endpointParameter = "/database/endpoint"
	portParameter     = "/database/port"
	nameParameter     = "/database/name"
	secretParameter   = "/database/secret-arn"
	poolSizeParameter = "/database/pool-size"
)

// target is where the database is, and which secret opens it.
type target struct {
	host, name, secretARN string
	port                  uint16
	poolSize              int // most connections that this instance may open
}

// password is what the secret holds. It is never logged.
type password struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type awsClients struct {
	parameters *ssm.Client
	secrets    *secretsmanager.Client
}

func newAWSClients(ctx context.Context) (awsClients, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) {
		o.Client = imds.New(imds.Options{EnableFallback: aws.FalseTernary}) // IMDSv2 only
	}))
	if err != nil {
		return awsClients{}, fmt.Errorf("configuring the AWS SDK: %w", err)
	}
	return awsClients{ssm.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)}, nil
}

// target reads the parameters. Its error has a line for each parameter that is missing or wrong.
func (c awsClients) target(ctx context.Context, prefix string) (target, error) {
	names := []string{endpointParameter, portParameter, nameParameter, secretParameter, poolSizeParameter}
	full := make([]string, len(names))
	for i, name := range names {
		full[i] = prefix + name
	}
	answer, err := c.parameters.GetParameters(ctx, &ssm.GetParametersInput{Names: full})
	if err != nil {
		return target{}, fmt.Errorf("reading the SSM parameters under %s: %w", prefix, err)
	}
	values := map[string]string{}
	for _, parameter := range answer.Parameters {
		values[strings.TrimPrefix(aws.ToString(parameter.Name), prefix)] = aws.ToString(parameter.Value)
	}
	var faults []error
	for _, name := range names {
		if values[name] == "" {
			faults = append(faults, fmt.Errorf("SSM parameter %s%s: does not exist", prefix, name))
		}
	}
	port, err := strconv.ParseUint(values[portParameter], 10, 16)
	if err != nil && values[portParameter] != "" {
		faults = append(faults, fmt.Errorf("SSM parameter %s%s: must be a port, got %q", prefix, portParameter, values[portParameter]))
	}
	size, err := strconv.Atoi(values[poolSizeParameter])
	if (err != nil || size < 1) && values[poolSizeParameter] != "" {
		faults = append(faults, fmt.Errorf("SSM parameter %s%s: must be a positive integer, got %q", prefix, poolSizeParameter, values[poolSizeParameter]))
	}
	return target{
		host: values[endpointParameter], port: uint16(port), name: values[nameParameter], secretARN: values[secretParameter], poolSize: size,
	}, errors.Join(faults...)
}

func (c awsClients) password(ctx context.Context, arn string) (password, error) {
	answer, err := c.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return password{}, fmt.Errorf("reading the secret %s: %w", arn, err)
	}
	var p password
	// The error of json quotes what it read.
	if json.Unmarshal([]byte(aws.ToString(answer.SecretString)), &p) != nil || p.Username == "" || p.Password == "" {
		return password{}, fmt.Errorf("secret %s: must be a JSON object with username and password", arn)
	}
	return p, nil
}
