-- Version 2: several users with accounts, applications and tokens; the things of the whole API; and
-- pages of a history that take the same time however long it is.

ALTER TABLE users ADD COLUMN password TEXT;         -- an Argon2 hash; NULL: nobody can sign in
ALTER TABLE users ADD COLUMN registered_at INTEGER; -- when they got an account; NULL: they have none
ALTER TABLE users ADD COLUMN hides_flattrs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN means INTEGER;         -- hundredths a month; 0: none, NULL: not counted
ALTER TABLE users ADD COLUMN flattrs INTEGER NOT NULL DEFAULT 0;  -- how many they made
UPDATE users SET flattrs = (SELECT count(*) FROM flattrs WHERE user_id = users.id);

ALTER TABLE things ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0; -- 0: never
ALTER TABLE things ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0; -- its flattrs stay: they are money
ALTER TABLE things ADD COLUMN flattrs INTEGER NOT NULL DEFAULT 0; -- how many it got
UPDATE things SET flattrs = (SELECT count(*) FROM flattrs WHERE thing_id = things.id);
CREATE INDEX things_by_owner ON things (owner_id, id);

-- Made anew for "number", which has no default: no older program can write a flattr without one.
CREATE TABLE numbered_flattrs (
    id         INTEGER PRIMARY KEY,            -- in the order they were made
    thing_id   INTEGER NOT NULL REFERENCES things (id),
    user_id    INTEGER NOT NULL REFERENCES users (id),
    number     INTEGER NOT NULL,               -- the user's first is 1, and so on without a gap
    month      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (thing_id, user_id, month),         -- once a calendar month, whatever happens above
    UNIQUE (user_id, number)
) STRICT;
INSERT INTO numbered_flattrs
    SELECT id, thing_id, user_id, row_number() OVER (PARTITION BY user_id ORDER BY id), month,
           created_at
    FROM flattrs;
DROP TABLE flattrs;
ALTER TABLE numbered_flattrs RENAME TO flattrs;
CREATE INDEX flattrs_by_thing ON flattrs (thing_id, id);
CREATE INDEX flattrs_by_time ON flattrs (created_at, thing_id);

CREATE TABLE apps (
    id           INTEGER PRIMARY KEY,
    client_id    TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    secret       TEXT,                         -- SHA-256 of the client secret; NULL: a public client
    redirect_uri TEXT NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;

-- The host itself, at whatever port of the loopback it listens (RFC 8252, 7.3).
INSERT INTO apps (client_id, name, redirect_uri, created_at)
    VALUES ('flattr-host', 'flattr-host', 'http://127.0.0.1/', 0);

CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY,
    token      TEXT NOT NULL UNIQUE,           -- SHA-256; the token itself is shown once
    user_id    INTEGER NOT NULL REFERENCES users (id),
    app_id     INTEGER REFERENCES apps (id),   -- NULL: made in the terminal
    scope      TEXT NOT NULL,                  -- by blanks
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX tokens_by_user ON tokens (user_id);
