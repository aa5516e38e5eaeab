-- What tenants use of a model in each month, in tokens. tokens counts against the budget: what was used, and what is
-- reserved by prompts that are out.
CREATE TABLE ai_usage (
    tenant     TEXT    NOT NULL,
    -- Of UTC, as in 2026-11.
    month      TEXT    NOT NULL,
    tokens     INTEGER NOT NULL,
    input      INTEGER NOT NULL,
    output     INTEGER NOT NULL,
    prompts    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, month)
) STRICT, WITHOUT ROWID;
