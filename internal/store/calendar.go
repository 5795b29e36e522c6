package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Calendar is the last good copy of an iCalendar feed.
type Calendar struct {
	Shifts []fact.Shift
	ReadAt time.Time // zero: it was never read
	// Problem is why it could not be read the last time; "" when it was.
	Problem string
}

// CalendarUser is an owner whose policies name a calendar.
type CalendarUser struct {
	Installation int64
	Owner        string
}

// Calendar returns the last good copy of the feed at an address; all is zero
// where it was never tried.
func (s *Store) Calendar(ctx context.Context, url string) (c Calendar, err error) {
	var shifts []byte
	var read int64
	err = s.reader.QueryRowContext(ctx, s.Query(`SELECT shifts, read_at, problem FROM calendars WHERE url = ?1`), url).Scan(&shifts, &read, &c.Problem)
	if errors.Is(err, sql.ErrNoRows) {
		return Calendar{}, nil
	}
	if err == nil {
		err = unpackJSON(shifts, &c.Shifts)
	}
	if err != nil {
		return Calendar{}, fmt.Errorf("calendar: %w", err)
	}
	if read != 0 {
		c.ReadAt = Time(read)
	}
	return c, nil
}

// PutCalendar keeps a copy of the feed.
func (s *Store) PutCalendar(ctx context.Context, url string, c Calendar) error {
	shifts, _, err := packJSON(c.Shifts)
	if err != nil {
		return fmt.Errorf("put calendar: %w", err)
	}
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`INSERT INTO calendars (url, shifts, read_at, problem) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (url) DO UPDATE SET shifts = excluded.shifts, read_at = excluded.read_at, problem = excluded.problem`), url, shifts, Micros(c.ReadAt), c.Problem)
		return err
	})
	if err != nil {
		return fmt.Errorf("put calendar: %w", err)
	}
	return nil
}

// UseCalendar records that a policy of an owner names the feed, so that the
// owner's pull requests are looked at again when it changes.
func (s *Store) UseCalendar(ctx context.Context, url string, u CalendarUser) error {
	var n int
	err := s.reader.QueryRowContext(ctx, s.Query(`SELECT count(*) FROM calendar_users WHERE url = ?1 AND installation = ?2 AND owner = ?3`), url, u.Installation, lower(u.Owner)).Scan(&n)
	if err != nil || n > 0 {
		return err
	}
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		_, err := t.ExecContext(ctx, s.Query(`INSERT INTO calendar_users (url, installation, owner) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING`), url, u.Installation, lower(u.Owner))
		return err
	})
	if err != nil {
		return fmt.Errorf("use calendar: %w", err)
	}
	return nil
}

// CalendarUsers returns the owners whose policies named the feed.
func (s *Store) CalendarUsers(ctx context.Context, url string) ([]CalendarUser, error) {
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT installation, owner FROM calendar_users WHERE url = ?1 ORDER BY installation, owner`), url)
	if err != nil {
		return nil, fmt.Errorf("calendar users: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []CalendarUser
	for rows.Next() {
		var u CalendarUser
		if err := rows.Scan(&u.Installation, &u.Owner); err != nil {
			return nil, fmt.Errorf("calendar users: %w", err)
		}
		out = append(out, u)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("calendar users: %w", err)
	}
	return out, nil
}
