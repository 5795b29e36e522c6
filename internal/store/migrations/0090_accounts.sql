-- Which account bore a login when it was read: a login can change hands. ids is
-- a JSON object of account numbers by login; 0 is an account that is not known.
ALTER TABLE teams ADD COLUMN ids TEXT NOT NULL DEFAULT '';
ALTER TABLE pushes ADD COLUMN account BIGINT NOT NULL DEFAULT 0;
