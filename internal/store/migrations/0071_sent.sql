-- Comments and issues that were about to be written, in microseconds: until it
-- is certain that one has arrived, or never will, it is not written again.
CREATE TABLE sent (
    owner TEXT NOT NULL,
    repo  TEXT NOT NULL,
    what  TEXT NOT NULL,
    at    BIGINT NOT NULL,
    PRIMARY KEY (owner, repo, what)
);
