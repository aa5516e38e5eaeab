//! From every earlier schema to this one: all of it is found again, a start that is killed at any step of a migration
//! loses nothing, and backups cross versions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and a long one reports figures"
)]

mod support;

use std::path::Path;

use sqlx::Connection;
use support::{
    Daemon, Peer,
    cut::{STEPS, Sample, Traced},
    past::{Past, migrations, open, rows, schema, sound},
};

/// What the database of a daemon that has ended holds.
async fn left(daemon: &Daemon) -> (Vec<String>, Vec<(String, Vec<String>)>) {
    let mut database = open(&daemon.state().join("mcpd.db")).await;
    sound(&mut database).await;
    let found = (schema(&mut database).await, rows(&mut database).await);
    database.close().await.unwrap();
    found
}

fn end(daemon: &mut Daemon) {
    daemon.signal("TERM");
    assert!(daemon.wait().success());
}

#[tokio::test]
async fn a_database_of_every_earlier_schema_opens_and_has_everything() {
    let past = Past::fill().await;
    let mut new = Daemon::start("");
    end(&mut new);
    let (current, _) = left(&new).await;
    for earlier in 1..=migrations().await.len() {
        let mut daemon = Daemon::start_in(past.home(earlier).await, &[]);
        assert!(!daemon.greeting.contains("Bearer"), "the keys are there, none is made");
        past.is_all_there(&daemon, earlier).await;
        let stranger = Peer::new(&daemon.base, "mcpd_sk_nobody");
        assert_eq!(stranger.ask("ping", serde_json::json!({}), &[]).await.0, 401);
        end(&mut daemon);
        let first = left(&daemon).await;
        assert!(first.0 == current, "schema {earlier} became {:#?}", first.0);
        let mut again = Daemon::start_in(daemon.take_home(), &[]);
        end(&mut again);
        let second = left(&again).await;
        for (one, two) in first.1.iter().zip(&second.1) {
            assert_eq!(one, two, "a second start changes nothing, from schema {earlier}");
        }
        assert!(second == first);
    }
}

/// Returns the files of a database that was left in the midst, in a folder of their own: who opens it mends it.
fn copied(state: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["mcpd.db", "mcpd.db-wal", "mcpd.db-journal"] {
        if state.join(name).exists() {
            std::fs::copy(state.join(name), copy.path().join(name)).unwrap();
        }
    }
    copy
}

/// Kills starts on the database of a schema, and looks each time at what is left and at the start that follows.
async fn killed_at_steps(past: &Past, earlier: usize, sample: Sample) -> usize {
    let all = migrations().await.len();
    let mut schemas = Vec::new();
    for known in earlier..=all {
        let home = past.home(known).await;
        let mut database = open(&home.path().join("state/mcpd.db")).await;
        schemas.push(schema(&mut database).await);
        database.close().await.unwrap();
    }
    let old = past.home(earlier).await;
    let mut kills = 0;
    for call in STEPS {
        let mut step = 1;
        loop {
            let home = support::home("");
            for name in ["mcpd.db", "mcpd.toml", "pepper"] {
                let (from, to) = (old.path().join("state").join(name), home.path().join("state").join(name));
                std::fs::copy(from, to).unwrap();
            }
            if Traced::start(home.path(), call, step).up {
                break;
            }
            kills += 1;
            let copy = copied(&home.path().join("state"));
            let mut database = open(&copy.path().join("mcpd.db")).await;
            sound(&mut database).await;
            let left = schema(&mut database).await;
            database.close().await.unwrap();
            assert!(schemas.contains(&left), "after {call} {step} half a schema is there: {left:#?}");
            let mut daemon = Daemon::start_in(home, &[]);
            past.is_all_there(&daemon, earlier).await;
            end(&mut daemon);
            let mut database = open(&daemon.state().join("mcpd.db")).await;
            sound(&mut database).await;
            assert_eq!(schema(&mut database).await, schemas[all - earlier], "after {call} {step}");
            database.close().await.unwrap();
            step = sample.after(step);
        }
        println!("{call}: {step} is not reached");
    }
    kills
}

#[tokio::test]
async fn a_migration_that_is_killed_at_any_step_is_taken_up_where_it_was() {
    let past = Past::fill().await;
    let last = migrations().await.len() - 1;
    let kills = killed_at_steps(&past, last, Sample { first: 16, stride: 7 }).await
        + killed_at_steps(&past, 1, Sample { first: 6, stride: 17 }).await;
    println!("killed {kills} times");
    assert!(kills > 40, "{kills} kills");
}
