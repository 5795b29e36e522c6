-- When a look is due that only the time asks for, in microseconds; 0 while a
-- job stands for it.
ALTER TABLE looks ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX looks_due ON looks (due_at) WHERE due_at > 0;
