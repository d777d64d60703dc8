-- Signatures of submits that were used, each for as long as it would be accepted again, so that a restart forgets none.

CREATE TABLE used_signatures (
  signature TEXT PRIMARY KEY,
  -- What it was used for, where that may be asked for again: a submit with an Idempotency-Key.
  holder TEXT,
  -- End of the time in which it would be accepted, by the wall clock.
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_signatures_until ON used_signatures (until);
