package storetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dump is all that a database holds, as text to search: every value of every
// row, unpacked where it was packed, and the very bytes of SQLite's files, in
// which what was deleted can still be read.
func Dump(t testing.TB, address string) string {
	t.Helper()
	if address == "" {
		return "" // a world without servers
	}
	var out strings.Builder
	tables := `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	driver, source := "pgx", address
	if file, ok := strings.CutPrefix(address, "sqlite:"); ok {
		files, err := filepath.Glob(file + "*") // with its log
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			return "" // nobody has opened it yet
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			out.Write(b)
		}
		tables = `SELECT name FROM sqlite_master WHERE type = 'table'`
		driver, source = "sqlite", "file:"+file+"?mode=ro"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var names []string
	each(t, db, tables, func(values []any) { names = append(names, text(values[0])) })
	for _, name := range names {
		each(t, db, fmt.Sprintf(`SELECT * FROM %q`, name), func(values []any) {
			for _, v := range values {
				out.WriteString(text(v) + "\n")
			}
		})
	}
	return out.String()
}

func each(t testing.TB, db *sql.DB, query string, do func(values []any)) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		do(values)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func text(v any) string {
	b, ok := v.([]byte)
	if !ok {
		return fmt.Sprint(v)
	}
	if r, err := gzip.NewReader(bytes.NewReader(b)); err == nil {
		if unpacked, err := io.ReadAll(r); err == nil {
			return string(unpacked)
		}
	}
	return string(b)
}
