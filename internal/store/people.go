package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// People is what is known of those who can be asked for reviews, by login.
type People struct {
	// Open counts the requests on other open pull requests of the owner's.
	Open map[string]int
	// Recent counts the requests of the last 30 days on them all.
	Recent map[string]int
	// Busy are those of whom GitHub said so when it was last asked.
	Busy map[string]bool
	// Choices say why rolecall asked those who are asked here, where it did.
	Choices []fact.Choice
}

// People returns the load of everybody who was asked for a review in the
// owner's repositories lately, without ref's own open requests.
func (s *Store) People(ctx context.Context, ref fact.Ref) (p People, err error) {
	owner, _ := name(ref)
	p.Busy = map[string]bool{}
	if p.Open, p.Recent, err = s.load(ctx, owner); err != nil {
		return People{}, err
	}
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT login FROM people WHERE owner = ?1 AND busy`), owner)
	err = each(rows, err, func(rows *sql.Rows) error {
		var login string
		err := rows.Scan(&login)
		p.Busy[login] = true
		return err
	})
	if err != nil {
		return People{}, fmt.Errorf("busy people: %w", err)
	}
	asked, err := s.asked(ctx, ref)
	if err != nil {
		return People{}, err
	}
	for _, who := range slices.Sorted(maps.Keys(asked)) {
		p.Open[who] = max(p.Open[who]-1, 0) // the others count
		var c fact.Choice
		if asked[who].why == "" || json.Unmarshal([]byte(asked[who].why), &c) != nil {
			continue
		}
		p.Choices = append(p.Choices, c)
	}
	return p, nil
}

// each scans every row.
func each(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Asked is a review that is requested.
type Asked struct {
	Who string    // login, or "org/slug"
	At  time.Time // when it was requested
	// Choice is why, where rolecall chose; nil where it did not.
	Choice *fact.Choice
}

type openRequest struct {
	at  int64
	why string
}

// asked returns the open requests that are on record for a pull request.
func (s *Store) asked(ctx context.Context, ref fact.Ref) (map[string]openRequest, error) {
	owner, repo := name(ref)
	out := map[string]openRequest{}
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT reviewer, at, why FROM review_requests WHERE owner = ?1 AND repo = ?2 AND number = ?3 AND until = 0`), owner, repo, ref.Number)
	err = each(rows, err, func(rows *sql.Rows) error {
		var who string
		var r openRequest
		if err := rows.Scan(&who, &r.at, &r.why); err != nil {
			return err
		}
		out[who] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open requests: %w", err)
	}
	return out, nil
}

// Requested is a request for a review that is on record.
type Requested struct {
	Asked
	Until time.Time // when it was first seen to stand no longer; zero: it stands
}

// RequestsOf returns the requests on record for a pull request, open and past,
// oldest first.
func (s *Store) RequestsOf(ctx context.Context, ref fact.Ref) ([]Requested, error) {
	owner, repo := name(ref)
	var out []Requested
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT reviewer, at, until, why FROM review_requests
		WHERE owner = ?1 AND repo = ?2 AND number = ?3 ORDER BY at, reviewer`), owner, repo, ref.Number)
	err = each(rows, err, func(rows *sql.Rows) error {
		var r Requested
		var at, until int64
		var why string
		if err := rows.Scan(&r.Who, &at, &until, &why); err != nil {
			return err
		}
		r.At, r.Until = Time(at), Time(until)
		if why != "" {
			r.Choice = &fact.Choice{}
			if err := json.Unmarshal([]byte(why), r.Choice); err != nil {
				return err
			}
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("requests of %s: %w", ref, err)
	}
	return out, nil
}

// SetAsked records whose review of a pull request is requested at a moment:
// these, and nobody else. It writes only where that is news.
func (s *Store) SetAsked(ctx context.Context, ref fact.Ref, now time.Time, asked []Asked) error {
	known, err := s.asked(ctx, ref)
	if err != nil {
		return err
	}
	var fresh []Asked
	for _, a := range asked {
		if _, ok := known[a.Who]; ok {
			delete(known, a.Who)
			continue
		}
		fresh = append(fresh, a)
	}
	if len(fresh) == 0 && len(known) == 0 {
		return nil
	}
	owner, repo := name(ref)
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		for who := range known {
			if _, err := t.ExecContext(ctx, s.Query(`UPDATE review_requests SET until = ?1 WHERE owner = ?2 AND repo = ?3 AND number = ?4 AND reviewer = ?5 AND until = 0`),
				Micros(now), owner, repo, ref.Number, who); err != nil {
				return err
			}
		}
		for _, a := range fresh {
			why := ""
			if a.Choice != nil {
				b, err := json.Marshal(a.Choice)
				if err != nil {
					return err
				}
				why = string(b)
			}
			if _, err := t.ExecContext(ctx, s.Query(`INSERT INTO review_requests (owner, repo, number, reviewer, at, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
				ON CONFLICT (owner, repo, number, reviewer, at) DO UPDATE SET until = 0`), owner, repo, ref.Number, a.Who, Micros(a.At), why); err != nil {
				return err
			}
		}
		t.OnCommit(func() { s.loads.asked(owner, fresh, known) })
		return nil
	})
	if err != nil {
		return fmt.Errorf("record who is asked: %w", err)
	}
	return nil
}

// maxPeople bounds the people of an owner whose status is asked for.
const maxPeople = 1000

// KnowPeople records people who hold roles of the owner's policies, so that
// GitHub is asked in the background whether they are busy. It writes only
// where somebody is new.
func (s *Store) KnowPeople(ctx context.Context, owner string, logins []string) error {
	key := "people of " + lower(owner) + ": " + strings.Join(logins, " ")
	if s.memo.holds(key) {
		return nil
	}
	known, err := s.KnownPeople(ctx, owner)
	if err != nil {
		return err
	}
	var fresh []string
	for _, login := range logins {
		if !slices.Contains(known, login) && len(known)+len(fresh) < maxPeople {
			fresh = append(fresh, login)
		}
	}
	if len(fresh) == 0 {
		s.memo.keep(key, time.Minute)
		return nil
	}
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		for _, login := range fresh {
			if _, err := t.ExecContext(ctx, s.Query(`INSERT INTO people (owner, login) VALUES (?1, ?2) ON CONFLICT DO NOTHING`), lower(owner), login); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("know people: %w", err)
	}
	return nil
}

// KnownPeople returns the logins that KnowPeople recorded, sorted.
func (s *Store) KnownPeople(ctx context.Context, owner string) ([]string, error) {
	var out []string
	rows, err := s.reader.QueryContext(ctx, s.Query(`SELECT login FROM people WHERE owner = ?1 ORDER BY login`), lower(owner))
	err = each(rows, err, func(rows *sql.Rows) error {
		var login string
		err := rows.Scan(&login)
		out = append(out, login)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("known people: %w", err)
	}
	return out, nil
}

// SetBusy records who of the owner's known people is busy; whom GitHub does
// not know any more is forgotten.
func (s *Store) SetBusy(ctx context.Context, owner string, busy map[string]bool, gone []string) error {
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		if _, err := t.ExecContext(ctx, s.Query(`UPDATE people SET busy = FALSE WHERE owner = ?1 AND busy`), lower(owner)); err != nil {
			return err
		}
		for login, is := range busy {
			if !is {
				continue
			}
			if _, err := t.ExecContext(ctx, s.Query(`UPDATE people SET busy = TRUE WHERE owner = ?1 AND login = ?2`), lower(owner), login); err != nil {
				return err
			}
		}
		for _, login := range gone {
			if _, err := t.ExecContext(ctx, s.Query(`DELETE FROM people WHERE owner = ?1 AND login = ?2`), lower(owner), login); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record who is busy: %w", err)
	}
	return nil
}
