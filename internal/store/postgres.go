package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

func (s *Store) openPostgres(ctx context.Context, url string) error {
	s.dialect = Postgres
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// pgx's error repeats the URL, redacted.
		return fmt.Errorf("database URL: %w", err)
	}
	s.db = stdlib.OpenDB(*config)
	s.db.SetMaxOpenConns(24)
	s.db.SetMaxIdleConns(24)
	s.reader = s.db
	if err := s.db.PingContext(ctx); err != nil {
		return err
	}
	pool, err := pgxpool.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("database URL: %w", err)
	}
	pool.MinConns, pool.MaxConns = 0, 1
	s.listen, err = pgxpool.NewWithConfig(ctx, pool)
	return err
}
