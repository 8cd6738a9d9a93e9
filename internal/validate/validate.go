// Package validate collects what is wrong with settings and with the arguments of components: every fault at
// once, one line each, under the key it concerns.
package validate

import (
	"errors"
	"fmt"
	"slices"
)

// Faults is a list of faults. The zero value is empty and ready for use.
type Faults struct {
	list []*Fault
}

// Fault is one thing that is wrong.
type Fault struct {
	Key     string // what it concerns: a settings key such as web.size.max, or the name of an Args field
	Message string // what is wrong and what to do about it
}

// Error returns "key: message".
func (f *Fault) Error() string { return f.Key + ": " + f.Message }

// Add records a fault of the value under key.
func (f *Faults) Add(key, format string, args ...any) {
	f.list = append(f.list, &Fault{Key: key, Message: fmt.Sprintf(format, args...)})
}

// Check records err, where there is one, as a fault of the value under key. Joined errors become a fault each.
func (f *Faults) Check(key string, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, each := range joined.Unwrap() {
			f.Check(key, each)
		}
		return
	}
	if err != nil {
		f.Add(key, "%v", err)
	}
}

// OneOf records a fault unless value is one of allowed.
func OneOf[T ~string](f *Faults, key string, value T, allowed ...T) {
	if slices.Contains(allowed, value) {
		return
	}
	names := make([]string, len(allowed))
	for i, each := range allowed {
		names[i] = string(each)
	}
	f.Add(key, "must be %s, got %q", OneOfText(names), value)
}

// Between records a fault unless low <= value <= high.
func (f *Faults) Between(key string, value, low, high int) {
	if value < low || value > high {
		f.Add(key, "must be between %d and %d, got %d", low, high, value)
	}
}

// Merge adds the faults of another list, but for keys that have one already: what follows from a fault is none.
func (f *Faults) Merge(more Faults) {
	known := map[string]bool{}
	for _, fault := range f.list {
		known[fault.Key] = true
	}
	for _, fault := range more.list {
		if !known[fault.Key] {
			f.list = append(f.list, fault)
		}
	}
}

// Err returns the faults joined into one error, a line each, or nil where there are none.
func (f *Faults) Err() error {
	faults := make([]error, len(f.list))
	for i, fault := range f.list {
		faults[i] = fault
	}
	return errors.Join(faults...)
}
