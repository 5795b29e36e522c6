-- Who pushed what to a branch, for the pull request that may be opened from it:
-- its own deliveries tell of later pushes alone.
CREATE TABLE branch_pushes (
    owner   TEXT NOT NULL,
    repo    TEXT NOT NULL,
    branch  TEXT NOT NULL,
    sha     TEXT NOT NULL,
    before  TEXT NOT NULL,
    pusher  TEXT NOT NULL,
    bot     BOOLEAN NOT NULL,
    account BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (owner, repo, branch, sha)
);
CREATE INDEX branch_pushes_at ON branch_pushes (at);
