-- Whose costs the jobs of a batch are: the key that made it; null for the admin's key.
ALTER TABLE batches ADD COLUMN key_id TEXT;
