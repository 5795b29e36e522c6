package store_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// refused is what a migration may not do, and why.
var refused = map[string]string{
	"DROP TABLE":     "the version before still reads it",
	"DROP COLUMN":    "the version before still writes it",
	"DROP INDEX":     "the version before may rest on it, as ON CONFLICT does",
	"DROP FUNCTION":  "a trigger may rest on it",
	"RENAME":         "the version before knows the former name alone",
	"ALTER COLUMN":   "the version before writes what was allowed until now",
	"SET NOT NULL":   "the version before may leave it out",
	"ADD CONSTRAINT": "the version before writes what was allowed until now",
	"TRUNCATE TABLE": "the version before still needs the rows",
	"DELETE FROM":    "the version before still needs the rows",
}

// mayAdd says what is wrong with a migration by which the version before it
// could not go on; nil where nothing is.
func mayAdd(text string) (problems []string) {
	words := func(s string) string { return strings.Join(strings.Fields(strings.ToUpper(s)), " ") }
	text = regexp.MustCompile(`(?m)--.*$`).ReplaceAllString(text, "")
	made := map[string]bool{}
	for _, m := range regexp.MustCompile(`CREATE TABLE (\w+)`).FindAllStringSubmatch(words(text), -1) {
		made[m[1]] = true
	}
	for _, statement := range strings.Split(text, ";") {
		w := words(statement)
		for bad, why := range refused {
			if strings.Contains(w, bad) {
				problems = append(problems, bad+": "+why)
			}
		}
		if strings.Contains(w, "ADD COLUMN") && strings.Contains(w, "NOT NULL") && !strings.Contains(w, "DEFAULT") {
			problems = append(problems, "a column that is NOT NULL and has no default: the version before cannot insert")
		}
		if m := regexp.MustCompile(`CREATE UNIQUE INDEX .* ON (\w+)`).FindStringSubmatch(w); m != nil && !made[m[1]] && !strings.Contains(w, "WHERE") {
			problems = append(problems, "a unique index on the table "+m[1]+", which was there: the version before may write what it refuses")
		}
	}
	return problems
}

// While a new version is rolled out, the old one works on the new schema. So a
// migration only adds: tables, indexes, and columns with a default. What the
// version before no longer needs goes one release later, in a migration that
// is named in the exceptions here, with that reason.
func TestMigrationsOnlyAdd(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "0001_spine.sql") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range mayAdd(string(b)) {
			t.Errorf("%s: %s", filepath.Base(file), problem)
		}
	}
	for sql, ok := range map[string]bool{
		"CREATE TABLE a (b TEXT NOT NULL); CREATE UNIQUE INDEX a_b ON a (b);": true,
		"ALTER TABLE pulls ADD COLUMN b TEXT NOT NULL DEFAULT '';":            true,
		"ALTER TABLE pulls ADD COLUMN b TEXT; -- DROP TABLE is only said":     true,
		"ALTER TABLE pulls ADD COLUMN b TEXT NOT NULL;":                       false,
		"CREATE UNIQUE INDEX x ON pulls (name);":                              false,
		"alter table pulls\n  rename column a to b;":                          false,
		"ALTER TABLE pulls DROP COLUMN name;":                                 false,
		"CREATE TABLE b (x TEXT); drop   table pulls;":                        false,
		"ALTER TABLE pulls ALTER COLUMN name SET NOT NULL;":                   false,
		"ALTER TABLE pulls ADD CONSTRAINT positive CHECK (number > 0);":       false,
		"DELETE FROM pulls WHERE NOT open;":                                   false,
	} {
		if got := len(mayAdd(sql)) == 0; got != ok {
			t.Errorf("%s: allowed is %t, want %t (%v)", sql, got, ok, mayAdd(sql))
		}
	}
}

// A database may have skipped a migration that came late to the main line.
func TestAMigrationMayComeLate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, err := store.Open(t.Context(), store.Options{URL: url})
		must(t, err)
		exec(t, s, `DROP INDEX pulls_closed`)
		exec(t, s, `DELETE FROM rolecall_migration WHERE version_id = 40`)
		exec(t, s, `INSERT INTO rolecall_migration (version_id, is_applied) VALUES (9001, true)`)
		must(t, s.Close())
		storetest.Open(t, url)
	})
}

func TestAnOlderVersionStartsOnANewerSchema(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, err := store.Open(t.Context(), store.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO rolecall_migration (version_id, is_applied) VALUES (9001, true)`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = store.Open(t.Context(), store.Options{URL: url}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
