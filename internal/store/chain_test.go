package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/policy/fact"
)

func note(n int, kind string) store.Entry {
	return store.Entry{
		At: time.UnixMicro(1_700_000_000_000_000 + int64(n)), Ref: fact.Ref{Installation: 7, Owner: "Acme", Repo: "Cloud", Number: n},
		Delivery: "guid", Kind: kind, Actor: "ana", Data: map[string]any{"why": "a \"quoted\" <line>\nand another", "n": n},
	}
}

// What docs/record.md says of the bytes, computed by SQL and SHA-256 alone.
func TestTheRecordCanBeCheckedWithoutRolecall(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		for n := range 40 {
			if err := s.Audit(t.Context(), note(n%11, "first"), note(n%11, "second")); err != nil {
				t.Fatal(err)
			}
			if n == 20 || n == 30 {
				if closed, err := s.Checkpoints(t.Context(), 1, time.Hour); err != nil || closed != 1 {
					t.Fatal(closed, err)
				}
			}
		}
		sum := func(lines ...any) string {
			text := ""
			for _, l := range lines {
				text += fmt.Sprint(l) + "\n"
			}
			h := sha256.Sum256([]byte(text))
			return hex.EncodeToString(h[:])
		}
		heads, ends := map[string]string{}, map[int]string{}
		rows, err := s.DB().Query(`SELECT segment, lane, seq, at, installation, number, delivery, kind, actor, data, owner, repo, hash FROM audit ORDER BY segment, lane, seq`)
		if err != nil {
			t.Fatal(err)
		}
		type entry struct {
			segment, lane, seq                             int
			at, installation, number                       int64
			delivery, kind, actor, data, owner, repo, hash string
		}
		var entries []entry
		for rows.Next() {
			var e entry
			if err := rows.Scan(&e.segment, &e.lane, &e.seq, &e.at, &e.installation, &e.number, &e.delivery, &e.kind, &e.actor, &e.data, &e.owner, &e.repo, &e.hash); err != nil {
				t.Fatal(err)
			}
			entries = append(entries, e)
		}
		if err := rows.Err(); err != nil || len(entries) != 80 {
			t.Fatal(len(entries), err)
		}
		start, count := map[int]string{0: strings.Repeat("0", 64)}, map[string]int{}
		check := func(segment int) {
			if segment == 0 || start[segment] != "" {
				return
			}
			var at int64
			var list, hash string
			if err := s.DB().QueryRow(s.Query(`SELECT at, ends, hash FROM audit_checkpoints WHERE segment = ?1`), segment-1).Scan(&at, &list, &hash); err != nil {
				t.Fatal(err)
			}
			if list != strings.TrimSpace(ends[segment-1]) {
				t.Errorf("segment %d ends %s, its checkpoint says %s", segment-1, ends[segment-1], list)
			}
			if hash != sum("rolecall checkpoint 1", start[segment-1], "acme", "cloud", segment-1, at, list) {
				t.Errorf("checkpoint %d does not match its hash", segment-1)
			}
			start[segment] = hash
		}
		for i, e := range entries {
			check(e.segment)
			lane := fmt.Sprint(e.segment, " ", e.lane)
			prev := heads[lane]
			if prev == "" {
				prev = start[e.segment]
			}
			count[lane]++
			if e.lane != int(e.number)%8 || e.seq != count[lane] {
				t.Errorf("number %d is in lane %d as number %d", e.number, e.lane, e.seq)
			}
			if e.hash != sum("rolecall entry 1", prev, e.owner, e.repo, e.segment, e.lane, e.seq, e.at, e.installation, e.number, e.delivery, e.kind, e.actor, e.data) {
				t.Errorf("entry %+v does not match its hash", e)
			}
			heads[lane] = e.hash
			if i+1 == len(entries) || entries[i+1].lane != e.lane || entries[i+1].segment != e.segment {
				ends[e.segment] += fmt.Sprintf("%d:%d:%s ", e.lane, e.seq, e.hash)
			}
		}
		if len(start) != 3 {
			t.Errorf("%d segments", len(start))
		}
	})
}

// Several replicas append and close segments at once: every chain is whole.
func TestReplicasAppendToOneRecord(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	var replicas []*store.Store
	for range 3 {
		replicas = append(replicas, storetest.Open(t, url))
	}
	var wg sync.WaitGroup
	for i, s := range replicas {
		for w := range 4 {
			wg.Go(func() {
				for n := range 30 {
					if err := s.Audit(context.Background(), note(i*97+w*13+n, "x"), note(n, "y"), store.Entry{Kind: "z"}); err != nil {
						t.Error(err)
						return
					}
					if n%10 == 9 {
						if _, err := s.Checkpoints(context.Background(), 5, time.Hour); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
	}
	wg.Wait()
	s := replicas[0]
	var total, numbered int
	if err := s.DB().QueryRow(`SELECT (SELECT count(*) FROM audit), (SELECT sum(n) FROM (SELECT max(seq) n FROM audit GROUP BY owner, repo, segment, lane) x)`).Scan(&total, &numbered); err != nil {
		t.Fatal(err)
	}
	if total != 3*4*30*3 || numbered != total {
		t.Errorf("%d entries, numbered up to %d in all; want %d", total, numbered, 3*4*30*3)
	}
}

func TestAnEntryThatWouldBreakTheLinesOfTheRecordIsRefused(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	e := note(1, "x")
	e.Actor = "ana\nmallory"
	if err := s.Audit(t.Context(), e); err == nil {
		t.Error("accepted")
	}
}
