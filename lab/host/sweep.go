//go:build linux

package host

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"ha-web/lab/internal/leftovers"
	"ha-web/lab/network"
)

// Sweep removes the hosts and networks that dead processes left behind.
func Sweep(ctx context.Context) error {
	records, err := leftovers.Abandoned("host")
	for _, record := range records {
		if failed := sweepOne(ctx, record); failed != nil {
			err = errors.Join(err, fmt.Errorf("removing the machine of %s: %w", record, failed))
		}
	}
	return errors.Join(err, network.Sweep(ctx))
}

func sweepOne(ctx context.Context, record string) error {
	g, err := findGroup(filepath.Base(record))
	if err != nil {
		return err
	}
	if err := g.remove(ctx); err != nil {
		return err
	}
	return leftovers.Release(record)
}
