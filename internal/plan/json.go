// Package plan shows what a program registers: as a tree for people, as JSON for programs, and as the difference
// between two plans.
package plan

import (
	"encoding/json"
	"fmt"
	"io"

	"ha-web/internal/offline"
)

// WriteJSON writes a recording as JSON. Two recordings of one program and one stack are the same bytes.
func WriteJSON(out io.Writer, recording *offline.Recording) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(recording)
}

// ReadJSON reads what [WriteJSON] wrote.
func ReadJSON(in io.Reader) (*offline.Recording, error) {
	var recording offline.Recording
	if err := json.NewDecoder(in).Decode(&recording); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if recording.Project == "" || recording.Resources == nil {
		return nil, fmt.Errorf("not a plan: it has no project or no resources")
	}
	return &recording, nil
}
