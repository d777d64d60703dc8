-- The request of a batch that keeps a large value, whatever becomes of its job.
ALTER TABLE large_values ADD COLUMN request INTEGER;
CREATE INDEX large_values_request ON large_values (request) WHERE request IS NOT NULL;
