-- Every table carries the tenant; ids are UUIDv7 text; times are UTC milliseconds since 1970.

CREATE TABLE projects (
    id          TEXT    NOT NULL PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (tenant, name)
) STRICT;

-- seq is the row of memory_terms; callers only see id.
CREATE TABLE memories (
    seq          INTEGER NOT NULL PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    tenant       TEXT    NOT NULL,
    project      TEXT    NOT NULL REFERENCES projects (id),
    level        TEXT    NOT NULL,
    content      TEXT    NOT NULL,
    content_hash BLOB    NOT NULL,
    terms        TEXT    NOT NULL,
    tags         TEXT    NOT NULL,
    category     TEXT,
    confidence   REAL,
    tokens       INTEGER NOT NULL,
    author       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    UNIQUE (project, content_hash)
) STRICT;
CREATE INDEX memories_expiry ON memories (expires_at) WHERE expires_at IS NOT NULL;

-- Terms come segmented, as in memories.terms, and stemmed from the recall library; the tokenizer only cuts at spaces.
CREATE VIRTUAL TABLE memory_terms USING fts5 (
    terms, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0'
);

CREATE TABLE dev_sessions (
    id             TEXT    NOT NULL PRIMARY KEY,
    tenant         TEXT    NOT NULL,
    project        TEXT    NOT NULL REFERENCES projects (id),
    author         TEXT    NOT NULL,
    goals          TEXT    NOT NULL,
    started_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    achievements   TEXT,
    next_steps     TEXT,
    files_modified TEXT    NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX dev_sessions_project ON dev_sessions (project, started_at);

CREATE TABLE decisions (
    id            TEXT    NOT NULL PRIMARY KEY,
    tenant        TEXT    NOT NULL,
    project       TEXT    NOT NULL REFERENCES projects (id),
    session       TEXT    REFERENCES dev_sessions (id),
    title         TEXT    NOT NULL,
    category      TEXT    NOT NULL,
    description   TEXT,
    reasoning     TEXT    NOT NULL,
    alternatives  TEXT    NOT NULL DEFAULT '[]',
    impact_scope  TEXT,
    superseded_by TEXT    REFERENCES decisions (id),
    author        TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX decisions_project ON decisions (project, created_at);

CREATE TABLE notes (
    id           TEXT    NOT NULL PRIMARY KEY,
    tenant       TEXT    NOT NULL,
    project      TEXT    NOT NULL REFERENCES projects (id),
    session      TEXT    REFERENCES dev_sessions (id),
    category     TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    content      TEXT    NOT NULL,
    importance   INTEGER NOT NULL,
    related_code TEXT,
    tags         TEXT    NOT NULL DEFAULT '[]',
    author       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    resolved_at  INTEGER
) STRICT;
CREATE INDEX notes_project ON notes (project, created_at);

CREATE TABLE todos (
    id              TEXT    NOT NULL PRIMARY KEY,
    tenant          TEXT    NOT NULL,
    project         TEXT    NOT NULL REFERENCES projects (id),
    session         TEXT    REFERENCES dev_sessions (id),
    title           TEXT    NOT NULL,
    description     TEXT,
    category        TEXT    NOT NULL,
    priority        INTEGER NOT NULL,
    estimated_hours INTEGER,
    status          TEXT    NOT NULL,
    progress        INTEGER NOT NULL,
    completion_note TEXT,
    author          TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    completed_at    INTEGER
) STRICT;
CREATE INDEX todos_project ON todos (project, status);

CREATE TABLE todo_dependencies (
    tenant     TEXT NOT NULL,
    todo       TEXT NOT NULL REFERENCES todos (id),
    depends_on TEXT NOT NULL REFERENCES todos (id),
    PRIMARY KEY (todo, depends_on)
) STRICT;
CREATE INDEX todo_dependencies_reverse ON todo_dependencies (depends_on);

CREATE TABLE api_keys (
    id           TEXT    NOT NULL PRIMARY KEY,
    tenant       TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    digest       BLOB    NOT NULL,
    scopes       TEXT    NOT NULL,
    tools        TEXT    NOT NULL,
    deny_tools   TEXT    NOT NULL,
    cidrs        TEXT    NOT NULL,
    rate         TEXT,
    connections  INTEGER,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE UNIQUE INDEX api_keys_living_name ON api_keys (name) WHERE revoked_at IS NULL;

CREATE TABLE allow_entries (
    tenant     TEXT    NOT NULL,
    cidr       TEXT    NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    tenant TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;
