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

// While a new version is rolled out, the old one works on the new schema. So a
// migration only adds: tables, indexes, and columns with a default.
func TestMigrationsOnlyAdd(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	comment := regexp.MustCompile(`(?m)--.*$`)
	for _, file := range files {
		if strings.HasSuffix(file, "0001_spine.sql") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range strings.Split(comment.ReplaceAllString(string(b), ""), ";") {
			words := strings.Join(strings.Fields(strings.ToUpper(statement)), " ")
			for _, bad := range []string{"DROP TABLE", "DROP COLUMN", "RENAME", "ALTER COLUMN", "SET NOT NULL", "ADD CONSTRAINT"} {
				if strings.Contains(words, bad) {
					t.Errorf("%s: %s: the version before still needs it as it is", filepath.Base(file), bad)
				}
			}
			if strings.Contains(words, "ADD COLUMN") && strings.Contains(words, "NOT NULL") && !strings.Contains(words, "DEFAULT") {
				t.Errorf("%s: a column that is NOT NULL and has no default: the version before cannot insert (%.80s)", filepath.Base(file), words)
			}
		}
	}
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
