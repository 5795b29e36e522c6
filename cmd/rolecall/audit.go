package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/audit"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// auditCmd is `rolecall audit`: it reads the record, also while a server
// writes it.
type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Recompute the hashes of the record, and find what was changed."`
	Export auditExportCmd `cmd:"" help:"For each merged pull request: the policy, who held which role, which approvals counted."`
	Show   auditShowCmd   `cmd:"" help:"Show what is on record of a pull request, and decide again from it."`
}

// database is where the record is, by the names that serve uses.
type database struct {
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"postgres://… for PostgreSQL; left out: the SQLite file below --data."`
	Data        string `env:"ROLECALL_DATA" default:"data" placeholder:"DIR" help:"The folder of the SQLite file (${default})."`
}

// read opens the database only to read, for as long as f takes.
func (d database) read(ctx context.Context, f func(*store.Store) error) error {
	s, err := store.OpenReadOnly(ctx, store.Options{URL: d.DatabaseURL, Dir: d.Data})
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

type auditVerifyCmd struct {
	database
	Expect []string `placeholder:"HASH" help:"A hash from a check on GitHub (\"Record …\"), or its beginning, that the record must hold."`
}

// Run prints one line for each chain, and one for each problem.
func (c *auditVerifyCmd) Run(ctx context.Context, s streams) error {
	for _, h := range c.Expect {
		if len(h) < 8 {
			return fmt.Errorf("--expect %s: give at least 8 characters of the hash", h)
		}
	}
	return c.read(ctx, func(db *store.Store) error {
		v, err := audit.Verify(ctx, db, c.Expect)
		if err != nil {
			return err
		}
		problems := 0
		for _, chain := range v.Chains {
			fmt.Fprintf(s.out, "%s: %s in %s", chain.Name(), plural(int(chain.Entries), "entry"), plural(int(chain.Segments), "segment"))
			if chain.Retired > 0 {
				fmt.Fprintf(s.out, ", %d of them retired", chain.Retired)
			}
			if chain.FactsRetired > 0 {
				fmt.Fprintf(s.out, ", facts of %d decisions retired", chain.FactsRetired)
			}
			fmt.Fprintln(s.out)
			for _, p := range chain.Problems {
				problems++
				fmt.Fprintf(s.err, "%s: %s\n", chain.Name(), p.What)
			}
		}
		for _, h := range c.Expect {
			at := v.Found[strings.ToLower(h)]
			if at == "" {
				problems++
				fmt.Fprintf(s.err, "%s: no entry of the record has this hash\n", h)
				continue
			}
			fmt.Fprintf(s.out, "%s is %s\n", h, at)
		}
		if !v.OK() {
			return fmt.Errorf("the record is not as it was written: %d problems", problems)
		}
		fmt.Fprintln(s.out, "the record is as it was written")
		return nil
	})
}

type auditExportCmd struct {
	database
	Since  string `required:"" placeholder:"DATE" help:"2026-01-31, a time as 2026-01-31T12:00:00Z, or a span back from now as 720h."`
	Format string `enum:"json,csv" default:"json" help:"json, one object a line, or csv, one row an approval (${default})."`
}

// Run writes the export.
func (c *auditExportCmd) Run(ctx context.Context, s streams) error {
	since, err := moment(c.Since, time.Now())
	if err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	return c.read(ctx, func(db *store.Store) error {
		if c.Format == "json" {
			out := json.NewEncoder(s.out)
			return audit.Merges(ctx, db, since, func(m audit.Merge) error { return out.Encode(m) })
		}
		out := csv.NewWriter(s.out)
		if err := out.Write(audit.Columns); err != nil {
			return err
		}
		err := audit.Merges(ctx, db, since, func(m audit.Merge) error {
			for _, row := range m.Rows() {
				for i := range row {
					row[i] = inert(row[i])
				}
				if err := out.Write(row); err != nil {
					return err
				}
			}
			return nil
		})
		out.Flush()
		return errors.Join(err, out.Error())
	})
}

// inert keeps a spreadsheet from taking text of others for a formula.
// https://owasp.org/www-community/attacks/CSV_Injection
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// moment reads a date, a time, or a span back from now.
func moment(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a date as 2026-01-31, nor a time as 2026-01-31T12:00:00Z, nor a span as 720h", s)
}

type auditShowCmd struct {
	database
	Pull       string `arg:"" name:"pull-request" help:"https://github.com/OWNER/REPO/pull/NUMBER or OWNER/REPO#NUMBER."`
	Generation int64  `placeholder:"N" help:"Decide this decision again; left out: the latest."`
	Group      string `placeholder:"SHA" help:"Decide again on the pull requests of the merge group with this head, or its beginning, that held this one."`
	JSON       bool   `name:"json" help:"Print the decision and its facts as JSON."`
}

// Run prints the record of a pull request and replays a decision.
func (c *auditShowCmd) Run(ctx context.Context, s streams) error {
	ref, err := pullRef(c.Pull)
	if err != nil {
		return err
	}
	if c.Group != "" {
		return c.read(ctx, func(db *store.Store) error { return c.group(ctx, s, db, ref) })
	}
	return c.read(ctx, func(db *store.Store) error {
		d, ok, err := db.LatestDecision(ctx, ref)
		if c.Generation != 0 {
			d, ok, err = db.DecisionOf(ctx, ref, c.Generation)
		}
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("nothing is on record of %s: does the App watch it, and is this its database?", ref)
		}
		if c.JSON {
			out := json.NewEncoder(s.out)
			out.SetIndent("", "  ")
			return out.Encode(d)
		}
		entries, err := audit.Entries(ctx, db, ref)
		if err != nil {
			return err
		}
		groups, err := db.GroupEntries(ctx, ref)
		if err != nil {
			return err
		}
		all := slices.Concat(entries, groups)
		slices.SortStableFunc(all, func(a, b store.Entry) int { return cmp.Compare(a.ID, b.ID) })
		for _, e := range all {
			showEntry(s.out, e)
		}
		before, ok, err := audit.Before(ctx, db, d, entries)
		if err != nil {
			return err
		}
		if ok {
			fmt.Fprintf(s.out, "\nwhat decision %d of %s changed of decision %d of %s:\n", d.Generation, d.At.Format(time.RFC3339), before.Generation, before.At.Format(time.RFC3339))
			lines := report.Changes(policy.Compare(before.Decision, d.Decision))
			if len(lines) == 0 {
				lines = []string{"nothing but details"}
			}
			for _, l := range lines {
				fmt.Fprintln(s.out, "  "+l)
			}
		}
		again, differs, err := audit.Replay(d)
		if err != nil {
			return err
		}
		if differs != "" {
			fmt.Fprintln(s.err, differs)
			return fmt.Errorf("decision %d on %s is not what its facts and policies give now: %s then, %s now", d.Generation, d.Ref, d.Decision.Status, again.Status)
		}
		fmt.Fprintf(s.out, "\ndecision %d of %s on %s: %s; decided again from its facts and policies, it is the same\n",
			d.Generation, d.At.Format(time.RFC3339), d.Decision.Head, d.Decision.Status)
		return nil
	})
}

// group shows a merge group, and decides again on each pull request in it.
func (c *auditShowCmd) group(ctx context.Context, s streams, db *store.Store, ref fact.Ref) error {
	entries, err := db.GroupEntries(ctx, ref)
	if err != nil {
		return err
	}
	var found *store.Entry
	var g store.GroupEntry
	for _, e := range entries {
		var at store.GroupEntry
		data, _ := e.Data.(json.RawMessage)
		if err := json.Unmarshal(data, &at); err != nil {
			return fmt.Errorf("entry %d: %w", e.ID, err)
		}
		if strings.HasPrefix(at.Head, strings.ToLower(c.Group)) {
			found, g = &e, at // the latest: it may have been asked for again
		}
	}
	if found == nil {
		return fmt.Errorf("no merge group %s that held %s is on record", c.Group, ref)
	}
	members, err := db.GroupMembers(ctx, ref, g.Head, found.At)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(s.out)
		out.SetIndent("", "  ")
		return out.Encode(members)
	}
	showEntry(s.out, *found)
	for _, d := range members {
		again, differs, err := audit.Replay(d)
		if err != nil {
			return err
		}
		if differs != "" {
			fmt.Fprintln(s.err, differs)
			return fmt.Errorf("what was decided on %s in the merge group is not what its facts and policies give now: %s then, %s now", d.Ref, d.Decision.Status, again.Status)
		}
		fmt.Fprintf(s.out, "%s at %s: %s; decided again from its facts and policies, it is the same\n", d.Ref, d.Decision.Head, d.Decision.Status)
		for _, r := range d.Decision.Rules {
			if r.InForce {
				fmt.Fprintf(s.out, "  rule %s: %s\n", r.Name, r.Status)
			}
		}
	}
	fmt.Fprintf(s.out, "merge group %s into %s: %s, so that its check was %s\n", g.Head, g.Base, g.Status, g.Conclusion)
	return nil
}

func showEntry(w io.Writer, e store.Entry) {
	what := e.Kind
	if e.Actor != "" {
		what += " by " + e.Actor
	}
	data, _ := e.Data.(json.RawMessage)
	fmt.Fprintf(w, "%s  %-10.10s  %s  %s\n", e.At.Format(time.RFC3339), e.Link.Hash, what, data)
}

// pullRef reads a pull request's address, or "owner/repo#12".
func pullRef(s string) (fact.Ref, error) {
	var parts []string
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		parts = strings.Split(strings.Trim(u.Path, "/"), "/")
		if len(parts) >= 4 && parts[2] == "pull" {
			parts = []string{parts[0], parts[1], parts[3]}
		}
	} else if full, number, ok := strings.Cut(s, "#"); ok {
		parts = append(strings.Split(full, "/"), number)
	}
	if len(parts) == 3 && parts[0] != "" && parts[1] != "" {
		if n, err := strconv.Atoi(parts[2]); err == nil && n > 0 {
			return fact.Ref{Owner: parts[0], Repo: parts[1], Number: n}, nil
		}
	}
	return fact.Ref{}, fmt.Errorf("%q is no pull request: give https://github.com/OWNER/REPO/pull/NUMBER or OWNER/REPO#NUMBER", s)
}
