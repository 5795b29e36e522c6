-- What is known of people beyond their roles. All of it is for choosing whom
-- to ask, and for the reader; but for calendars, whose last good copy says who
-- held a role.

-- Work that is done in the background: what it is about, and when it is due.
-- Which replica does it, the table periodic says.
CREATE TABLE chores (
    kind         TEXT NOT NULL,
    name         TEXT NOT NULL,
    installation BIGINT NOT NULL,
    wanted_at    BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    failures     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, name, installation)
);
CREATE INDEX chores_due ON chores (due_at);

-- The shifts of iCalendar feeds, as JSON. read_at is when the last good copy
-- was made, 0 where there is none; problem is why the last try failed, "" when
-- it did not.
CREATE TABLE calendars (
    url     TEXT PRIMARY KEY,
    shifts  {{.Bytes}},
    read_at BIGINT NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT ''
);

CREATE TABLE calendar_users (
    url          TEXT NOT NULL,
    installation BIGINT NOT NULL,
    owner        TEXT NOT NULL,
    PRIMARY KEY (url, installation, owner)
);

-- People who hold roles of an owner's policies, and whether GitHub said that
-- they are busy when it was last asked.
CREATE TABLE people (
    owner TEXT NOT NULL,
    login TEXT NOT NULL,
    busy  BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (owner, login)
);

-- Requests for reviews, of people and of teams ("org/slug"), open while
-- until is 0. why is the choice as JSON where rolecall made it.
CREATE TABLE review_requests (
    owner    TEXT NOT NULL,
    repo     TEXT NOT NULL,
    number   BIGINT NOT NULL,
    reviewer TEXT NOT NULL,
    at       BIGINT NOT NULL,
    until    BIGINT NOT NULL DEFAULT 0,
    why      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (owner, repo, number, reviewer, at)
);
CREATE INDEX review_requests_owner ON review_requests (owner, at);
CREATE INDEX review_requests_open ON review_requests (owner) WHERE until = 0;

-- Who changed and who reviewed which files in pull requests that were merged.
CREATE TABLE history_files (
    owner  TEXT NOT NULL,
    repo   TEXT NOT NULL,
    path   TEXT NOT NULL,
    number BIGINT NOT NULL,
    lines  BIGINT NOT NULL,
    PRIMARY KEY (owner, repo, path, number)
);
CREATE INDEX history_files_pull ON history_files (owner, repo, number);

CREATE TABLE history_people (
    owner  TEXT NOT NULL,
    repo   TEXT NOT NULL,
    number BIGINT NOT NULL,
    login  TEXT NOT NULL,
    wrote  BOOLEAN NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (owner, repo, number, login, wrote)
);
