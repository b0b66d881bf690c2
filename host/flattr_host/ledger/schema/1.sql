-- Version 1. Times are Unix time in seconds; months are 'YYYY-MM' in UTC.

CREATE TABLE users (
    id       INTEGER PRIMARY KEY,
    -- A Flattr username; 'site:name' for somebody known by a site alone, as 'github:smgt';
    -- 'fid:…' for somebody known by the id that Flattr gave out from 2016; 'local:me' for the
    -- person whose ledger this is.
    username TEXT NOT NULL UNIQUE COLLATE NOCASE
) STRICT;

CREATE TABLE things (
    id          INTEGER PRIMARY KEY,
    url         TEXT NOT NULL UNIQUE,
    title       TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    language    TEXT NOT NULL DEFAULT '',
    category    TEXT NOT NULL DEFAULT '',
    tags        TEXT NOT NULL DEFAULT '',      -- by commas
    hidden      INTEGER NOT NULL DEFAULT 0,
    owner_id    INTEGER REFERENCES users (id), -- NULL: nobody knows whose it is
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE flattrs (
    id         INTEGER PRIMARY KEY,            -- in the order they were made
    thing_id   INTEGER NOT NULL REFERENCES things (id),
    user_id    INTEGER NOT NULL REFERENCES users (id),
    month      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (thing_id, user_id, month)          -- once a calendar month, whatever happens above
) STRICT;

CREATE INDEX flattrs_by_user ON flattrs (user_id, id);
