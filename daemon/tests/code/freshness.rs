//! What an answer knows of changes since the tree was read: files, the commit, and a tree that is watched.

use std::fs;

use mcpd_ipc::projects::{ProjectsAnalysis, ProjectsList, ProjectsWatch};
use serde_json::{Value, json};

use crate::{
    ask, find, ids,
    support::{
        Daemon, ROOMY, eventually,
        trees::{Tree, find_anew},
    },
};

#[tokio::test]
async fn an_answer_knows_what_changed_since() {
    let tree = Tree::small();
    let daemon = tree.daemon();
    let peer = daemon.peer();
    tree.analyze(&peer, "p").await;
    let before = find(&peer, "later").await;
    assert_eq!(
        (before["count"].as_u64(), before["freshness"]["refreshed"].as_u64()),
        (Some(0), Some(0)),
        "{before}"
    );
    tree.write("app/later.py", "def later():\n    return 1\n");
    tree.write("app/main.py", "from app.later import later\n\n\ndef run(count):\n    return later()\n");
    let after = find_anew(&peer, "later").await;
    assert_eq!(ids(&after), ["app/later.py#function:later"]);
    assert_eq!(
        (after["freshness"]["refreshed"].as_u64(), after["freshness"]["stale"].as_bool()),
        (Some(2), Some(false))
    );
    // What was unresolved has found its target.
    let calls = ask(&peer, "trace_function_calls", json!({ "function_name": "run" })).await;
    assert_eq!(calls["call_tree"][0]["qualified_name"], "later", "{calls}");
    tree.remove("app/later.py");
    assert_eq!(find_anew(&peer, "later").await["count"], 0);
    assert_eq!(ids(&find(&peer, "Store").await), ["app/store.py#class:Store"], "an id stays");

    // Too much to read before an answer: said, and read meanwhile.
    for number in 0..200 {
        tree.write(&format!("many/m{number}.py"), &format!("def f{number}():\n    pass\n"));
    }
    let mut stale = Value::Null;
    eventually("what was written is seen", async || {
        stale = find(&peer, "Store").await;
        stale["freshness"]["stale"] == true
    })
    .await;
    assert!(stale["freshness"]["changed_count"].as_u64() >= Some(200), "{stale}");
    eventually("the tree is read again by itself", async || find(&peer, "f199").await["count"] == 1).await;
    eventually("nothing is stale", async || find(&peer, "f199").await["freshness"]["stale"] == false).await;

    let state = async || daemon.obey(ProjectsAnalysis { tenant: None, project: "p".into() }).await;
    eventually("what began by itself has ended", async || state().await.phase.is_over()).await;
    let again = tree.analyze(&peer, "p").await;
    assert_eq!(again["incremental"], json!({ "added": 0, "changed": 0, "removed": 0 }), "{again}");
    fs::remove_dir_all(tree.path()).unwrap();
    let gone = find(&peer, "Store").await;
    assert!(gone["freshness"]["note"].as_str().unwrap().contains("cannot be read"), "{gone}");
}

#[tokio::test]
async fn the_commit_is_the_one_that_is_checked_out() {
    let tree = Tree::small();
    tree.git(&["init", "-q", "-b", "trunk"]);
    tree.git(&["add", "."]);
    tree.git(&["commit", "-qm", "one"]);
    let daemon = tree.daemon();
    let peer = daemon.peer();
    tree.analyze(&peer, "p").await;
    let fresh = find(&peer, "Store").await["freshness"].clone();
    assert_eq!(
        (&fresh["branch"], &fresh["commit"]),
        (&json!("trunk"), &json!(tree.git(&["rev-parse", "HEAD"])))
    );
    tree.write("app/store.py", "class Store:\n    pass\n");
    assert_eq!(find_anew(&peer, "Store").await["freshness"]["dirty"], json!(["app/store.py"]));
    tree.git(&["commit", "-qam", "two"]);
    tree.git(&["checkout", "-qb", "other"]);
    let mut fresh = Value::Null;
    eventually("the branch is seen", async || {
        fresh = find(&peer, "Store").await["freshness"].clone();
        fresh["branch"] == "other"
    })
    .await;
    assert_eq!(fresh["commit"], tree.git(&["rev-parse", "HEAD"]));
    assert_eq!(fresh["dirty"], json!([]), "{fresh}");
}

#[tokio::test]
async fn a_watch_goes_with_the_folder_of_the_project() {
    let (first, second) = (Tree::small(), Tree::small());
    second.write("app/second.py", "def second():\n    pass\n");
    let roots = format!("roots = [{:?}, {:?}]\n", first.root(), second.root());
    let daemon = Daemon::start(&format!("{}[code]\n{roots}", ROOMY));
    let peer = daemon.peer();
    first.analyze(&peer, "p").await;
    daemon.obey(ProjectsWatch { tenant: None, project: "p".into(), on: true }).await;
    second.analyze(&peer, "p").await;
    first.write("app/old.py", "def old():\n    pass\n");
    second.write("app/new.py", "def fresh():\n    pass\n");
    let files = async || daemon.obey(ProjectsList { tenant: None }).await.projects[0].files;
    eventually("the new folder is watched", async || files().await == 6).await;
    assert_eq!(find(&peer, "old").await["count"], 0);
    assert_eq!(find(&peer, "second").await["count"], 1);
}

#[tokio::test]
async fn a_watched_tree_is_read_by_itself() {
    let tree = Tree::small();
    let daemon = tree.daemon();
    tree.analyze(&daemon.peer(), "p").await;
    let watched = daemon.obey(ProjectsWatch { tenant: None, project: "p".into(), on: true }).await;
    assert!(watched.watched);
    tree.write("app/new.py", "def fresh():\n    pass\n");
    let files = async || daemon.obey(ProjectsList { tenant: None }).await.projects[0].files;
    eventually("the new file is read without a question", async || files().await == 5).await;
    assert_eq!(ids(&find(&daemon.peer(), "fresh").await), ["app/new.py#function:fresh"]);
}
