-- Checks that were to show success, by the commit that they are on, until they
-- are taken back or the pull request is merged.
CREATE TABLE greens (
    owner      TEXT NOT NULL,
    repo       TEXT NOT NULL,
    number     BIGINT NOT NULL,
    head       TEXT NOT NULL,
    check_name TEXT NOT NULL,
    PRIMARY KEY (owner, repo, number, head, check_name)
);
