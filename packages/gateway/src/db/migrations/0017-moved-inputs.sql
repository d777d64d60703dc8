-- Ids of the artifacts that hold what was too large in the attempt's input, as a JSON list; null once they are removed.
ALTER TABLE remote_attempts ADD COLUMN moved_input TEXT;
CREATE INDEX remote_attempts_moved ON remote_attempts (endpoint) WHERE moved_input IS NOT NULL;
