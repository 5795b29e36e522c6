-- How urgent a look is, 1 before 4: the most urgent of its wishes counts.
ALTER TABLE looks ADD COLUMN priority BIGINT NOT NULL DEFAULT 2;

-- When rolecall last looked at the pull request, and GitHub's own time of its
-- state as it was then: what has moved since is to be looked at again.
ALTER TABLE pulls ADD COLUMN looked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pulls ADD COLUMN looked_state BIGINT NOT NULL DEFAULT 0;
CREATE INDEX pulls_looked ON pulls (looked_at) WHERE open;

-- When the open pull requests of the repository were last compared with
-- GitHub's, and which policy stood there then (a blob's SHA, '' for none).
ALTER TABLE repositories ADD COLUMN swept_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE repositories ADD COLUMN swept_policy TEXT NOT NULL DEFAULT '';

-- How far periodic work has come.
CREATE TABLE bookmarks (
    name TEXT PRIMARY KEY,
    at   BIGINT NOT NULL
);

-- Failed deliveries that GitHub was asked to send again, by the ID of the
-- attempt that failed.
CREATE TABLE redeliveries (
    attempt BIGINT PRIMARY KEY,
    guid    TEXT NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX redeliveries_guid ON redeliveries (guid);
