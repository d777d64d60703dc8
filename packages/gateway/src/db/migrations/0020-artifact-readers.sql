-- The key that may read an artifact besides its owner: whoever submitted the job that made it.
ALTER TABLE artifacts ADD COLUMN reader TEXT;
