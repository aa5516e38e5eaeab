-- The source tree of a project. revision counts its analyses: a graph in the memory of any process is as new as the
-- revision it was built from.
CREATE TABLE code_trees (
    project    TEXT    NOT NULL PRIMARY KEY REFERENCES projects (id),
    title      TEXT,
    source     TEXT    NOT NULL CHECK (source IN ('tree', 'push')),
    root       TEXT,
    revision   INTEGER NOT NULL DEFAULT 0,
    indexed_at INTEGER,
    commit_id  TEXT,
    branch     TEXT,
    worktree   TEXT,
    watched    INTEGER NOT NULL DEFAULT 0,
    -- What a limit left out, in words.
    cut        TEXT,
    -- What the walk passed over, as JSON.
    skipped    TEXT    NOT NULL DEFAULT '{}',
    -- How much there is of everything, as JSON, of the revision it names.
    figures    TEXT    NOT NULL DEFAULT '{}'
) STRICT;

-- Its files as they were read last.
CREATE TABLE code_files (
    project  TEXT    NOT NULL REFERENCES projects (id),
    path     TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    language TEXT    NOT NULL,
    hash     BLOB    NOT NULL,
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    inode    INTEGER NOT NULL,
    -- Why it was passed over, when it was.
    why      TEXT,
    PRIMARY KEY (project, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX code_files_revision ON code_files (project, revision);

-- What a content says, in the language and by the extraction it was read with.
CREATE TABLE code_facts (
    id         INTEGER NOT NULL PRIMARY KEY,
    project    TEXT    NOT NULL REFERENCES projects (id),
    path       TEXT    NOT NULL,
    hash       BLOB    NOT NULL,
    extraction INTEGER NOT NULL,
    facts      BLOB    NOT NULL,
    UNIQUE (project, path, hash)
) STRICT;

-- Contents that were sent by a client whose tree is not on this machine.
CREATE TABLE code_texts (
    id      INTEGER NOT NULL PRIMARY KEY,
    project TEXT    NOT NULL REFERENCES projects (id),
    hash    BLOB    NOT NULL,
    text    BLOB    NOT NULL,
    UNIQUE (project, hash)
) STRICT;
