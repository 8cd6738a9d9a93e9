package plan_test

import (
	"bytes"
	"strings"
	"testing"

	"ha-web/internal/offline"
	"ha-web/internal/plan"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recording returns a small plan, new each time.
func recording() *offline.Recording {
	resource := func(kind, name, parent string, custom bool, inputs map[string]any) offline.Resource {
		return offline.Resource{
			Type: kind, Name: name, Parent: parent, Custom: custom, DependsOn: []string{}, IgnoreChanges: []string{}, Inputs: inputs,
		}
	}
	return &offline.Recording{
		Project: "ha-web", Stack: "test",
		Resources: []offline.Resource{
			resource("aws:ec2/route:Route", "ha-web-default", "ha-web:index:Vpc::ha-web", true, map[string]any{
				"destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "ha-web-nat-a_id",
			}),
			resource("aws:ec2/vpc:Vpc", "ha-web-vpc", "ha-web:index:Vpc::ha-web", true, map[string]any{
				"cidrBlock": "10.0.0.0/16", "tags": map[string]any{"Name": "ha-web-vpc", "Stack": "test"},
			}),
			resource("ha-web:index:Vpc", "ha-web", "pulumi:pulumi:Stack::ha-web-test", false, map[string]any{}),
		},
		Outputs: map[string]any{"vpcId": "ha-web-vpc_id"},
		Notes:   []string{"no TLS: <domain>"}, CapacityLines: []string{"vCPUs\t4", "exams\t8", "\t9"},
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, plan.WriteTree(&out, recording()))
	assert.Equal(t, `ha-web test

  Vpc ha-web
    ec2.Route  ha-web-default  0.0.0.0/0 to ha-web-nat-a
    ec2.Vpc    ha-web-vpc      10.0.0.0/16

resources
  ec2.Route  1
  ec2.Vpc    1
  Vpc        1
  total      3

outputs
  vpcId  "ha-web-vpc_id"

capacity
  vCPUs  4
  exams  8
         9

notes
  no TLS: <domain>
`, out.String())
}

func TestJSONReadsBack(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, plan.WriteJSON(&out, recording()))
	assert.Contains(t, out.String(), `{
  "project": "ha-web",
  "stack": "test",
  "resources": [
    {
      "type": "aws:ec2/route:Route",
      "name": "ha-web-default",
      "parent": "ha-web:index:Vpc::ha-web",
      "custom": true,
      "protect": false,
      "provider": "",
      "dependsOn": [],
      "ignoreChanges": [],
      "inputs": {
        "destinationCidrBlock": "0.0.0.0/0",
        "natGatewayId": "ha-web-nat-a_id"
      }
    },`)
	read, err := plan.ReadJSON(&out)
	require.NoError(t, err)
	want := recording()
	want.Notes, want.CapacityLines = nil, nil
	assert.Equal(t, want, read)
}

func TestReadJSONRefusesWhatIsNoPlan(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", "{}", `{"project": "ha-web"}`} {
		_, err := plan.ReadJSON(strings.NewReader(text))
		assert.ErrorContains(t, err, "not a plan", text)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*offline.Recording)
		want   string
	}{
		"nothing":         {func(*offline.Recording) {}, "no difference\n"},
		"notes only":      {func(r *offline.Recording) { r.Notes = nil }, "no difference\n"},
		"order is no one": {func(r *offline.Recording) { r.Resources[0], r.Resources[1] = r.Resources[1], r.Resources[0] }, "no difference\n"},
		"an input": {func(r *offline.Recording) { r.Resources[1].Inputs["cidrBlock"] = "10.1.0.0/16" }, `~ aws:ec2/vpc:Vpc ha-web-vpc
    ~ inputs.cidrBlock: "10.0.0.0/16" -> "10.1.0.0/16"

0 added, 0 removed, 1 changed
`},
		"inside an input": {func(r *offline.Recording) {
			r.Resources[1].Inputs["tags"] = map[string]any{"Name": "ha-web-vpc", "Owner": "<us>"}
		}, `~ aws:ec2/vpc:Vpc ha-web-vpc
    + inputs.tags.Owner: "<us>"
    - inputs.tags.Stack: "test"

0 added, 0 removed, 1 changed
`},
		"an option": {func(r *offline.Recording) {
			r.Resources[1].Protect, r.Resources[1].DependsOn = true, []string{"a::b"}
		}, `~ aws:ec2/vpc:Vpc ha-web-vpc
    + dependsOn: "a::b"
    ~ protect: false -> true

0 added, 0 removed, 1 changed
`},
		"a name": {func(r *offline.Recording) { r.Resources[0].Name = "ha-web-route" }, `- aws:ec2/route:Route ha-web-default
    - inputs.destinationCidrBlock: "0.0.0.0/0"
    - inputs.natGatewayId: "ha-web-nat-a_id"
    - parent: "ha-web:index:Vpc::ha-web"
+ aws:ec2/route:Route ha-web-route
    + inputs.destinationCidrBlock: "0.0.0.0/0"
    + inputs.natGatewayId: "ha-web-nat-a_id"
    + parent: "ha-web:index:Vpc::ha-web"

1 added, 1 removed, 0 changed
`},
		"an output": {func(r *offline.Recording) { r.Outputs = map[string]any{"url": "x"} }, `~ outputs
    + url: "x"
    - vpcId: "ha-web-vpc_id"

0 added, 0 removed, 0 changed
`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := recording()
			test.change(after)
			var out bytes.Buffer
			differs, err := plan.WriteDiff(&out, recording(), after)
			require.NoError(t, err)
			assert.Equal(t, test.want, out.String())
			assert.Equal(t, test.want != "no difference\n", differs)
		})
	}
}

// Policies and dashboards are JSON in a text: what changed in them is a path in that.
func TestDiffLooksIntoDocuments(t *testing.T) {
	t.Parallel()
	diff := func(before, after any) string {
		old, now := recording(), recording()
		old.Resources[1].Inputs["document"], now.Resources[1].Inputs["document"] = before, after
		var out bytes.Buffer
		_, err := plan.WriteDiff(&out, old, now)
		require.NoError(t, err)
		lines := strings.Split(out.String(), "\n")
		return strings.Join(lines[1:len(lines)-3], "\n")
	}
	const policy = `{"Statement": [{"Action": ["a", "b"], "Effect": "Allow"}, {"Action": ["c"]}], "Version": "1"}`
	assert.Equal(t, "    ~ inputs.document.Statement[0].Action[1]: \"b\" -> \"x\"\n    ~ inputs.document.Statement[1].Action: [\"c\"] -> [\"c\",\"d\"]",
		diff(policy, strings.NewReplacer(`"b"`, `"x"`, `["c"]`, `["c", "d"]`).Replace(policy)))
	assert.Equal(t, `    ~ inputs.document: "{broken" -> "{}"`, diff("{broken", "{}"))
	assert.Equal(t, `    ~ inputs.document: "no" -> "{}"`, diff("no", "{}"))
	assert.Equal(t, `    ~ inputs.document[0].a: 1 -> 2`, diff([]any{map[string]any{"a": 1}}, []any{map[string]any{"a": 2}}))
	assert.Equal(t, `    ~ inputs.document: {"a":1} -> [1]`, diff(map[string]any{"a": 1}, []any{1}))
}
