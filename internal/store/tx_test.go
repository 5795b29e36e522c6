package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/rolecall/rolecall/internal/store"
)

func TestAnUnhurriedWriteStandsOrIsUndoneLikeAnyOther(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		add := func(repo string, fail error) error {
			return s.Unhurried(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if s.Dialect() == store.SQLite {
					if n := synchronous(t, tx); n != 1 { // NORMAL
						t.Errorf("synchronous is %d within it", n)
					}
				}
				return errors.Join(tx.AddRepository(ctx, 7, "acme", repo), fail)
			})
		}
		if err := add("stands", nil); err != nil {
			t.Error(err)
		}
		no := errors.New("no")
		if err := add("undone", no); !errors.Is(err, no) {
			t.Error(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a panic was lost")
				}
			}()
			_ = s.Unhurried(t.Context(), func(context.Context, *store.Tx) error { panic("no") })
		}()
		refs, err := s.Repositories(t.Context(), 7)
		if err != nil || len(refs) != 1 || refs[0].Repo != "stands" {
			t.Error(refs, err)
		}
		if s.Dialect() == store.SQLite {
			write(t, s, func(_ context.Context, tx *store.Tx) error {
				if n := synchronous(t, tx); n != 2 { // FULL
					t.Errorf("synchronous is %d for the next", n)
				}
				return nil
			})
		}
	})
}

func synchronous(t *testing.T, tx *store.Tx) (n int) {
	t.Helper()
	if err := tx.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&n); err != nil {
		t.Error(err)
	}
	return n
}
