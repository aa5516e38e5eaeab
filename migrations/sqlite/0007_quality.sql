-- What was found wrong with the code of a project. The fingerprint names an issue without a line number, so that it is
-- the same one after code has moved.
CREATE TABLE quality_issues (
    id          TEXT    NOT NULL PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    project     TEXT    NOT NULL REFERENCES projects (id),
    fingerprint TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    severity    TEXT    NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low')),
    -- The same as a number, the worst the greatest: lists begin with it.
    severity_rank INTEGER NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('open', 'in_progress', 'resolved', 'ignored')),
    title       TEXT    NOT NULL,
    suggestion  TEXT    NOT NULL,
    entity      TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    line        INTEGER NOT NULL,
    -- Every file that is part of it, as JSON.
    files       TEXT    NOT NULL,
    -- What was measured, as JSON.
    measures    TEXT    NOT NULL,
    -- In hundredths.
    confidence  INTEGER NOT NULL,
    hours       REAL    NOT NULL,
    detected_at INTEGER NOT NULL,
    -- When its status was set last, by whom, and what was said about it.
    status_at   INTEGER NOT NULL,
    status_by   TEXT,
    note        TEXT,
    resolved_at INTEGER,
    UNIQUE (project, fingerprint)
) STRICT;
CREATE INDEX quality_issues_listed ON quality_issues (project, status, severity_rank);

-- The last time that issues were looked for.
CREATE TABLE quality_runs (
    project   TEXT    NOT NULL PRIMARY KEY REFERENCES projects (id),
    tenant    TEXT    NOT NULL,
    ran_at    INTEGER NOT NULL,
    commit_id TEXT
) STRICT;

-- How a project stood at some time; a score that nothing is known of is absent.
CREATE TABLE quality_snapshots (
    id            TEXT    NOT NULL PRIMARY KEY,
    tenant        TEXT    NOT NULL,
    project       TEXT    NOT NULL REFERENCES projects (id),
    taken_at      INTEGER NOT NULL,
    commit_id     TEXT,
    overall       REAL,
    code_quality  REAL,
    test_quality  REAL,
    documentation REAL,
    dependencies  REAL,
    todos         REAL,
    issues        INTEGER NOT NULL,
    hours         REAL    NOT NULL,
    code_lines    INTEGER NOT NULL
) STRICT;
CREATE INDEX quality_snapshots_taken ON quality_snapshots (project, taken_at);
