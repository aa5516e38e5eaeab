//! Trees that are not on the daemon's machine: offered, sent where missing, and asked like any other.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use mcpd_ipc::{
    Request,
    projects::{
        AnalysisPhase, AnalysisState, ProjectsAnalysis, PushBegin, PushBegun, PushEnd, PushFiles, PushOffer,
        PushOffered, PushTaken, PushWanted, PushedFile,
    },
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Daemon, Peer, ROOMY, eventually, plain_key};

fn begin(project: &str) -> PushBegin {
    PushBegin { tenant: None, project: project.into(), name: None }
}

fn offered(path: &str, content: &str) -> PushOffered {
    let hash: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    PushOffered { path: path.into(), size: content.len() as u64, hash }
}

fn sent(path: &str, content: &str) -> PushedFile {
    PushedFile { path: path.into(), content: content.into() }
}

/// Who pushes over HTTP.
struct Pusher(Peer);

impl Pusher {
    fn new(daemon: &Daemon, key: &str) -> Self {
        let mut peer = Peer::new(&daemon.base, key);
        peer.url = format!("{}/push", daemon.base);
        Self(peer)
    }

    async fn say(&self, request: impl Into<Request>) -> (u16, Value) {
        let body = serde_json::to_string(&request.into()).unwrap();
        let response = self.0.post_bytes(body, &[]).await;
        (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
    }

    async fn good<T: DeserializeOwned>(&self, request: impl Into<Request>) -> T {
        let (status, reply) = self.say(request).await;
        assert_eq!(status, 200, "{reply}");
        serde_json::from_value(reply).unwrap()
    }

    /// Pushes a whole tree; returns how many files were wanted.
    async fn push(&self, project: &str, files: &[(&str, &str)]) -> usize {
        let begun: PushBegun = self.good(begin(project)).await;
        let all = files.iter().map(|(path, content)| offered(path, content)).collect();
        let wanted: PushWanted = self.good(PushOffer { push: begun.push.clone(), files: all }).await;
        assert_eq!(wanted.refused, []);
        let missing: Vec<PushedFile> = files
            .iter()
            .filter(|(path, _)| wanted.wanted.iter().any(|one| one == path))
            .map(|(path, content)| sent(path, content))
            .collect();
        let count = missing.len();
        if count > 0 {
            let taken: PushTaken = self.good(PushFiles { push: begun.push.clone(), files: missing }).await;
            assert_eq!((taken.taken, taken.refused), (count as u64, vec![]));
        }
        let _: AnalysisState = self.good(PushEnd { push: begun.push }).await;
        eventually("it is analysed", async || {
            let ask = ProjectsAnalysis { tenant: None, project: project.into() };
            self.good::<AnalysisState>(ask).await.phase == AnalysisPhase::Done
        })
        .await;
        count
    }
}

const LIB: &str = "def helper():\n    return 'the pushed text'\n";
const MAIN: &str = "from lib import helper\n\n\ndef main():\n    return helper()\n";

#[tokio::test]
async fn a_tree_is_pushed_over_http_and_asked() {
    let daemon = Daemon::start(ROOMY);
    let (pusher, peer) = (Pusher::new(&daemon, &daemon.key), daemon.peer());
    assert_eq!(pusher.push("p", &[("lib.py", LIB), ("main.py", MAIN)]).await, 2);
    let ask = async |tool: &str, mut arguments: Value| {
        arguments["project_id"] = "p".into();
        peer.tool(tool, arguments).await
    };
    let calls = ask("trace_function_calls", json!({ "function_name": "main" })).await;
    assert_eq!(calls["call_tree"][0]["entity_id"], "lib.py#function:helper", "{calls}");
    let explored = ask("explore_code", json!({ "question": "helper" })).await;
    assert!(explored.to_string().contains("the pushed text"), "source comes from what was sent: {explored}");
    assert!(explored["freshness"]["note"].as_str().unwrap().contains("sent by a client"), "{explored}");
    assert_eq!(pusher.push("p", &[("lib.py", LIB), ("main.py", MAIN)]).await, 0, "nothing changed");
    assert_eq!(pusher.push("p", &[("lib.py", LIB), ("other.py", "def other(): pass\n")]).await, 1);
    assert_eq!(ask("list_modules", json!({})).await["total"], 2, "what was not offered is gone");
    assert_eq!(ask("find_entity", json!({ "entity_name": "main" })).await["count"], 0);
    let refused = ask("analyze_codebase", json!({ "project_name": "p", "project_path": "/etc" })).await;
    assert_eq!(refused["success"], false);
}

#[tokio::test]
async fn a_push_that_does_not_end_changes_nothing() {
    let daemon = Daemon::start(ROOMY);
    let pusher = Pusher::new(&daemon, &daemon.key);
    pusher.push("p", &[("lib.py", LIB)]).await;
    let begun: PushBegun = pusher.good(begin("p")).await;
    let _: PushWanted =
        pusher.good(PushOffer { push: begun.push.clone(), files: vec![offered("new.py", MAIN)] }).await;
    let _: PushTaken = pusher.good(PushFiles { push: begun.push, files: vec![sent("new.py", MAIN)] }).await;
    let listed = daemon.peer().tool("list_modules", json!({ "project_id": "p" })).await;
    assert_eq!(listed["modules"][0]["path"], "lib.py");
    assert_eq!(listed["total"], 1);
}

#[tokio::test]
async fn a_push_that_ends_while_another_is_analysed_is_the_one_that_counts() {
    let daemon = Daemon::start(ROOMY);
    let pusher = Pusher::new(&daemon, &daemon.key);
    let body: String = (0..100).map(|number| format!("def f{number}():\n    return f{number}()\n")).collect();
    let texts: Vec<(String, String)> =
        (0..300).map(|number| (format!("m{number}.py"), format!("# {number}\n{body}"))).collect();
    let begun: PushBegun = pusher.good(begin("p")).await;
    let all = texts.iter().map(|(path, text)| offered(path, text)).collect();
    let _: PushWanted = pusher.good(PushOffer { push: begun.push.clone(), files: all }).await;
    let files = texts.iter().map(|(path, text)| sent(path, text)).collect();
    let _: PushTaken = pusher.good(PushFiles { push: begun.push.clone(), files }).await;
    let _: AnalysisState = pusher.good(PushEnd { push: begun.push }).await;
    pusher.push("p", &[("lib.py", LIB)]).await;
    let listed = daemon.peer().tool("list_modules", json!({ "project_id": "p" })).await;
    assert_eq!((listed["total"].as_u64(), listed["modules"][0]["path"].as_str()), (Some(1), Some("lib.py")));
}

#[tokio::test]
async fn what_is_no_file_of_a_tree_is_refused() {
    let daemon = Daemon::start(&format!("{ROOMY}[code]\nmax_file = 100\nmax_files = 4\n"));
    let pusher = Pusher::new(&daemon, &daemon.key);
    let begun: PushBegun = pusher.good(begin("p")).await;
    assert_eq!((begun.files, begun.file_bytes), (4, 100));
    let long = "x".repeat(101);
    let files = vec![
        offered("../up.py", LIB),
        offered("/etc/passwd.py", LIB),
        offered("a//b.py", LIB),
        offered("nul\u{0}.py", LIB),
        offered("notes.txt", LIB),
        offered("long.py", &long),
        PushOffered { path: "bad.py".into(), size: 1, hash: "zz".into() },
        offered("good.py", LIB),
    ];
    let wanted: PushWanted = pusher.good(PushOffer { push: begun.push.clone(), files }).await;
    assert_eq!((wanted.wanted, wanted.refused.len()), (vec!["good.py".to_owned()], 7));
    let lied = vec![sent("good.py", "something else"), sent("unoffered.py", LIB)];
    let taken: PushTaken = pusher.good(PushFiles { push: begun.push.clone(), files: lied }).await;
    assert_eq!((taken.taken, taken.refused.len()), (0, 2));
    let many = (0..5).map(|number| offered(&format!("m{number}.py"), LIB)).collect();
    let (status, told) = pusher.say(PushOffer { push: begun.push, files: many }).await;
    assert_eq!((status, told["error"]["kind"].as_str()), (422, Some("refused")), "{told}");
}

#[tokio::test]
async fn only_who_may_pushes_and_only_its_own() {
    let daemon = Daemon::start(ROOMY);
    let mut read = plain_key("reader");
    read.scopes = vec!["read".into()];
    let mut other = plain_key("other");
    other.tenant = Some("elsewhere".into());
    let mut narrow = plain_key("narrow");
    narrow.tools = vec!["store_memory".into()];
    let (_, reader) = daemon.issue(read).await;
    let (_, other) = daemon.issue(other).await;
    let (_, narrow) = daemon.issue(narrow).await;
    for (key, status) in [("wrong", 401), (reader.as_str(), 403), (narrow.as_str(), 403)] {
        let (answered, told) = Pusher::new(&daemon, key).say(begin("p")).await;
        assert_eq!(answered, status, "{told}");
    }
    let pusher = Pusher::new(&daemon, &daemon.key);
    let begun: PushBegun = pusher.good(begin("p")).await;
    let theirs = Pusher::new(&daemon, &other);
    let (status, _) = theirs.say(PushEnd { push: begun.push.clone() }).await;
    assert_eq!(status, 404, "another's push is none");
    let (status, told) = theirs.say(PushBegin { tenant: Some("default".into()), ..begin("p") }).await;
    assert_eq!(status, 400, "{told}");
    // No other command of operators is heard on a network port.
    let (status, told) = pusher.say(mcpd_ipc::keys::KeysList {}).await;
    assert_eq!((status, told["error"]["kind"].as_str()), (403, Some("not_permitted")));
    let got = pusher.0.http.get(&pusher.0.url).bearer_auth(&daemon.key).send().await.unwrap();
    assert_eq!((got.status().as_u16(), got.headers()["allow"].to_str().unwrap()), (405, "POST"));
    let (status, _) = (pusher.0.post_bytes("{", &[]).await.status().as_u16(), ());
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_pushed_tree_is_judged_by_what_was_sent() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let pusher = Pusher::new(&daemon, &daemon.key);
    pusher.push("p", &[("a.py", "def take(a, b, c, d, e, f, g, h):\n    return a\n")]).await;
    let ask = async |tool: &str| peer.tool(tool, json!({ "project_id": "p" })).await;
    let assessed = ask("assess_technical_debt").await;
    assert_eq!(assessed["issues_summary"]["total"], 1, "{assessed}");
    let breakdown = &assessed["breakdown"];
    assert_eq!(
        (&breakdown["dependencies"]["score"], &breakdown["documentation"]["evidence"]["readme"]),
        (&Value::Null, &Value::Null),
        "nobody could look: {assessed}"
    );
    assert!(assessed["as_of"]["note"].as_str().unwrap().contains("sent by a client"), "{assessed}");
    let spots = ask("identify_debt_hotspots").await;
    assert_eq!(
        (&spots["history"]["known"], &spots["hotspots"][0]["commits"]),
        (&json!(false), &Value::Null),
        "{spots}"
    );
    pusher.push("p", &[("a.py", "def take(a):\n    return a\n")]).await;
    let fixed = ask("detect_code_smells").await;
    assert_eq!((&fixed["changes"]["fixed"], &fixed["total_issues"]), (&json!(1), &json!(0)), "{fixed}");
}
