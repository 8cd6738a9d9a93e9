package validate_test

import (
	"errors"
	"reflect"
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/validate"
	"ha-web/internal/validate/validatetest"

	"github.com/stretchr/testify/assert"
)

type color string

func (color) Choices() []string { return []string{"red", "green", "blue"} }

type paint struct {
	Color  color             `pulumi:"color,optional"`
	Coats  int               `pulumi:"coats,optional"`
	Maker  *maker            `pulumi:"maker,optional"`
	Layers []layer           `pulumi:"layers,optional"`
	Labels map[string]string `pulumi:"labels,optional"`
	Codes  []string          `pulumi:"paintCodes"`
	Inner  struct {
		Name string `pulumi:"name"`
	} `pulumi:"inner"`
	Note string
}

type maker struct {
	Name string `pulumi:"makerName"`
}

type layer struct {
	Depth int `pulumi:"depth,optional"`
}

func check(root any, naming fields.Naming, check func(validate.Fields)) string {
	return validatetest.Text(root, naming, check)
}

func TestFieldsAreNamedByTheirTags(t *testing.T) {
	t.Parallel()
	p := &paint{Color: "pink", Coats: 4, Maker: &maker{}, Layers: []layer{{1}, {2}}, Codes: []string{"a", "b"}}
	faults := func(f validate.Fields) {
		validate.Choice(f, &p.Color)
		f.Between(&p.Coats, 1, 3)
		f.Required(&p.Maker.Name)
		f.Add(&p.Layers[1].Depth, "is deeper than %s", f.Name(&p.Layers[0].Depth))
		f.AddEntry(&p.Labels, "shop", "is %s", "closed")
		f.Check(&p.Codes[1], errors.Join(errors.New("is bad"), errors.New("is old")))
	}
	assert.Equal(t, `color: must be red, green or blue, got "pink"
coats: must be between 1 and 3, got 4
maker.makerName: is required
layers[1].depth: is deeper than layers[0].depth
labels.shop: is closed
paintCodes[1]: is bad
paintCodes[1]: is old`, check(p, fields.ByTag, faults))
	assert.Contains(t, check(p, fields.ByName, faults), "Layers[1].Depth: is deeper than Layers[0].Depth\n")
}

func TestFieldsOfOtherStructsAreMistakes(t *testing.T) {
	t.Parallel()
	p, other := &paint{}, paint{}
	assert.PanicsWithValue(t, "*int does not point to a field of this struct", func() {
		check(p, fields.ByTag, func(f validate.Fields) { f.Between(&other.Coats, 0, 1) })
	})
	assert.Panics(t, func() { check(p, fields.ByTag, func(f validate.Fields) { f.Add(&p.Note, "has no tag") }) })
	assert.Equal(t, "Note: has a name", check(p, fields.ByName, func(f validate.Fields) { f.Add(&p.Note, "has a name") }))
}

func TestFieldsWithoutOptionalAreRequired(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "paintCodes: is required\ninner.name: is required", check(&paint{Codes: []string{}}, fields.ByTag, validate.Fields.RequireTagged))
	complete := paint{Codes: []string{"a"}}
	complete.Inner.Name = "x"
	assert.Empty(t, check(&complete, fields.ByTag, validate.Fields.RequireTagged))
}

func TestSettingsBeginAsDefaults(t *testing.T) {
	t.Parallel()
	p := &paint{Maker: &maker{}}
	for _, begun := range []bool{true, false} {
		text := check(p, fields.ByTag, func(f validate.Fields) { assert.Equal(t, begun, f.Begun(p.Maker, begun)) })
		assert.Equal(t, map[bool]string{false: "maker: must begin as Default(), which sets what is left out"}[begun], text)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"network", "web", "natGateways"}
	assert.Equal(t, "natGateways", validate.Nearest("natgatways", known, 2))
	assert.Equal(t, "web", validate.Nearest("wbe", known, 1))
	assert.Empty(t, validate.Nearest("storage", known, 2))
}

func TestWalkNamesEveryField(t *testing.T) {
	t.Parallel()
	var keys []string
	fields.Walk(reflect.TypeFor[paint](), func(key string, field fields.Field) { keys = append(keys, key) })
	assert.Equal(t, []string{"color", "coats", "maker", "layers", "layers[].depth", "labels", "paintCodes", "inner", "inner.name"}, keys)
}
