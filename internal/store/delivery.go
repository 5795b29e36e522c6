package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/rolecall/rolecall/policy/fact"
)

// Delivery is one webhook delivery that could matter.
type Delivery struct {
	// GUID is GitHub's X-GitHub-Delivery; a redelivery keeps it.
	// https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
	GUID   string
	Event  string
	Action string // "" for events without one
	// Ref's Number is 0 where the delivery is not of one pull request, and its
	// names are empty where it is not of one repository.
	Ref         fact.Ref
	ReceivedAt  time.Time
	ProcessedAt time.Time // zero: not yet
	Attempts    int       // how often it came
	Payload     []byte    // as it is read; nil once retired
}

// Packed is a payload as it is stored.
type Packed []byte

// Pack compresses a payload. That is not done within the transaction that adds
// its delivery, behind which every other write waits.
func Pack(payload []byte) (Packed, error) { return pack(payload) }

// AddDelivery records that d came. It reports done when the same delivery came
// before and what it asked for was done, so that nothing more need be; one that
// was only seen is asked for again.
func (t *Tx) AddDelivery(ctx context.Context, d Delivery, payload Packed) (done bool, err error) {
	owner, repo := name(d.Ref)
	var processed int64
	err = t.QueryRowContext(ctx, t.s.Query(`
		INSERT INTO deliveries (guid, event, action, installation, owner, repo, number, received_at, payload)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
		ON CONFLICT (guid) DO UPDATE SET attempts = deliveries.attempts + 1
		RETURNING processed_at`),
		d.GUID, d.Event, d.Action, d.Ref.Installation, owner, repo, d.Ref.Number, Micros(d.ReceivedAt), []byte(payload)).Scan(&processed)
	if err != nil {
		return false, fmt.Errorf("add delivery: %w", err)
	}
	return processed != 0, nil
}

// DeliveryEntry is what the audit trail holds of a delivery.
type DeliveryEntry struct {
	Event  string `json:"event"`
	Action string `json:"action,omitempty"`
	SHA256 string `json:"payload_sha256"` // of the body as it came, by [Sum]
}

// AuditDelivery appends a delivery to the audit trail; actor is its sender.
func (t *Tx) AuditDelivery(ctx context.Context, ref fact.Ref, guid, actor string, at time.Time, e DeliveryEntry) error {
	return t.Audit(ctx, Entry{At: at, Ref: ref, Delivery: guid, Kind: KindDelivery, Actor: actor, Data: e})
}

// DeliveryDone records that all that the delivery asks for is done, at once.
func (t *Tx) DeliveryDone(ctx context.Context, guid string, at time.Time) error {
	if _, err := t.ExecContext(ctx, t.s.Query(`UPDATE deliveries SET processed_at = ?1 WHERE guid = ?2`), Micros(at), guid); err != nil {
		return fmt.Errorf("mark delivery: %w", err)
	}
	return nil
}

// DeliveryAwaits ties the delivery to the turn of the look that will serve it.
func (t *Tx) DeliveryAwaits(ctx context.Context, guid, look string, turn int64) error {
	if _, err := t.ExecContext(ctx, t.s.Query(`UPDATE deliveries SET look = ?1, turn = ?2 WHERE guid = ?3`), look, turn, guid); err != nil {
		return fmt.Errorf("tie delivery: %w", err)
	}
	return nil
}

// DeliveriesServed marks every delivery as processed that waited for the look
// up to the turn.
func (t *Tx) DeliveriesServed(ctx context.Context, look string, turn int64, at time.Time) error {
	_, err := t.ExecContext(ctx, t.s.Query(`UPDATE deliveries SET processed_at = ?1 WHERE look = ?2 AND turn <= ?3 AND processed_at = 0`), Micros(at), look, turn)
	if err != nil {
		return fmt.Errorf("mark deliveries: %w", err)
	}
	return nil
}

// Delivery returns the delivery of that GUID, and whether there is one.
func (s *Store) Delivery(ctx context.Context, guid string) (d Delivery, ok bool, err error) {
	var received, processed int64
	var packed []byte
	err = s.reader.QueryRowContext(ctx, s.Query(`
		SELECT guid, event, action, installation, owner, repo, number, received_at, processed_at, attempts, payload
		FROM deliveries WHERE guid = ?1`), guid).Scan(
		&d.GUID, &d.Event, &d.Action, &d.Ref.Installation, &d.Ref.Owner, &d.Ref.Repo, &d.Ref.Number, &received, &processed, &d.Attempts, &packed)
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, false, nil
	}
	if err == nil {
		d.Payload, err = unpack(packed)
	}
	if err != nil {
		return Delivery{}, false, fmt.Errorf("delivery: %w", err)
	}
	d.ReceivedAt, d.ProcessedAt = Time(received), Time(processed)
	return d, true, nil
}

// pack compresses what is kept for the record and seldom read. Klauspost's gzip
// takes half the time of Go's.
func pack(p []byte) ([]byte, error) {
	if p == nil {
		return nil, nil
	}
	var b bytes.Buffer
	w := packers.Get().(*gzip.Writer) //nolint:forcetypeassert // nothing else is in it
	defer packers.Put(w)
	w.Reset(&b)
	if _, err := w.Write(p); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// packers are used again: a new one takes a megabyte, which was nine tenths of
// all that a server under load allocated.
var packers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

func unpack(p []byte) ([]byte, error) {
	if p == nil {
		return nil, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(p))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func lower(s string) string { return strings.ToLower(s) }
