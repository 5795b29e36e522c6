package main

import (
	"context"
	"time"

	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/store"
)

// A segment of the record is closed by a checkpoint when it holds so many
// entries or is so old.
const (
	segmentEntries = 10_000
	segmentAge     = 24 * time.Hour
)

// keepRecord closes segments of the record, and drops what was kept for long
// enough.
func keepRecord(s *store.Store, keep store.Retention) queue.Periodic {
	return queue.Periodic{Name: "record", Every: time.Hour, Run: func(ctx context.Context) error {
		if _, err := s.Checkpoints(ctx, segmentEntries, segmentAge); err != nil {
			return err
		}
		return s.Retire(ctx, keep, time.Now())
	}}
}
