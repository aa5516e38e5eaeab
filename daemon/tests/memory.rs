//! Project memory as clients meet it: what is found and why, what is refused and how, and whose it is.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use mcpd_ipc::memory::{MemoryDelete, MemoryExport, MemoryModelInstall, MemoryModelShow};
use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, eventually, plain_key};

async fn store(peer: &Peer, content: &str) -> Value {
    peer.tool("store_memory", json!({ "project_id": "p", "content": content })).await
}

async fn ask(peer: &Peer, query: &str) -> Value {
    peer.tool("retrieve_memory", json!({ "project_id": "p", "query": query })).await
}

fn contents(answer: &Value) -> Vec<&str> {
    let memories = answer["memories"].as_array().unwrap();
    memories.iter().map(|memory| memory["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_answer_says_why() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let session = peer.tool("start_dev_session", json!({ "project_id": "p", "goals": "ship" })).await;
    store(&peer, "The deploy script is `tools/deployAll.sh`; 部署前先跑测试").await;
    store(&peer, "Lunch is at noon").await;
    let answer = ask(&peer, "deployAll 测试").await;
    assert_eq!(answer["compared_by"], "words");
    let found = &answer["memories"][0];
    assert_eq!(found["why_matched"], json!(["deploy", "All", "deployAll", "测试"]));
    let score = found["relevance_score"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&score) && found["score_parts"]["words"].as_f64().unwrap() > 0.0);
    assert_eq!(found["session_id"], session["session_id"]);
    assert!(found["author"].as_str().unwrap().starts_with("key:"), "{found}");
    assert_eq!(contents(&answer).len(), 1);
    let saved = answer["total_token_saved"].as_i64().unwrap();
    assert!(saved > 0 && saved < 10, "the tokens of the other one: {saved}");
}

#[tokio::test]
async fn bad_input_gets_a_clear_answer() {
    let daemon = Daemon::start(&format!("{ROOMY}[server]\nbody_limit = \"16MiB\"\n"));
    let peer = daemon.peer();
    store(&peer, "to be or not to be, alpha").await;
    let with = |query: Value, top: Value| json!({ "project_id": "p", "query": query, "top_k": top });
    for (arguments, told) in [
        (with(json!(""), json!(5)), "query"),
        (with(json!("  \n\t"), json!(5)), "query"),
        (with(json!("word ".repeat(1_000_000)), json!(5)), "query"),
        (with(json!("x"), json!(0)), "top_k"),
        (with(json!("x"), json!(10_000)), "top_k"),
        (with(json!(["x"]), json!(5)), "query"),
    ] {
        let answer = peer.tool("retrieve_memory", arguments).await;
        assert_eq!(answer["error"]["code"], "invalid_arguments", "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(told) && message.len() < 1000, "{message}");
    }
    for nothing in ["?!… 。，", "\u{0}", "\u{200b}\u{feff}", "🚀"] {
        let answer = ask(&peer, nothing).await;
        assert_eq!(
            (answer["success"].as_bool(), answer["count"].as_u64()),
            (Some(true), Some(0)),
            "{answer}"
        );
        assert!(answer["note"].as_str().unwrap().contains("telling word"), "{answer}");
    }
    for operators in [
        "alpha AND NOT be*",
        "\"alpha to\" OR (not",
        "NEAR(alpha to, 2)",
        "terms : alpha -not ^to",
        "alpha' OR 1=1 --",
    ] {
        assert_eq!(ask(&peer, operators).await["count"], 1, "{operators}");
    }
    assert_eq!(ask(&peer, "to be or not").await["count"], 1, "small words alone are asked for");
    assert_eq!(ask(&peer, "be\u{0}or").await["count"], 1);

    let large = store(&peer, &"x".repeat((1 << 20) + 1)).await;
    assert_eq!(large["error"]["code"], "too_large", "{large}");
    assert_eq!(store(&peer, " ").await["error"]["code"], "invalid_arguments");
    for odd in [
        "NUL \u{0} inside",
        "混合 mixed ひらがな кириллица العربية",
        &format!("one MiB {}", "y ".repeat(500_000)),
    ] {
        assert_eq!(store(&peer, odd).await["success"], true);
    }
    assert_eq!(contents(&ask(&peer, "кириллица").await), ["混合 mixed ひらがな кириллица العربية"]);
    assert_eq!(contents(&ask(&peer, "inside").await), ["NUL \u{0} inside"]);
    assert_eq!(ask(&peer, "MiB").await["count"], 1);
}

#[tokio::test]
async fn what_looks_like_a_secret_is_warned_of_or_refused() {
    let daemon = Daemon::start(ROOMY);
    let secret = "the CI user has AKIAIOSFODNN7EXAMPLE";
    let warned = store(&daemon.peer(), secret).await;
    assert!(warned["warning"].as_str().unwrap().contains("an AWS access key"), "{warned}");
    assert_eq!(store(&daemon.peer(), "keys come from the vault").await["warning"], Value::Null);
    let daemon = Daemon::start(&format!("{ROOMY}[memory]\nsecrets = \"refuse\"\nproject_memories = 1\n"));
    let refused = store(&daemon.peer(), secret).await;
    assert_eq!(refused["error"]["code"], "refused", "{refused}");
    assert!(!refused.to_string().contains("AKIA"), "it is not said again");
    store(&daemon.peer(), "one").await;
    let full = store(&daemon.peer(), "two").await;
    assert_eq!(full["error"]["message"], "the project may keep 1 memories");
}

#[tokio::test]
async fn two_tenants_with_equal_projects_never_see_each_other() {
    let daemon = Daemon::start(ROOMY);
    let mine = daemon.peer();
    let mut other = plain_key("other");
    other.tenant = Some("elsewhere".into());
    let theirs = Peer::new(&daemon.base, &daemon.issue(other).await.1);
    for (peer, text) in [(&mine, "the zebra is ours"), (&mine, "ours is the north")] {
        store(peer, text).await;
    }
    let before = ask(&mine, "zebra north").await;
    let mut hidden = Vec::new();
    for number in 0..30 {
        let stored = store(&theirs, &format!("zebra {number} of the north is theirs")).await;
        hidden.push(stored["memory_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ask(&mine, "zebra north").await["memories"], before["memories"], "not a score has moved");
    let all = [
        ask(&mine, "zebra theirs").await,
        mine.tool("get_project_context", json!({ "project_id": "p" })).await,
        mine.tool("get_project_statistics", json!({ "project_id": "p" })).await,
        mine.ask("resources/read", json!({ "uri": "mcpd://p/context" }), &[]).await.1,
        mine.ask("resources/list", json!({}), &[]).await.1,
        complete(&mine).await,
    ];
    for seen in &all {
        assert!(!seen.to_string().contains("theirs"), "{seen}");
        assert!(hidden.iter().all(|id| !seen.to_string().contains(id)), "{seen}");
    }
    let foreign = json!({ "uri": format!("mcpd://p/memories/{}", hidden[0]) });
    assert!(mine.ask("resources/read", foreign, &[]).await.1["error"].is_object());
    let export =
        MemoryExport { tenant: Some("elsewhere".into()), project: Some("p".into()), after: None, limit: 100 };
    let exported = daemon.obey(export).await.memories;
    assert_eq!(exported.len(), 30);
    assert!(exported.iter().all(|one| one.tenant == "elsewhere" && one.content.contains("theirs")));
}

async fn complete(peer: &Peer) -> Value {
    let argument = json!({ "name": "memory_id", "value": "" });
    let context = json!({ "arguments": { "project": "p" } });
    let template = json!({ "type": "ref/resource", "uri": "mcpd://{project}/memories/{memory_id}" });
    peer.ask("completion/complete", json!({ "ref": template, "argument": argument, "context": context }), &[])
        .await
        .1
}

#[tokio::test]
async fn what_an_operator_deletes_is_gone_for_every_client() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let id = store(&peer, "Quartzite is the code name").await["memory_id"].as_str().unwrap().to_owned();
    assert_eq!(ask(&peer, "quartzite").await["count"], 1);
    assert_eq!(daemon.obey(MemoryDelete { ids: vec![id.clone()] }).await.deleted, 1);
    assert_eq!(ask(&peer, "quartzite").await["count"], 0);
    let read = peer.ask("resources/read", json!({ "uri": format!("mcpd://p/memories/{id}") }), &[]).await.1;
    assert!(read["error"].is_object(), "{read}");
    for file in std::fs::read_dir(daemon.state()).unwrap().map(|entry| entry.unwrap().path()) {
        if file.is_file() {
            let bytes = std::fs::read(&file).unwrap();
            assert!(!bytes.windows(9).any(|part| part == b"Quartzite"), "{}", file.display());
        }
    }
}

#[tokio::test]
async fn a_model_that_is_installed_finds_by_meaning_at_once() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    store(&peer, "we ship every second Tuesday").await;
    store(&peer, "the office dog is called Bella").await;
    let question = "发布的时间是什么时候？";
    assert_eq!(ask(&peer, question).await["count"], 0);
    let built = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/tools/use-multilingual-3.safetensors");
    let path = std::env::var("MCPD_MODEL").unwrap_or_else(|_| built.display().to_string());
    assert!(std::path::Path::new(&path).exists(), "{path} is missing: run packaging/model/build {path}");
    daemon.obey(MemoryModelInstall { path }).await;
    eventually("all memories have a vector", async || {
        let model = daemon.obey(MemoryModelShow {}).await;
        model.embedded == model.all
    })
    .await;
    let answer = ask(&peer, question).await;
    assert_eq!(answer["compared_by"], "words and meaning");
    assert_eq!(contents(&answer)[0], "we ship every second Tuesday");
    assert!(answer["memories"][0]["score_parts"]["meaning"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn an_endpoint_that_is_away_leaves_the_words() {
    // A port that is taken and not listened at.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = taken.local_addr().unwrap().port();
    let embeddings = format!(
        "[embeddings]\nsource = \"endpoint\"\nurl = \"http://127.0.0.1:{port}/v1/embeddings\"\nmodel = \"m\"\n"
    );
    let daemon = Daemon::start(&format!("{ROOMY}{embeddings}"));
    let peer = daemon.peer();
    store(&peer, "the cache is Redis").await;
    eventually("the endpoint was tried", async || {
        daemon.obey(MemoryModelShow {}).await.reason.is_some_and(|reason| reason.contains("refuses"))
    })
    .await;
    let answer = ask(&peer, "redis").await;
    assert_eq!(contents(&answer), ["the cache is Redis"]);
    assert!(answer["note"].as_str().unwrap().starts_with("compared by words only"), "{answer}");
    let health = peer.http.get(format!("{}/health", daemon.base)).send().await.unwrap();
    assert_eq!(health.json::<Value>().await.unwrap()["status"], "degraded");
    let ready = peer.http.get(format!("{}/ready", daemon.base)).send().await.unwrap();
    assert_eq!(ready.status(), 200, "words are enough to serve");
}

/// An endpoint that speaks as OpenAI's does and will not have a text that holds "poison".
async fn picky() -> String {
    let answer = async |body: axum::body::Bytes| {
        let asked: Value = serde_json::from_slice(&body).unwrap();
        let texts: Vec<&str> =
            asked["input"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        if texts.iter().any(|text| text.contains("poison")) {
            let error =
                json!({ "error": { "message": "this input is too long", "type": "invalid_request_error" } });
            return (axum::http::StatusCode::BAD_REQUEST, error.to_string());
        }
        let vector =
            |text: &str| json!([1.0, text.len() as f64 / 100.0, f64::from(u8::from(text.contains("cache")))]);
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": vector(text) }))
            .collect();
        (axum::http::StatusCode::OK, json!({ "object": "list", "data": data, "model": "m" }).to_string())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/embeddings", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/v1/embeddings", axum::routing::post(answer));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper_util::service::TowerToHyperService::new(app.clone());
            let serving = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
            tokio::spawn(async move {
                // A client that hangs up ends its connection, and nothing else.
                let _ = serving.serve_connection(hyper_util::rt::TokioIo::new(stream), service).await;
            });
        }
    });
    url
}

#[tokio::test]
async fn one_text_that_an_endpoint_refuses_takes_nothing_from_the_others() {
    let url = picky().await;
    let embeddings =
        format!("[embeddings]\nsource = \"endpoint\"\nurl = \"{url}\"\nmodel = \"m\"\ndeadline = \"20s\"\n");
    let daemon = Daemon::start(&format!("{ROOMY}{embeddings}"));
    eventually("the endpoint is there", async || {
        daemon.obey(MemoryModelShow {}).await.id.as_deref() == Some("m/3")
    })
    .await;
    let peer = daemon.peer();
    for text in ["the cache is Redis", "poison of the cache", "lunch is at noon"] {
        store(&peer, text).await;
    }
    eventually("the others have their vectors", async || daemon.obey(MemoryModelShow {}).await.embedded == 2)
        .await;
    let answer = ask(&peer, "cache").await;
    assert_eq!(answer["compared_by"], "words and meaning", "{answer}");
    assert_eq!(answer["note"], "2 of 3 memories are compared by meaning so far");
    assert!(contents(&answer).contains(&"poison of the cache"), "its words find it: {answer}");
    let refused = ask(&peer, "poison").await;
    assert!(refused["note"].as_str().unwrap().contains("400"), "{refused}");
    assert_eq!(
        ask(&peer, "cache").await["compared_by"],
        "words and meaning",
        "a refused question is its own"
    );
}
