-- The reviews that a broken glass skipped: a list for reports, one row for
-- each pull request. What is owed is told by GitHub; losing this loses nothing
-- but the row.
CREATE TABLE debts (
    owner        TEXT NOT NULL,
    repo         TEXT NOT NULL,
    number       BIGINT NOT NULL,
    installation BIGINT NOT NULL,
    name         TEXT NOT NULL,
    broken_by    TEXT NOT NULL,
    broken_at    BIGINT NOT NULL,
    merged_at    BIGINT NOT NULL,
    cleared_at   BIGINT NOT NULL,
    glass        TEXT NOT NULL,
    PRIMARY KEY (owner, repo, number)
);
CREATE INDEX debts_open ON debts (owner, repo) WHERE cleared_at = 0;
