//! Databases as earlier schemas had them. A full one is made by the built daemon, and what each schema had room for is
//! copied into one that the first migrations alone made: a new migration adds a database to every test that uses this.

use std::{fs, os::unix::fs::OpenOptionsExt, path::Path};

use mcpd_ipc::keys::KeysRotate;
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection,
    migrate::{Migration, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::{Daemon, Peer, ROOMY, home, plain_key, trees::Tree};

/// The schemas in which something came that clients see.
pub const SESSIONS: usize = 2;
pub const ROTATION: usize = 4;
pub const INDEX: usize = 5;
pub const CODE: usize = 6;
pub const QUALITY: usize = 7;
pub const FIREWALL: usize = 8;
pub const USAGE: usize = 9;

/// What is asked of a daemon before and after.
const QUESTIONS: [(usize, &str, &str); 9] = [
    (1, "list_todos", r#"{}"#),
    (1, "get_next_todo", r#"{}"#),
    (1, "list_design_decisions", r#"{}"#),
    (1, "list_project_notes", r#"{}"#),
    (1, "get_project_statistics", r#"{}"#),
    (CODE, "find_entity", r#"{"name": "open_store"}"#),
    (QUALITY, "list_quality_issues", r#"{}"#),
    (QUALITY, "get_quality_trends", r#"{}"#),
    (FIREWALL, "error_firewall_query", r#"{}"#),
];

/// Everything a daemon of today left behind, and what it answered.
pub struct Past {
    home: tempfile::TempDir,
    tree: Tree,
    pub key: String,
    /// A secret that was rotated a moment ago, and the one after it.
    pub rotated: [String; 2],
    /// A session that a client opened.
    pub session: String,
    answers: Vec<(usize, &'static str, Value)>,
}

/// Returns every migration there is.
pub async fn migrations() -> Vec<Migration> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/sqlite");
    Migrator::new(folder).await.unwrap().iter().cloned().collect()
}

/// Opens a database file, making it if there is none.
pub async fn open(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).foreign_keys(false);
    options.journal_mode(SqliteJournalMode::Wal).connect().await.unwrap()
}

impl Past {
    /// Fills a database with something of everything.
    pub async fn fill() -> Self {
        let tree = Tree::new(&[("shop/store.py", STORE), ("shop/main.py", MAIN)]);
        let config = config(&tree);
        let mut daemon = Daemon::start(&config);
        let peer = daemon.peer();
        peer.tool("start_dev_session", json!({ "project_id": "p", "goals": "mend the staging reset" })).await;
        for content in ["The staging database is reset every Monday", "支付网关的超时是三十秒"] {
            let memory = json!({ "project_id": "p", "content": content, "memory_level": "long" });
            assert_eq!(peer.tool("store_memory", memory).await["success"], true);
        }
        let first = peer.tool("create_todo", json!({ "project_id": "p", "title": "measure" })).await;
        let second = json!({ "project_id": "p", "title": "mend", "priority": 5,
                             "depends_on": [first["todo_id"]] });
        assert_eq!(peer.tool("create_todo", second).await["success"], true);
        let decision = json!({ "project_id": "p", "title": "one file", "category": "architecture",
                               "reasoning": "nothing to run beside it" });
        assert_eq!(peer.tool("record_design_decision", decision).await["success"], true);
        let note = json!({ "project_id": "p", "title": "trap", "category": "pitfall",
                           "content": "the clock of staging is wrong" });
        assert_eq!(peer.tool("add_project_note", note).await["success"], true);
        tree.analyze(&peer, "p").await;
        peer.tool("detect_code_smells", json!({ "project_id": "p" })).await;
        peer.tool("generate_quality_report", json!({ "project_id": "p" })).await;
        let error = json!({ "error_type": "npm_install", "error_scene": "react 18 beside react 17",
            "error_message": "npm ERR! code ERESOLVE", "error_pattern": { "package": "react" },
            "project_id": "p", "block_level": "block", "solution": "remove react 17 first" });
        assert_eq!(peer.tool("error_firewall_record", error).await["success"], true);
        let session = peer.initialize("2025-11-25").await;
        let (id, old) = daemon.issue(plain_key("rotated")).await;
        let new = daemon.obey(KeysRotate { key: id, grace: Some(24 * 60 * 60) }).await;
        let answers = answers(&peer, usize::MAX).await;
        daemon.signal("TERM");
        daemon.wait();
        let (key, home) = (daemon.key.clone(), daemon.take_home());
        let mut full = open(&home.path().join("state/mcpd.db")).await;
        let used = "INSERT INTO ai_usage VALUES ('default', '2026-01', 30, 20, 10, 2, 1768000000000)";
        sqlx::query(used).execute(&mut full).await.unwrap();
        full.close().await.unwrap();
        let rotated = [old, new.secret.reveal().to_owned()];
        Self { home, tree, key, rotated, session, answers }
    }

    /// Returns a home with the database of a schema, the pepper and a configuration.
    pub async fn home(&self, schema: usize) -> tempfile::TempDir {
        let home = home(&config(&self.tree));
        let state = home.path().join("state");
        fs::copy(self.home.path().join("state/pepper"), state.join("pepper")).unwrap();
        self.database(&state.join("mcpd.db"), schema).await;
        home
    }

    /// Returns what keys are hashed with.
    pub fn pepper(&self) -> Vec<u8> {
        fs::read(self.home.path().join("state/pepper")).unwrap()
    }

    /// Makes a database of a schema: its migrations as they were run then, and every column they know.
    pub async fn database(&self, file: &Path, schema: usize) {
        // Private, as the daemon makes it; what SQLite puts beside it is as private.
        fs::File::options().create_new(true).write(true).mode(0o600).open(file).unwrap();
        let mut old = open(file).await;
        let known = migrations().await.into_iter().take(schema).collect();
        Migrator::with_migrations(known).run(&mut old).await.unwrap();
        let full = self.home.path().join("state/mcpd.db");
        sqlx::query("ATTACH ? AS full").bind(full.to_str().unwrap()).execute(&mut old).await.unwrap();
        for table in tables(&mut old).await {
            let columns = columns(&mut old, &table).await.join(", ");
            let copy = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM full.{table}");
            sqlx::query(AssertSqlSafe(copy)).execute(&mut old).await.unwrap();
        }
        if schema < INDEX {
            // The first releases kept terms of another analysis, and a full-text index of them.
            for then in [
                "UPDATE memories SET terms = lower(content)",
                "INSERT INTO memory_terms (rowid, terms) SELECT seq, terms FROM memories",
            ] {
                sqlx::query(then).execute(&mut old).await.unwrap();
            }
        }
        sqlx::query("DETACH full").execute(&mut old).await.unwrap();
        old.close().await.unwrap();
    }

    /// Checks that a daemon which took over the database of a schema finds all that was in it.
    pub async fn is_all_there(&self, daemon: &Daemon, schema: usize) {
        let peer = Peer::new(&daemon.base, &self.key);
        for (query, content) in
            [("when is staging reset", "The staging database"), ("支付网关超时", "支付网关的超时")]
        {
            let ask = json!({ "project_id": "p", "query": query });
            super::eventually("a memory is found by its words", async || {
                let found = peer.tool("retrieve_memory", ask.clone()).await;
                let first = found["memories"][0]["content"].as_str().unwrap_or_default().to_owned();
                first.starts_with(content)
            })
            .await;
        }
        super::eventually("terms of the first releases are made anew", async || {
            let old: i64 = sqlx::query_scalar("SELECT count(*) FROM memories WHERE analysis = 0")
                .fetch_one(&mut super::open(daemon).await)
                .await
                .unwrap();
            old == 0
        })
        .await;
        let before = self.answers.iter().filter(|(since, ..)| *since <= schema);
        for ((_, name, was), (_, _, is)) in before.zip(answers(&peer, schema).await) {
            assert_eq!(lasting(was), lasting(&is), "{name}, from schema {schema}");
        }
        let resumed = peer.tool("get_project_context", json!({ "project_id": "p" })).await;
        assert!(resumed.to_string().contains("mend the staging reset"), "{resumed}");
        let secrets: &[String] = if schema >= ROTATION { &self.rotated } else { &self.rotated[1..] };
        for secret in secrets {
            assert_eq!(Peer::new(&daemon.base, secret).ask("ping", json!({}), &[]).await.0, 200);
        }
        if schema >= SESSIONS {
            let session = [("mcp-session-id", self.session.as_str())];
            assert_eq!(peer.ask("ping", json!({}), &session).await.0, 200, "the session goes on");
        }
        if schema >= USAGE {
            let used: i64 = sqlx::query_scalar("SELECT sum(tokens) FROM ai_usage")
                .fetch_one(&mut super::open(daemon).await)
                .await
                .unwrap();
            assert_eq!(used, 30);
        }
    }
}

fn config(tree: &Tree) -> String {
    format!("{ROOMY}[code]\nroots = [{:?}]\n", tree.root())
}

/// Returns what is answered to every question of that schema and those before.
async fn answers(peer: &Peer, schema: usize) -> Vec<(usize, &'static str, Value)> {
    let mut all = Vec::new();
    for (since, name, arguments) in QUESTIONS.into_iter().filter(|(since, ..)| *since <= schema) {
        let mut arguments: Value = serde_json::from_str(arguments).unwrap();
        arguments["project_id"] = json!("p");
        let answer = peer.tool(name, arguments).await;
        assert_ne!(answer["success"], false, "{name}: {answer}");
        all.push((since, name, answer));
    }
    all
}

/// Returns an answer without what grows while a session is open, and when the source was looked at.
fn lasting(answer: &Value) -> Value {
    let mut answer = answer.clone();
    answer.as_object_mut().unwrap().remove("freshness");
    if let Some(figures) = answer["statistics"].as_object_mut() {
        figures.retain(|name, _| !name.contains("hours"));
    }
    answer
}

/// Returns the names of the tables that hold rows of ours.
pub async fn tables(database: &mut SqliteConnection) -> Vec<String> {
    let named = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' \
                 AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'memory_terms_%' AND name != '_sqlx_migrations' \
                 ORDER BY name";
    sqlx::query_scalar(named).fetch_all(database).await.unwrap()
}

async fn columns(database: &mut SqliteConnection, table: &str) -> Vec<String> {
    let named = sqlx::query_scalar("SELECT name FROM pragma_table_info(?, 'main')");
    named.bind(table).fetch_all(database).await.unwrap()
}

/// Returns every definition, and every migration as it is noted.
pub async fn schema(database: &mut SqliteConnection) -> Vec<String> {
    let told = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema UNION ALL \
                SELECT version || ' ' || description || ' ' || success || ' ' || hex(checksum) \
                FROM _sqlx_migrations ORDER BY 1";
    sqlx::query_scalar(told).fetch_all(database).await.unwrap()
}

/// Returns every row, by table.
pub async fn rows(database: &mut SqliteConnection) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for table in tables(database).await {
        let quoted: Vec<String> =
            columns(database, &table).await.iter().map(|column| format!("quote({column})")).collect();
        let told = format!("SELECT {} FROM {table} ORDER BY 1", quoted.join(" || ' ' || "));
        all.push((table, sqlx::query_scalar(AssertSqlSafe(told)).fetch_all(&mut *database).await.unwrap()));
    }
    all
}

/// Returns what SQLite says of the whole file, and of references that lead nowhere.
pub async fn sound(database: &mut SqliteConnection) {
    let told: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut *database).await.unwrap();
    assert_eq!(told, ["ok"]);
    let stray = sqlx::query("PRAGMA foreign_key_check").fetch_all(database).await.unwrap();
    assert_eq!(stray.len(), 0);
}

const STORE: &str =
    "def open_store(path):\n    return path\n\n\ndef never_used(a, b, c, d, e, f, g, h):\n    return a\n";
const MAIN: &str =
    "from shop.store import open_store\n\n\ndef main():\n    return open_store('x')\n\n\nmain()\n";
