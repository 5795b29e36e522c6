package store

import (
	"context"
	"database/sql"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Merged is what one merged pull request tells of who knows which files.
type Merged struct {
	Number    int
	At        time.Time // of the merge
	Author    string    // "" for bots and accounts that are gone
	Reviewers []string
	Lines     map[string]int // by path: added and removed
}

// Knowledge is how much of some files a person changed and reviewed lately,
// in lines.
type Knowledge struct{ Changed, Reviewed int }

// The bounds of what is learned of one pull request: beyond them it is a
// rename of the world, from which nobody gets to know a file.
const (
	maxLearnedFiles = 300
	maxLearnedLines = 500 // of one file
)

// knownFor is how long one is said to know what one worked on.
const knownFor = 180 * 24 * time.Hour

// Learn records merged pull requests, each once; what is older than half a
// year is forgotten.
func (s *Store) Learn(ctx context.Context, ref fact.Ref, pulls ...Merged) error {
	owner, repo := name(ref)
	err := s.Write(ctx, func(ctx context.Context, t *Tx) error {
		for _, p := range pulls {
			if len(p.Lines) > maxLearnedFiles {
				continue
			}
			people := map[string]bool{}
			if p.Author != "" {
				people[p.Author] = true
			}
			for _, r := range p.Reviewers {
				if r != "" && r != p.Author {
					people[r] = false
				}
			}
			if len(people) == 0 {
				continue // nobody gets to know a file by what a bot did alone
			}
			for login, wrote := range people {
				if _, err := t.ExecContext(ctx, s.Query(`INSERT INTO history_people (owner, repo, number, login, wrote, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
					ON CONFLICT DO NOTHING`), owner, repo, p.Number, login, wrote, Micros(p.At)); err != nil {
					return err
				}
			}
			for file, lines := range p.Lines {
				if _, err := t.ExecContext(ctx, s.Query(`INSERT INTO history_files (owner, repo, path, number, lines) VALUES (?1, ?2, ?3, ?4, ?5)
					ON CONFLICT DO NOTHING`), owner, repo, file, p.Number, min(lines, maxLearnedLines)); err != nil {
					return err
				}
			}
		}
		old := Micros(time.Now().Add(-knownFor))
		if _, err := t.ExecContext(ctx, s.Query(`DELETE FROM history_files WHERE owner = ?1 AND repo = ?2 AND number IN
			(SELECT number FROM history_people WHERE owner = ?1 AND repo = ?2 AND at < ?3)`), owner, repo, old); err != nil {
			return err
		}
		_, err := t.ExecContext(ctx, s.Query(`DELETE FROM history_people WHERE owner = ?1 AND repo = ?2 AND at < ?3`), owner, repo, old)
		return err
	})
	if err != nil {
		return fmt.Errorf("learn history: %w", err)
	}
	return nil
}

// maxPaths bounds the files of a pull request whose history is asked for, and
// pathBatch those of one query.
const (
	maxPaths  = 1000
	pathBatch = 100
)

// Knowledge returns who knows the files at some paths, as far as was learned.
// Files that have no history, since they are new, are judged by what stands
// in the same directory, at a quarter.
func (s *Store) Knowledge(ctx context.Context, ref fact.Ref, files []fact.File) (map[string]Knowledge, error) {
	out := map[string]Knowledge{}
	var paths, dirs []string
	for _, f := range files[:min(len(files), maxPaths)] {
		if f.Status == fact.Added {
			if dir := path.Dir(f.Path); dir != "." && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
			continue
		}
		paths = append(paths, f.Paths()...)
	}
	for len(paths) > 0 {
		n := min(len(paths), pathBatch)
		batch := padded(paths[:n])
		if err := s.knowledge(ctx, ref, out, 1, "path IN ("+places(4, len(batch))+")", batch); err != nil {
			return nil, err
		}
		paths = paths[n:]
	}
	for _, dir := range dirs[:min(len(dirs), pathBatch)] {
		if err := s.knowledge(ctx, ref, out, 4, "path >= ?4 AND path < ?5", []string{dir + "/", dir + "0"}); err != nil { // "0" follows "/"
			return nil, err
		}
	}
	return out, nil
}

// padded repeats a path until there are 1, 10 or 100 of them, so that there
// are few different statements to prepare.
func padded(paths []string) []string {
	out := slices.Clone(paths)
	for len(out) != 1 && len(out) != 10 && len(out) != pathBatch {
		out = append(out, paths[0])
	}
	return out
}

// places are n placeholders from number from on.
func places(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "?%d", from+i)
	}
	return b.String()
}

func (s *Store) knowledge(ctx context.Context, ref fact.Ref, out map[string]Knowledge, share int, where string, values []string) error {
	owner, repo := name(ref)
	params := []any{owner, repo, Micros(time.Now().Add(-knownFor))}
	for _, v := range values {
		params = append(params, v)
	}
	rows, err := s.reader.QueryContext(ctx, s.Query(`
		SELECT p.login, p.wrote, SUM(f.lines) FROM history_files f
		JOIN history_people p ON p.owner = f.owner AND p.repo = f.repo AND p.number = f.number
		WHERE f.owner = ?1 AND f.repo = ?2 AND p.at >= ?3 AND `+where+` GROUP BY p.login, p.wrote`), params...)
	err = each(rows, err, func(rows *sql.Rows) error {
		var login string
		var wrote bool
		var lines int
		if err := rows.Scan(&login, &wrote, &lines); err != nil {
			return err
		}
		k := out[login]
		if wrote {
			k.Changed += lines / share
		} else {
			k.Reviewed += lines / share
		}
		out[login] = k
		return nil
	})
	if err != nil {
		return fmt.Errorf("who knows the files: %w", err)
	}
	return nil
}
