package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Team returns the members of a team, "org/slug", when they were read lately
// and no event has invalidated them since. The version is to be handed to
// [Store.PutTeam] with what is read instead.
func (s *Store) Team(ctx context.Context, installation int64, team string) (members []fact.Member, version int64, ok bool, err error) {
	team = lower(team)
	org, _, _ := strings.Cut(team, "/")
	if version, err = s.TeamsVersion(ctx, installation, org); err != nil {
		return nil, 0, false, err
	}
	var list, numbers string
	var read int64
	err = s.reader.QueryRowContext(ctx, s.Query(`SELECT members, ids, read_at FROM teams WHERE installation = ?1 AND team = ?2 AND version = ?3`),
		installation, team, version).Scan(&list, &numbers, &read)
	if errors.Is(err, sql.ErrNoRows) || err == nil && time.Since(Time(read)) > s.teamAge {
		return nil, version, false, nil
	}
	var logins []string
	ids := map[string]int64{}
	if err == nil {
		err = json.Unmarshal([]byte(list), &logins)
	}
	if err == nil && numbers != "" {
		err = json.Unmarshal([]byte(numbers), &ids)
	}
	if err != nil {
		return nil, 0, false, fmt.Errorf("team: %w", err)
	}
	members = make([]fact.Member, len(logins))
	for i, login := range logins {
		members[i] = fact.Member{Login: login, ID: ids[login]}
	}
	return members, version, true, nil
}

// TeamsVersion grows with each event of an organisation's teams and members.
func (s *Store) TeamsVersion(ctx context.Context, installation int64, org string) (version int64, err error) {
	err = s.reader.QueryRowContext(ctx, s.Query(`SELECT version FROM orgs WHERE installation = ?1 AND org = ?2`), installation, lower(org)).Scan(&version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("version of teams: %w", err)
	}
	return version, nil
}

// PutTeam keeps the members of a team. Nothing is kept when an invalidation
// came after version was handed out, since they may be from before it.
func (s *Store) PutTeam(ctx context.Context, installation int64, team string, members []fact.Member, version int64) error {
	team = lower(team)
	logins, ids := make([]string, len(members)), make(map[string]int64, len(members))
	for i, m := range members {
		logins[i] = m.Login
		if m.ID != 0 {
			ids[m.Login] = m.ID
		}
	}
	list, err := json.Marshal(logins)
	if err != nil {
		return fmt.Errorf("put team: %w", err)
	}
	numbers, err := json.Marshal(ids)
	if err != nil {
		return fmt.Errorf("put team: %w", err)
	}
	err = s.Write(ctx, func(ctx context.Context, t *Tx) error {
		// A later invalidation moves the version on, and this row with an old
		// version is not found then; so no lock is needed.
		_, err := t.ExecContext(ctx, s.Query(`
			INSERT INTO teams (installation, team, version, read_at, members, ids) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
			ON CONFLICT (installation, team) DO UPDATE SET version = excluded.version, read_at = excluded.read_at, members = excluded.members, ids = excluded.ids
			WHERE teams.version <= excluded.version`),
			installation, team, version, Micros(time.Now()), string(list), string(numbers))
		return err
	})
	if err != nil {
		return fmt.Errorf("put team: %w", err)
	}
	return nil
}

// InvalidateTeams makes every team of the organisation unknown, those
// included that are being read at this moment.
func (t *Tx) InvalidateTeams(ctx context.Context, installation int64, org string) error {
	_, err := t.ExecContext(ctx, t.s.Query(`
		INSERT INTO orgs (installation, org, version) VALUES (?1, ?2, 1)
		ON CONFLICT (installation, org) DO UPDATE SET version = orgs.version + 1`), installation, lower(org))
	if err == nil { // whoever could not be asked may have access now
		_, err = t.ExecContext(ctx, t.s.Query(`DELETE FROM unrequestable WHERE owner = ?1`), lower(org))
	}
	if err != nil {
		return fmt.Errorf("invalidate teams: %w", err)
	}
	return nil
}
