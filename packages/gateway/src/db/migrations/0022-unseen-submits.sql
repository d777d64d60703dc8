-- Budgets ask for these in the thread of the jobs.
CREATE INDEX remote_attempts_unseen ON remote_attempts (routed_at) WHERE submitted_at IS NULL;
