-- Errors that are known, and what helped. scope is the project's id, or empty for what all projects of the tenant share.
-- revision counts what changed in a scope: what any process holds in memory is as new as the revision it was read at.
CREATE TABLE firewall_scopes (
    tenant   TEXT    NOT NULL,
    scope    TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    errors   INTEGER NOT NULL,
    PRIMARY KEY (tenant, scope)
) STRICT;

CREATE TABLE firewall_errors (
    id          TEXT    NOT NULL PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    scope       TEXT    NOT NULL,
    project     TEXT    REFERENCES projects (id),
    -- What makes two records the same error, hashed.
    identity    BLOB    NOT NULL,
    error_type  TEXT    NOT NULL,
    scene       TEXT    NOT NULL,
    -- The canonical pattern, a JSON object.
    pattern     TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    terms       TEXT    NOT NULL,
    analysis    INTEGER NOT NULL,
    level       TEXT    NOT NULL CHECK (level IN ('none', 'warning', 'block')),
    -- The solution that is trusted most.
    solution    TEXT,
    occurrences INTEGER NOT NULL,
    blocked     INTEGER NOT NULL DEFAULT 0,
    warned      INTEGER NOT NULL DEFAULT 0,
    revision    INTEGER NOT NULL,
    author      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    UNIQUE (tenant, scope, identity)
) STRICT;
CREATE INDEX firewall_errors_revision ON firewall_errors (tenant, scope, revision);
CREATE INDEX firewall_errors_seen ON firewall_errors (tenant, scope, seen_at);

-- stated is the trust that was said, 0 to 1; the outcomes told since are counted beside it.
CREATE TABLE firewall_solutions (
    id         TEXT    NOT NULL PRIMARY KEY,
    tenant     TEXT    NOT NULL,
    error      TEXT    NOT NULL REFERENCES firewall_errors (id),
    digest     BLOB    NOT NULL,
    solution   TEXT    NOT NULL,
    stated     REAL    NOT NULL,
    auto_fix   INTEGER NOT NULL,
    solved     INTEGER NOT NULL DEFAULT 0,
    not_solved INTEGER NOT NULL DEFAULT 0,
    author     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (error, digest)
) STRICT;

-- The newest checks of a scope; what looked like a secret in the parameters is not in them.
CREATE TABLE firewall_checks (
    id             TEXT    NOT NULL PRIMARY KEY,
    tenant         TEXT    NOT NULL,
    scope          TEXT    NOT NULL,
    session        TEXT    REFERENCES dev_sessions (id),
    author         TEXT    NOT NULL,
    operation_type TEXT    NOT NULL,
    params         TEXT    NOT NULL,
    verdict        TEXT    NOT NULL CHECK (verdict IN ('allow', 'warn', 'block')),
    error          TEXT    REFERENCES firewall_errors (id),
    matched_by     TEXT,
    score          REAL,
    checked_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX firewall_checks_newest ON firewall_checks (tenant, scope, id);
CREATE INDEX firewall_checks_error ON firewall_checks (error, id);

-- Figures by UTC day, numbered from 1970: they outlive the checks.
CREATE TABLE firewall_days (
    tenant  TEXT    NOT NULL,
    scope   TEXT    NOT NULL,
    day     INTEGER NOT NULL,
    checks  INTEGER NOT NULL,
    blocked INTEGER NOT NULL,
    warned  INTEGER NOT NULL,
    PRIMARY KEY (tenant, scope, day)
) STRICT;

CREATE TABLE firewall_error_days (
    tenant      TEXT    NOT NULL,
    error       TEXT    NOT NULL REFERENCES firewall_errors (id),
    day         INTEGER NOT NULL,
    occurrences INTEGER NOT NULL,
    blocked     INTEGER NOT NULL,
    warned      INTEGER NOT NULL,
    PRIMARY KEY (error, day)
) STRICT;
