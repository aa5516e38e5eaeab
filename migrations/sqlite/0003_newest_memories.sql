-- The newest memories of a project, without reading the texts of all of them.
CREATE INDEX memories_newest ON memories (project, created_at, id, expires_at);
