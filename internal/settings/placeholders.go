package settings

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"ha-web/internal/fields"
)

// placeholder is what examples are made of: domains that nobody can own (RFC 2606, RFC 6761; example.edu belongs to IANA too), a
// name in angle brackets, the name of nobody's organization, a digest and an account of nothing but zeros.
var placeholder = regexp.MustCompile(`(?i)(^|[@./:-])example\.(com|edu|net|org)\b|\.example$|<[a-z_ -]+>|\byour-[a-z]+|@sha256:0{64}|:0{12}:`)

// placeholders returns a note for each value of a production stack that has yet to be replaced.
func (s *Settings) placeholders() []string {
	if !s.Production() {
		return nil
	}
	var notes []string
	eachString("", reflect.ValueOf(s).Elem(), func(key, value string) {
		if placeholder.MatchString(value) {
			notes = append(notes, fmt.Sprintf("placeholder: %s is %q: replace it before this stack is deployed", key, value))
		}
	})
	return notes
}

// eachString visits the strings of settings, with their keys.
func eachString(key string, value reflect.Value, visit func(key, value string)) {
	switch value.Kind() {
	case reflect.String:
		visit(key, value.String())
	case reflect.Struct:
		prefix := key
		if prefix != "" {
			prefix += "."
		}
		for _, field := range fields.Of(value.Type()) {
			eachString(prefix+field.Key, value.FieldByIndex(field.Index), visit)
		}
	case reflect.Slice:
		for i := range value.Len() {
			eachString(fmt.Sprintf("%s[%d]", key, i), value.Index(i), visit)
		}
	case reflect.Map:
		keys := value.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, name := range keys {
			eachString(key+"."+name.String(), value.MapIndex(name), visit)
		}
	}
}
