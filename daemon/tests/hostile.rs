//! Everything that must be refused: each one has its answer, nothing is told about why, and the daemon lives on.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::time::Instant;

use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, plain_key};

async fn status(peer: &Peer, headers: &[(&str, &str)]) -> (u16, reqwest::header::HeaderMap, String) {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    let response = peer.post_bytes(body, headers).await;
    (response.status().as_u16(), response.headers().clone(), response.text().await.unwrap())
}

#[tokio::test]
async fn every_failed_login_gets_one_answer() {
    let daemon = Daemon::start(ROOMY);
    let (_, revoked) = daemon.issue(plain_key("revoked")).await;
    daemon.obey(mcpd_ipc::keys::KeysRevoke { key: "revoked".into() }).await;
    let mut brief = plain_key("brief");
    brief.expires_in = Some(1);
    let (_, expired) = daemon.issue(brief).await;
    let mut elsewhere = plain_key("elsewhere");
    elsewhere.cidrs = vec!["10.0.0.0/8".into()];
    let (_, elsewhere) = daemon.issue(elsewhere).await;
    let expired_peer = Peer::new(&daemon.base, &expired);
    support::eventually("the key expires", async || status(&expired_peer, &[]).await.0 == 401).await;

    let mut wrong = daemon.key.clone();
    wrong.replace_range(30..31, if &wrong[30..31] == "A" { "B" } else { "A" });
    let bare = reqwest::Client::new();
    let missing = bare.post(format!("{}/mcp", daemon.base)).send().await.unwrap();
    let mut answers = vec![(401, missing.text().await.unwrap())];
    for key in [&revoked, &expired, &elsewhere, &wrong, &"nonsense".to_owned(), &String::new()] {
        let (code, headers, body) = status(&Peer::new(&daemon.base, key), &[]).await;
        assert!(headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        answers.push((code, body));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "one answer for every cause: {answers:?}");
    assert_eq!(answers[0].0, 401);
    for word in ["revoked", "expired", "0.1.0", "unknown", "tool"] {
        assert!(!answers[0].1.contains(word), "{word} is told: {}", answers[0].1);
    }
    assert_eq!(status(&daemon.peer(), &[]).await.0, 200, "a good key goes on");
}

#[tokio::test]
async fn guessing_is_throttled_and_a_valid_key_is_not() {
    let daemon = Daemon::start(&format!("{ROOMY}[auth]\nfailed_logins = \"3/60s\"\n"));
    let guess = Peer::new(&daemon.base, "mcpd_sk_guess");
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(status(&guess, &[]).await.0);
    }
    assert_eq!(codes, [401, 401, 401, 429, 429]);
    let (_, headers, _) = status(&guess, &[]).await;
    assert!(headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(status(&daemon.peer(), &[]).await.0, 200);
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_stopped_on_every_route() {
    let config = format!("{ROOMY}[server]\norigins = [\"https://app.example.com\"]\n");
    let daemon = Daemon::start(&config);
    let peer = daemon.peer();
    for path in ["/mcp", "/", "/health", "/ready", "/stats", "/metrics", "/nowhere"] {
        for (name, value) in
            [("host", "evil.example.com"), ("origin", "http://evil.example.com"), ("origin", "null")]
        {
            let request = peer.http.get(format!("{}{path}", daemon.base)).header(name, value);
            let response = request.bearer_auth(&daemon.key).send().await.unwrap();
            assert_eq!(response.status(), 403, "{path} with {name}: {value}");
            assert!(response.headers().get("access-control-allow-origin").is_none());
        }
    }
    let (code, headers, _) = status(&peer, &[("origin", "https://app.example.com")]).await;
    assert_eq!(
        (code, &headers["access-control-allow-origin"]),
        (200, &"https://app.example.com".parse().unwrap())
    );
    let preflight = peer
        .http
        .request(reqwest::Method::OPTIONS, &peer.url)
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST");
    assert_eq!(preflight.send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn the_allowlist_has_three_states_and_answers_403() {
    use mcpd_ipc::allow::{AllowAdd, AllowRemove, AllowState, AllowTest};
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    assert_eq!(status(&peer, &[]).await.0, 200, "without a list loopback is in");
    let added = daemon.obey(AllowAdd { cidr: "192.168.3.0/24".into() }).await;
    assert_eq!((added.state, added.entries.len()), (AllowState::Listed, 3), "loopback is kept");
    assert_eq!(status(&peer, &[]).await.0, 200);
    for cidr in ["127.0.0.0/8", "::1/128", "192.168.3.0/24"] {
        daemon.obey(AllowRemove { cidr: cidr.into() }).await;
    }
    assert_eq!(status(&peer, &[]).await.0, 403, "an empty list is nobody");
    let health = peer.http.get(format!("{}/health", daemon.base)).send().await.unwrap();
    assert_eq!(health.status(), 403);
    let verdict = daemon.obey(AllowTest { address: "127.0.0.1".into() }).await;
    assert!(!verdict.allowed);
    daemon.obey(AllowAdd { cidr: "127.0.0.1".into() }).await;
    assert_eq!(status(&peer, &[]).await.0, 200);
}

#[tokio::test]
async fn the_request_after_the_hundredth_waits() {
    let daemon = Daemon::start("");
    let peer = daemon.peer();
    let (began, mut refused) = (Instant::now(), None);
    for request in 1..=2000 {
        let (code, headers, _) = status(&peer, &[]).await;
        if code == 429 {
            refused = Some((request, headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap()));
            break;
        }
        assert_eq!(code, 200);
    }
    // A token comes back every 600 ms, so a slow machine gets a few more than a hundred.
    let (request, wait) = refused.expect("nobody was refused");
    let refilled = began.elapsed().as_millis() / 600;
    assert!((101..=101 + refilled).contains(&request), "request {request} was refused");
    assert_eq!(wait, 1);
}

#[tokio::test]
async fn malformed_bodies_have_one_defined_answer_each() {
    let daemon = Daemon::start(&format!("{ROOMY}[server]\nbody_limit = \"64KiB\"\n"));
    let peer = daemon.peer();
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}{}}}"#,
        "[".repeat(99),
        "]".repeat(99)
    );
    for (body, http, code) in [
        ("", 400, -32700),
        ("{", 400, -32700),
        ("\u{feff}{}", 400, -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"} trailing"#, 400, -32700),
        ("[]", 400, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, 400, -32600),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, 400, -32600),
        (r#"{"Jsonrpc":"2.0","id":1,"method":"ping"}"#, 400, -32600),
        (deep.as_str(), 400, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#, 200, -32601),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, 200, -32602),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"no_such","arguments":{}}}"#,
            200,
            -32602,
        ),
    ] {
        let response = peer.post_bytes(body.to_owned(), &[]).await;
        let status = response.status().as_u16();
        let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!((status, answer["error"]["code"].as_i64()), (http, Some(code)), "{body}");
    }
    let long =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#, "x".repeat(70_000));
    assert_eq!(peer.post_bytes(long.clone(), &[]).await.status(), 413);
    let chunks = futures::stream::iter(
        long.into_bytes().chunks(999).map(|part| Ok::<_, std::io::Error>(part.to_vec())).collect::<Vec<_>>(),
    );
    assert_eq!(
        peer.post_bytes(reqwest::Body::wrap_stream(chunks), &[]).await.status(),
        413,
        "no length was announced"
    );
    let typed =
        peer.http.post(&peer.url).bearer_auth(&peer.key).header("content-type", "text/plain").body("{}");
    assert_eq!(typed.send().await.unwrap().status(), 415);
    assert_eq!(peer.post_bytes("{}", &[("content-encoding", "gzip")]).await.status(), 415);
    let put = peer.http.put(&peer.url).bearer_auth(&peer.key).send().await.unwrap();
    assert_eq!(put.status(), 405);
    assert_eq!(status(&peer, &[]).await.0, 200, "the daemon lives on");
}

#[tokio::test]
async fn arguments_are_refused_with_path_and_reason() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    for (arguments, told) in [
        (json!({ "title": "t" }), "project_id"),
        (json!({ "project_id": "p", "title": "t", "priority": 99 }), "priority: 99"),
        (json!({ "project_id": "p", "title": "t", "category": "chore" }), "category"),
        (json!({ "project_id": "p", "title": "t", "colour": "red" }), "colour"),
        (json!({ "project_id": "p", "title": "t", "depends_on": ["x", 3] }), "depends_on.1"),
        (json!({ "project_id": "p", "title": "t", "depends_on": ["no-such"] }), "no-such"),
    ] {
        let result = peer.tool("create_todo", arguments).await;
        assert_eq!(result["success"], false);
        let message = result["error"]["message"].as_str().unwrap();
        assert!(message.contains(told), "{told} is not in {message}");
        assert!(result["error"]["hint"].is_string());
    }
    let twice = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_todo","arguments":{"project_id":"p","title":"a","title":"b"}}}"#;
    let answer: Value =
        serde_json::from_str(&peer.post_bytes(twice, &[]).await.text().await.unwrap()).unwrap();
    assert_eq!(answer["result"]["isError"], true, "a duplicate key does not pass as its last: {answer}");
    let absent =
        peer.tool("create_todo", json!({ "project_id": "p", "title": "t", "description": null })).await;
    assert_eq!(absent["success"], true, "null counts as absent");
}

#[tokio::test]
async fn a_foreign_session_is_an_unknown_one() {
    let daemon = Daemon::start(ROOMY);
    let (_, other) = daemon.issue(plain_key("other")).await;
    let session = daemon.peer().initialize("2025-11-25").await;
    let header = [("mcp-session-id", session.as_str())];
    assert_eq!(status(&daemon.peer(), &header).await.0, 200);
    let foreign = status(&Peer::new(&daemon.base, &other), &header).await;
    let unknown = status(&daemon.peer(), &[("mcp-session-id", "00000000000000000000000000000000")]).await;
    assert_eq!((foreign.0, unknown.0), (404, 404));
    assert_eq!(foreign.2, unknown.2, "nothing tells them apart");
}

#[tokio::test]
async fn scopes_and_tool_lists_bound_a_key() {
    let daemon = Daemon::start(ROOMY);
    let mut reader = plain_key("reader");
    reader.scopes = vec!["read".into()];
    let (_, secret) = daemon.issue(reader).await;
    let peer = Peer::new(&daemon.base, &secret);
    let (_, list) = peer.ask("tools/list", json!({}), &[]).await;
    let names: Vec<&str> = list["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"retrieve_memory") && !names.contains(&"store_memory"), "{names:?}");
    let call = |name: &str| json!({ "name": name, "arguments": {} });
    let (forbidden, one) = peer.ask("tools/call", call("store_memory"), &[]).await;
    let (unknown, two) = peer.ask("tools/call", call("never_heard"), &[]).await;
    assert_eq!((forbidden, unknown), (200, 200));
    let blank = |answer: &Value| answer.to_string().replace("store_memory", "X").replace("never_heard", "X");
    assert_eq!(blank(&one), blank(&two), "a forbidden tool answers like an unknown one");
    let stats = peer.http.get(format!("{}/stats", daemon.base)).bearer_auth(&secret);
    assert_eq!(stats.send().await.unwrap().status(), 403);

    let mut single = plain_key("single");
    single.tools = vec!["list_todos".into()];
    let (_, secret) = daemon.issue(single).await;
    let (_, list) = Peer::new(&daemon.base, &secret).ask("tools/list", json!({}), &[]).await;
    assert_eq!(list["result"]["tools"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tenants_do_not_see_each_other() {
    let daemon = Daemon::start(ROOMY);
    let mut ask = plain_key("theirs");
    ask.tenant = Some("theirs".into());
    let (_, secret) = daemon.issue(ask).await;
    let (mine, theirs) = (daemon.peer(), Peer::new(&daemon.base, &secret));
    let todo = mine.tool("create_todo", json!({ "project_id": "p", "title": "secret plan" })).await;
    mine.tool("store_memory", json!({ "project_id": "p", "content": "secret fact" })).await;
    let found = theirs.tool("retrieve_memory", json!({ "project_id": "p", "query": "secret" })).await;
    assert_eq!(found["count"], 0);
    let changed =
        theirs.tool("update_todo_status", json!({ "todo_id": todo["todo_id"], "status": "completed" })).await;
    assert_eq!(changed["error"]["code"], "not_found");
    let listed = theirs.tool("list_todos", json!({ "project_id": "p" })).await;
    assert_eq!(listed["error"]["code"], "unknown_project");
}

#[tokio::test]
async fn every_way_of_being_wrong_costs_as_much_as_being_right() {
    let daemon = Daemon::start("");
    let modern = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    } } });
    let nameless = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {} });
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    for (number, (body, header)) in [
        (modern.to_string(), ("mcp-protocol-version", "2026-07-28")),
        (nameless.to_string(), ("x-nothing", "")),
        (ping.to_string(), ("mcp-protocol-version", "1999-01-01")),
        (ping.to_string(), ("mcp-session-id", "guess")),
        ("nonsense".to_owned(), ("x-nothing", "")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut ask = plain_key(&format!("key {number}"));
        ask.rate = Some("3/3600s".into());
        let (_, secret) = daemon.issue(ask).await;
        let peer = Peer::new(&daemon.base, &secret);
        for _ in 0..3 {
            assert_ne!(peer.post_bytes(body.clone(), &[header]).await.status(), 429);
        }
        assert_eq!(peer.post_bytes(body.clone(), &[header]).await.status(), 429, "{body} with {header:?}");
    }
}
