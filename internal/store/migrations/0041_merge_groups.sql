-- What was decided on the pull requests of a merge group, all at one time; the
-- audit trail's entry of that time says of the group as a whole.
CREATE TABLE group_decisions (
    owner    TEXT NOT NULL,
    repo     TEXT NOT NULL,
    head     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    facts    {{.Bytes}},
    decision {{.Bytes}} NOT NULL,
    policies TEXT NOT NULL,
    PRIMARY KEY (owner, repo, head, at, number)
);
CREATE INDEX group_decisions_pull ON group_decisions (owner, repo, number, at);
CREATE INDEX group_decisions_at ON group_decisions (at);
