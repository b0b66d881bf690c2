-- Version 1. Times are Unix time in seconds, 0 where there is none yet; but lease_until is seconds
-- of the machine's monotonic clock, which nobody can set.

CREATE TABLE entries (
    number       INTEGER PRIMARY KEY,          -- in the order they were asked for
    gesture      TEXT NOT NULL UNIQUE,         -- the gesture's id; the same twice is one flattr
    server       TEXT NOT NULL,                -- the API's address, or 'embedded'
    username     TEXT NOT NULL,                -- who asked for it there; '' for 'embedded'
    wish_key     TEXT NOT NULL,                -- the same for what would be the same flattr
    wish         BLOB NOT NULL,                -- what is to be flattred, as JSON
    state        TEXT NOT NULL,                -- see outbox/entries.py
    asked_at     INTEGER NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    unsure_try   INTEGER NOT NULL DEFAULT 0,   -- the first try that may have arrived; 0: none may
    unsure_since INTEGER NOT NULL DEFAULT 0,   -- when that was
    next_try_at  INTEGER NOT NULL DEFAULT 0,
    lease        TEXT NOT NULL DEFAULT '',     -- whose turn it is, in 'grace' and 'sending'
    lease_until  REAL NOT NULL DEFAULT 0,
    code         TEXT NOT NULL DEFAULT '',     -- why it waits, or was refused: an error's code
    detail       TEXT NOT NULL DEFAULT '',
    answer       BLOB,                         -- the backend's, of 'settled'
    is_news      INTEGER NOT NULL DEFAULT 0,   -- the person has not been told yet
    ended_at     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX waiting ON entries (server, username, wish_key) WHERE ended_at = 0;
CREATE INDEX graces ON entries (lease_until) WHERE state = 'grace';
CREATE INDEX ended ON entries (ended_at) WHERE ended_at > 0;
CREATE INDEX news ON entries (number) WHERE is_news;
