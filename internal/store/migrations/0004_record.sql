-- The audit trail as chains of hashes; docs/record.md says of what.
ALTER TABLE audit ADD COLUMN segment BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN lane    BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN seq     BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN hash    TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX audit_chain ON audit (owner, repo, segment, lane, seq) WHERE hash <> '';
CREATE INDEX audit_kind ON audit (kind, at);

-- Where each chain ends now.
CREATE TABLE audit_lanes (
    owner     TEXT NOT NULL,
    repo      TEXT NOT NULL,
    lane      BIGINT NOT NULL,
    segment   BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    head      TEXT NOT NULL,
    opened_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (owner, repo, lane)
);

-- A checkpoint closes a segment of a repository: it holds the ends of its
-- chains, and is chained to the checkpoint before it.
CREATE TABLE audit_checkpoints (
    owner      TEXT NOT NULL,
    repo       TEXT NOT NULL,
    segment    BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    ends       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    retired_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (owner, repo, segment)
);

-- The policies that decisions were made by, by the SHA-256 of their bytes.
CREATE TABLE policies (
    sha256 TEXT PRIMARY KEY,
    bytes  {{.Bytes}} NOT NULL
);
ALTER TABLE decisions ADD COLUMN policies TEXT NOT NULL DEFAULT '[]';
CREATE INDEX decisions_at ON decisions (at);

-- Entries may go with the segment that was retired, and in no other way.
{{if .Postgres}}
CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF EXISTS (SELECT 1 FROM audit_checkpoints c WHERE c.owner = OLD.owner AND c.repo = OLD.repo
                AND c.segment = OLD.segment AND c.retired_at <> 0 AND OLD.hash <> '') THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only';
END
$$;
DROP TRIGGER audit_no_change ON audit;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
{{else}}
DROP TRIGGER audit_no_delete;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit_checkpoints c WHERE c.owner = OLD.owner AND c.repo = OLD.repo
    AND c.segment = OLD.segment AND c.retired_at <> 0 AND OLD.hash <> '')
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
{{end}}
