-- What a new version of a policy would decide differently, once for each pair
-- of versions.
CREATE TABLE impacts (
    owner    TEXT NOT NULL,
    repo     TEXT NOT NULL,
    versions TEXT NOT NULL,
    at       BIGINT NOT NULL,
    impact   {{.Bytes}} NOT NULL,
    PRIMARY KEY (owner, repo, versions)
);
