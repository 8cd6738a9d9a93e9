package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ha-web/internal/parts"
	"ha-web/internal/upkeep"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// agents has State Manager put each agent on every instance, new ones included, and look after it.
func (b *builder) agents() error {
	if err := b.agentSecrets(); err != nil {
		return err
	}
	for _, agent := range b.args.Agents {
		if err := b.apply("agent", agent.Name, agent.Schedule, steps(agent)...); err != nil {
			return err
		}
	}
	return nil
}

// agentSecrets lets instances read what agents need.
func (b *builder) agentSecrets() error {
	arns := map[string]bool{}
	for _, agent := range b.args.Agents {
		for _, arn := range agent.Secrets {
			arns[arn] = true
		}
	}
	if len(arns) == 0 {
		return nil
	}
	var secrets []pulumi.StringInput
	for _, arn := range slices.Sorted(maps.Keys(arns)) {
		secrets = append(secrets, pulumi.String(arn))
	}
	policy, err := b.RolePolicy(b.ctx, b.Name("agents"), b.args.Web.RoleName,
		parts.ReadSecrets(b.place, b.args.KeyARN, secrets...)...)
	b.rights = append(b.rights, policy)
	return err
}

// steps are what Systems Manager does for an agent (AWS Systems Manager user guide, "Command document plugin reference").
func steps(agent upkeep.Agent) []pulumi.Map {
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

// script returns the commands of an agent, with its secrets in their variables: each instance asks for them by its own role,
// and what SSM keeps of a command has nothing but their ARNs.
func script(agent upkeep.Agent) []string {
	lines := []string{"#!/bin/bash", "set -euo pipefail"}
	for _, variable := range slices.Sorted(maps.Keys(agent.Secrets)) {
		arn := agent.Secrets[variable]
		region := strings.Split(arn, ":")[3]
		lines = append(lines, fmt.Sprintf("%s=$(aws secretsmanager get-secret-value --region %s --secret-id '%s' --query SecretString --output text)",
			variable, region, arn), "export "+variable)
	}
	return append(lines, agent.Commands...)
}
