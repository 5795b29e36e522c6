-- One file serves both databases: what differs between them is in braces.
-- Times are microseconds since the Unix epoch, UTC; 0 means "not yet".
-- Owners, repositories, teams and logins are stored in lower case.

CREATE TABLE deliveries (
    guid         TEXT PRIMARY KEY,
    event        TEXT NOT NULL,
    action       TEXT NOT NULL,
    installation BIGINT NOT NULL,
    owner        TEXT NOT NULL,
    repo         TEXT NOT NULL,
    number       BIGINT NOT NULL,
    received_at  BIGINT NOT NULL,
    processed_at BIGINT NOT NULL DEFAULT 0,
    attempts     BIGINT NOT NULL DEFAULT 1,
    look         TEXT NOT NULL DEFAULT '',
    turn         BIGINT NOT NULL DEFAULT 0,
    payload      {{.Bytes}}
);
CREATE INDEX deliveries_open ON deliveries (look) WHERE processed_at = 0;
CREATE INDEX deliveries_received ON deliveries (received_at);

-- A look is an outstanding wish to examine something again. Its row stands
-- exactly as long as a job for it does.
CREATE TABLE looks (
    key          TEXT PRIMARY KEY,
    counter      BIGINT NOT NULL,
    kind         TEXT NOT NULL,
    installation BIGINT NOT NULL,
    owner        TEXT NOT NULL,
    repo         TEXT NOT NULL,
    number       BIGINT NOT NULL,
    head_sha     TEXT NOT NULL,
    base_sha     TEXT NOT NULL,
    base_ref     TEXT NOT NULL,
    org          TEXT NOT NULL,
    why          TEXT NOT NULL,
    delivery     TEXT NOT NULL,
    received_at  BIGINT NOT NULL,
    failures     BIGINT NOT NULL DEFAULT 0,
    hold_until   BIGINT NOT NULL DEFAULT 0,
    verify_at    BIGINT NOT NULL DEFAULT 0
);

-- The processes that work on the queue, by their latest sign of life.
CREATE TABLE replicas (
    id      TEXT PRIMARY KEY,
    seen_at BIGINT NOT NULL
);

CREATE TABLE pulls (
    owner        TEXT NOT NULL,
    repo         TEXT NOT NULL,
    number       BIGINT NOT NULL,
    installation BIGINT NOT NULL,
    name         TEXT NOT NULL,
    open         BOOLEAN NOT NULL,
    head_sha     TEXT NOT NULL,
    base_sha     TEXT NOT NULL,
    base_ref     TEXT NOT NULL,
    generation   BIGINT NOT NULL DEFAULT 0,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (owner, repo, number)
);
CREATE INDEX pulls_open ON pulls (installation, owner) WHERE open;

-- Who pushed which head, which GitHub's API does not tell.
CREATE TABLE pushes (
    owner  TEXT NOT NULL,
    repo   TEXT NOT NULL,
    number BIGINT NOT NULL,
    sha    TEXT NOT NULL,
    before TEXT NOT NULL,
    pusher TEXT NOT NULL,
    bot    BOOLEAN NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (owner, repo, number, sha)
);

CREATE TABLE review_commits (
    owner  TEXT NOT NULL,
    repo   TEXT NOT NULL,
    number BIGINT NOT NULL,
    review BIGINT NOT NULL,
    sha    TEXT NOT NULL,
    PRIMARY KEY (owner, repo, number, review)
);

CREATE TABLE repositories (
    owner        TEXT NOT NULL,
    repo         TEXT NOT NULL,
    installation BIGINT NOT NULL,
    name         TEXT NOT NULL,
    policy_seen  BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (owner, repo)
);
CREATE INDEX repositories_installation ON repositories (installation);

-- Logins and teams ("org/slug") whose review GitHub would not let be requested.
CREATE TABLE unrequestable (
    owner    TEXT NOT NULL,
    repo     TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (owner, repo, reviewer)
);

CREATE TABLE orgs (
    installation BIGINT NOT NULL,
    org          TEXT NOT NULL,
    version      BIGINT NOT NULL,
    PRIMARY KEY (installation, org)
);

CREATE TABLE teams (
    installation BIGINT NOT NULL,
    team         TEXT NOT NULL,
    version      BIGINT NOT NULL,
    read_at      BIGINT NOT NULL,
    members      TEXT NOT NULL,
    PRIMARY KEY (installation, team)
);

CREATE TABLE decisions (
    owner      TEXT NOT NULL,
    repo       TEXT NOT NULL,
    number     BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    head       TEXT NOT NULL,
    check_name TEXT NOT NULL,
    status     TEXT NOT NULL,
    standing   TEXT NOT NULL,
    facts      {{.Bytes}},
    decision   {{.Bytes}} NOT NULL,
    PRIMARY KEY (owner, repo, number, generation)
);

CREATE TABLE audit (
    id           {{.Serial}},
    at           BIGINT NOT NULL,
    installation BIGINT NOT NULL,
    owner        TEXT NOT NULL,
    repo         TEXT NOT NULL,
    number       BIGINT NOT NULL,
    delivery     TEXT NOT NULL,
    kind         TEXT NOT NULL,
    actor        TEXT NOT NULL,
    data         TEXT NOT NULL
);
CREATE INDEX audit_pull ON audit (owner, repo, number, id);

{{if .Postgres}}
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END
$$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
{{else}}
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
{{end}}
