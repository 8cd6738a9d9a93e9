package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ha-web/internal/parts"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// agents has State Manager apply each agent to every instance. It returns the associations, and the permissions that instances
// need before they run.
func (b *builder) agents() (associations pulumi.StringArray, permissions []pulumi.Resource, err error) {
	if permissions, err = b.agentSecrets(); err != nil {
		return nil, nil, err
	}
	for _, agent := range b.settings.Agents {
		association, err := b.associate("agent", agent.Name, agent.Schedule, permissions, steps(agent)...)
		if err != nil {
			return nil, nil, err
		}
		associations = append(associations, association)
	}
	return associations, permissions, nil
}

// agentSecrets lets instances read the secrets of agents.
func (b *builder) agentSecrets() ([]pulumi.Resource, error) {
	arns := map[string]bool{}
	for _, agent := range b.settings.Agents {
		for _, arn := range agent.Secrets {
			arns[arn] = true
		}
	}
	if len(arns) == 0 {
		return nil, nil
	}
	var secrets []pulumi.StringInput
	for _, arn := range slices.Sorted(maps.Keys(arns)) {
		secrets = append(secrets, pulumi.String(arn))
	}
	policy, err := b.RolePolicy(b.ctx, b.Name("agents"), b.args.Web.RoleName,
		parts.ReadSecrets(b.place, b.args.KeyARN, secrets...)...)
	return []pulumi.Resource{policy}, err
}

// steps are the steps of the document of an agent (AWS Systems Manager user guide, "Command document plugin reference").
func steps(agent Agent) []pulumi.Map {
	var steps []pulumi.Map
	if agent.Package != "" {
		inputs := pulumi.Map{"action": pulumi.String("Install"), "name": pulumi.String(agent.Package)}
		if agent.Version != "" {
			inputs["version"] = pulumi.String(agent.Version)
		}
		if len(agent.Arguments) > 0 {
			inputs["additionalArguments"] = pulumi.ToStringMap(agent.Arguments)
		}
		steps = append(steps, step("aws:configurePackage", "package", inputs))
	}
	if len(agent.Commands) > 0 {
		steps = append(steps, step("aws:runShellScript", "commands", pulumi.Map{
			"timeoutSeconds": pulumi.String("900"), "runCommand": pulumi.ToStringArray(script(agent)),
		}))
	}
	return steps
}

// script returns the commands of an agent, with its secrets in environment variables: each instance reads them with its own role, so
// that documents and command history of SSM contain only their ARNs.
func script(agent Agent) []string {
	lines := []string{"#!/bin/bash", "set -euo pipefail"}
	for _, variable := range slices.Sorted(maps.Keys(agent.Secrets)) {
		arn := agent.Secrets[variable]
		region := strings.Split(arn, ":")[3]
		lines = append(lines, fmt.Sprintf("%s=$(aws secretsmanager get-secret-value --region %s --secret-id '%s' --query SecretString --output text)",
			variable, region, arn), "export "+variable)
	}
	return append(lines, agent.Commands...)
}
