-- Work that is done again and again, by one process at a time: when it is due
-- next, and whose it is until when.
CREATE TABLE periodic (
    name       TEXT PRIMARY KEY,
    due_at     BIGINT NOT NULL,
    holder     TEXT NOT NULL DEFAULT '',
    held_until BIGINT NOT NULL DEFAULT 0
);
