-- Whose quota a large value counts for: the key that submitted its job.
ALTER TABLE large_values ADD COLUMN owner TEXT NOT NULL DEFAULT 'admin';
UPDATE large_values SET owner = coalesce((SELECT key_id FROM jobs WHERE jobs.seq = large_values.seq), 'admin');
