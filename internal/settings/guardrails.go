package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ha-web/internal/validate"
)

// GuardRail is something that a production stack has to have, unless [Settings.Waivers] names it and says why not. A
// development stack may do without: then it is a deliberate saving.
type GuardRail struct {
	// ID is its name under waivers.
	ID string
	// Has is what production has to have, as "a production stack needs ..." goes on.
	Has string
	// Remedy is what to do where it is missing, as an order.
	Remedy string
	// Without is what a stack without it gives up, or saves.
	Without string
	// Controls are those of package controls that find it missing.
	Controls []string

	lacks []lack
}

// lack is a setting that takes away what a guard rail is for, where a condition holds.
type lack struct {
	key   string
	holds func(*Settings) bool
}

// Keys returns the settings that can take away what the guard rail is for.
func (r GuardRail) Keys() []string {
	keys := make([]string, len(r.lacks))
	for i, each := range r.lacks {
		keys[i] = each.key
	}
	return keys
}

// missing returns those that do.
func (r GuardRail) missing(s *Settings) []string {
	var keys []string
	for _, each := range r.lacks {
		if each.holds(s) {
			keys = append(keys, each.key)
		}
	}
	return keys
}

// GuardRails are the guard rails of production: what keeps a stack up, closed and recoverable, and that a setting can take
// away. What no setting can take away, such as
// encryption and IMDSv2, needs none.
func GuardRails() []GuardRail {
	return slices.Concat(networkGuards(), fleetGuards(), databaseGuards(), frontGuards(), recordGuards(), deletionGuards())
}

// guard records a fault for each guard rail that a production stack lacks without a waiver, and for each waiver that names
// none, gives no reason, or is not needed.
func (s *Settings) guard(faults *validate.Faults) {
	needed := map[string]bool{}
	for _, rail := range GuardRails() {
		keys := rail.missing(s)
		needed[rail.ID] = len(keys) > 0
		if _, waived := s.Waivers[rail.ID]; waived || !s.Production() {
			continue
		}
		for _, key := range keys {
			faults.Add(key, "a production stack needs %s: %s, or say under waivers.%s why this one does not", rail.Has, rail.Remedy, rail.ID)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Waivers)) {
		lacks, known := needed[name]
		switch key := "waivers." + name; {
		case !known:
			faults.Add(key, "no guard rail has this name%s", suggestion(name, slices.Sorted(maps.Keys(needed)), ""))
		case !s.Production():
			faults.Add(key, "is not needed, only production stacks have guard rails: take it out")
		case !lacks:
			faults.Add(key, "is not needed, the stack has what it waives: take it out")
		case strings.TrimSpace(s.Waivers[name]) == "":
			faults.Add(key, "must say why")
		}
	}
}

// Concessions returns why controls may fail, by their ids: for what the stack does without on purpose, in production what
// its waivers name, in development what it saves.
func (s *Settings) Concessions() map[string]string {
	keys, reasons := map[string][]string{}, map[string][]string{}
	for _, rail := range GuardRails() {
		missing := rail.missing(s)
		if len(missing) == 0 {
			continue
		}
		reason := rail.Without
		if s.Production() {
			missing, reason = []string{"waivers." + rail.ID}, s.Waivers[rail.ID]
		}
		for _, control := range rail.Controls {
			keys[control] = append(keys[control], missing...)
			if !slices.Contains(reasons[control], reason) {
				reasons[control] = append(reasons[control], reason)
			}
		}
	}
	concessions := map[string]string{}
	for control := range keys {
		concessions[control] = fmt.Sprintf("%s: %s.", strings.Join(keys[control], ", "), strings.Join(reasons[control], "; "))
	}
	return concessions
}

// waiverNotes returns a note for each waiver, so that nobody forgets it.
func (s *Settings) waiverNotes() []string {
	var notes []string
	for _, name := range slices.Sorted(maps.Keys(s.Waivers)) {
		notes = append(notes, fmt.Sprintf("waived: %s: %s", name, s.Waivers[name]))
	}
	return notes
}
