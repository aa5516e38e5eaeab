-- Every change of a project's memories has a number: an index in memory of any process reads what is newer than it
-- knows. What a project keeps is counted here, so that neither a quota nor a question counts rows.
ALTER TABLE projects ADD COLUMN memory_revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE projects ADD COLUMN memory_floor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE projects ADD COLUMN memory_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE projects ADD COLUMN memory_bytes INTEGER NOT NULL DEFAULT 0;

-- analysis is the version of the analysis that made terms; 0 is that of the first releases.
ALTER TABLE memories ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE memories ADD COLUMN analysis INTEGER NOT NULL DEFAULT 0;
ALTER TABLE memories ADD COLUMN session TEXT REFERENCES dev_sessions (id);
ALTER TABLE memories ADD COLUMN found INTEGER NOT NULL DEFAULT 0;

UPDATE memories SET revision = 1;
UPDATE projects SET
    memory_revision = 1,
    memory_count = (SELECT count(*) FROM memories WHERE project = projects.id),
    memory_bytes = (SELECT coalesce(sum(length(CAST(content AS BLOB))), 0) FROM memories WHERE project = projects.id);
CREATE INDEX memories_revision ON memories (project, revision);
CREATE INDEX memories_analysis ON memories (analysis);

-- Rows that are gone, for the indexes that still know them. An index older than projects.memory_floor begins anew.
CREATE TABLE memories_gone (
    project  TEXT    NOT NULL REFERENCES projects (id),
    revision INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (project, revision, seq)
) STRICT, WITHOUT ROWID;

-- One vector for a memory, of the model named: 32-bit floats, little-endian, of length 1.
CREATE TABLE memory_vectors (
    seq    INTEGER NOT NULL PRIMARY KEY REFERENCES memories (seq),
    model  TEXT    NOT NULL,
    vector BLOB    NOT NULL
) STRICT;
CREATE INDEX memory_vectors_model ON memory_vectors (model, seq);

-- The ranking reads memories.terms into an index of its own.
DROP TABLE memory_terms;
