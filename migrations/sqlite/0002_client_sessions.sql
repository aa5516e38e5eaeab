-- Sessions that clients opened with initialize: a restart of the daemon must not end them. The principal is written as
-- in the author columns; capabilities and subscriptions are lists of words.

CREATE TABLE client_sessions (
    id            TEXT    NOT NULL PRIMARY KEY,
    tenant        TEXT    NOT NULL,
    principal     TEXT    NOT NULL,
    revision      TEXT    NOT NULL,
    client        TEXT    NOT NULL,
    capabilities  TEXT    NOT NULL,
    level         INTEGER NOT NULL,
    subscriptions TEXT    NOT NULL DEFAULT '[]',
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER NOT NULL
) STRICT;
