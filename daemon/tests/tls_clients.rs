//! Client certificates: what they open, and what ends that.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::time::{Duration, SystemTime};

use mcpd_ipc::{
    care::{Doctor, Verdict},
    keys::{KeysAdd, KeysRevoke},
    life::Reload,
};
use rcgen::{DnType, SanType, date_time_ymd};
use serde_json::json;
use sha2::{Digest, Sha256};
use support::{
    Daemon, ROOMY, eventually, home, in_time, plain_key,
    secure::{Authority, Client, Files, Issued, to_the_end},
    socket,
};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// A daemon that believes certificates of an authority, and knows two keys.
struct Scene {
    authority: Authority,
    files: Files,
    daemon: Daemon,
    laptop: String,
    build: String,
}

impl Scene {
    async fn new(tls: &str) -> Self {
        let authority = Authority::new("authority");
        let files = Files::new(&authority.issue(&NAMES));
        let daemon = Daemon::start_in(home(&format!("{ROOMY}{}", files.asking(&authority, tls))), &[]);
        let (_, laptop) = daemon.issue(plain_key("laptop")).await;
        let (_, build) = daemon.issue(plain_key("build")).await;
        Self { authority, files, daemon, laptop, build }
    }

    fn client(&self, shows: Option<&Issued>, key: Option<&str>) -> Client {
        Client::new(&self.daemon, self.authority.client(shows), key)
    }

    async fn reload(&self, tls: &str) {
        let config = format!("{ROOMY}{}", self.files.asking(&self.authority, tls));
        std::fs::write(self.daemon.state().join("mcpd.toml"), config).unwrap();
        self.daemon.obey(Reload {}).await;
    }
}

const LAPTOP: &str = "clients = [{ subject = \"laptop.lan\", key = \"laptop\" }]";

#[tokio::test]
async fn a_certificate_opens_what_its_key_opens_and_never_against_another() {
    let scene = Scene::new(LAPTOP).await;
    let (laptop, stranger) =
        (scene.authority.issue(&["Laptop.lan"]), scene.authority.issue(&["stranger.lan"]));
    for (shows, key, status, why) in [
        (Some(&laptop), None, 200, "a certificate that stands for a key"),
        (Some(&laptop), Some(scene.laptop.as_str()), 200, "with that key"),
        (Some(&laptop), Some(&scene.build), 401, "with another key"),
        (Some(&laptop), Some("nonsense"), 401, "with no key at all"),
        (Some(&stranger), None, 401, "a certificate that stands for none"),
        (Some(&stranger), Some(&scene.build), 200, "with a key"),
        (None, Some(&scene.build), 200, "no certificate, but a key"),
        (None, None, 401, "nothing"),
    ] {
        assert_eq!(scene.client(shows, key).ping().await, Ok(status), "{why}");
    }
    for detail in ["certificate of another key", "certificate that stands for no key"] {
        eventually(detail, async || scene.daemon.logged().contains(detail)).await;
    }
    // What the key may not do, its certificate may not do either.
    scene.daemon.issue(KeysAdd { scopes: vec!["read".into()], ..plain_key("reader") }).await;
    scene.reload(&LAPTOP.replace("key = \"laptop\"", "key = \"reader\"")).await;
    let todo = json!({ "name": "create_todo", "arguments": { "project_id": "tls", "title": "a todo" } });
    let (_, body) = scene.client(Some(&laptop), None).ask("tools/call", todo).await.unwrap();
    assert_eq!(body["error"]["message"], "Unknown tool: create_todo", "{body}");
}

#[tokio::test]
async fn a_certificate_is_known_by_any_of_its_names_or_its_fingerprint() {
    let scene = Scene::new("").await;
    let issue = |names: &[SanType], common: &str| {
        scene.authority.issue_with(&[], |params| {
            params.subject_alt_names = names.to_vec();
            params.distinguished_name.push(DnType::CommonName, common);
        })
    };
    let mail = issue(&[SanType::Rfc822Name("me@example.org".try_into().unwrap())], "hidden");
    let uri = issue(&[SanType::URI("spiffe://example.org/me".try_into().unwrap())], "");
    let common = issue(&[], "Common Name");
    let sha256: String = Sha256::digest(&uri.der).iter().map(|byte| format!("{byte:02X}:")).collect();
    let by = |subject: &str| format!("clients = [{{ subject = {subject:?}, key = \"laptop\" }}]");
    for (rule, shows, status) in [
        (by("me@example.org"), &mail, 200),
        (by("hidden"), &mail, 401), // a common name counts where there is no other
        (by("spiffe://example.org/me"), &uri, 200),
        (by("Common Name"), &common, 200),
        (by("common name"), &common, 401),
        (
            format!("clients = [{{ sha256 = {:?}, key = \"laptop\" }}]", sha256.trim_end_matches(':')),
            &uri,
            200,
        ),
        (
            format!("clients = [{{ sha256 = {:?}, key = \"nobody\" }}]", sha256.trim_end_matches(':')),
            &uri,
            401,
        ),
    ] {
        scene.reload(&rule).await;
        assert_eq!(scene.client(Some(shows), None).ping().await, Ok(status), "{rule}");
    }
    let checks = scene.daemon.obey(Doctor {}).await.checks;
    let told = checks.iter().find(|check| check.name == "client certificates").unwrap();
    assert_eq!((told.verdict, told.found.contains("\"nobody\"")), (Verdict::Warning, true));
}

#[tokio::test]
async fn a_revoked_key_ends_what_its_certificate_opened_and_nothing_else() {
    let scene = Scene::new(LAPTOP).await;
    let laptop = scene.authority.issue(&["laptop.lan"]);
    let (by_certificate, by_key) =
        (scene.client(Some(&laptop), None), scene.client(None, Some(&scene.build)));
    let (ending, staying) = (by_certificate.stream().await, by_key.stream().await);
    let stream = scene.authority.connect_as(scene.daemon.address(), Some(&laptop)).await.unwrap();
    let mut open = socket::over(stream, &format!("{}/ws", scene.daemon.base), None).await;
    assert_eq!(open.ask("ping", json!({})).await["result"], json!({}));
    scene.daemon.obey(KeysRevoke { key: "laptop".into() }).await;
    let _ = in_time(to_the_end(ending)).await;
    assert_eq!(open.next().await, Err(Some(CloseCode::Policy)));
    assert_eq!(by_certificate.ping().await, Ok(401));
    assert_eq!(by_key.ping().await, Ok(200));
    drop(staying);
}

#[tokio::test]
async fn a_rule_that_is_taken_away_ends_what_it_opened() {
    let scene = Scene::new(LAPTOP).await;
    let client = scene.client(Some(&scene.authority.issue(&["laptop.lan"])), None);
    let stream = client.stream().await;
    scene.reload("").await;
    let _ = in_time(to_the_end(stream)).await;
    assert_eq!(client.ping().await, Ok(401));
    scene.reload(LAPTOP).await;
    assert_eq!(client.ping().await, Ok(200));
    // One that stands before it now decides instead.
    let stream = client.stream().await;
    scene.reload(&LAPTOP.replacen('[', "[{ subject = \"laptop.lan\", key = \"build\" }, ", 1)).await;
    let _ = in_time(to_the_end(stream)).await;
    assert_eq!(client.ping().await, Ok(200), "as another");
}

#[tokio::test]
async fn a_certificate_that_expires_ends_what_it_opened() {
    let scene = Scene::new(LAPTOP).await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let short = scene.authority.issue_with(&["laptop.lan"], |params| {
        params.not_after = date_time_ymd(1970, 1, 1) + now + Duration::from_secs(10);
    });
    let client = scene.client(Some(&short), None);
    assert_eq!(client.ping().await, Ok(200));
    let stream = client.stream().await;
    in_time(to_the_end(stream)).await.expect("it is ended in good form");
    // On a connection that is open still, and not on a new one.
    let again = client.ping().await;
    assert!(again == Ok(401) || again.is_err(), "{again:?}");
    // To the second, a certificate is valid until its end.
    eventually("a new one is not even begun", async || {
        scene.client(Some(&short), None).ping().await.is_err()
    })
    .await;
}

#[tokio::test]
async fn an_authority_of_somebody_else_opens_nothing_and_one_may_be_required() {
    let scene = Scene::new("").await;
    let foreign = Authority::new("somebody else").issue(&["laptop.lan"]);
    assert!(scene.client(Some(&foreign), Some(&scene.build)).ping().await.is_err());

    scene.reload(&format!("client_required = true\n{LAPTOP}")).await;
    let laptop = scene.authority.issue(&["laptop.lan"]);
    assert!(scene.client(None, Some(&scene.build)).ping().await.is_err(), "a key alone");
    assert!(scene.client(Some(&foreign), None).ping().await.is_err());
    assert_eq!(scene.client(Some(&laptop), None).ping().await, Ok(200));
    let checks = scene.daemon.obey(Doctor {}).await.checks;
    let port = checks.iter().find(|check| check.name == "port").unwrap();
    assert_eq!(port.verdict, Verdict::Ok, "{port:?}");
    assert!(port.found.ends_with(" asks over TLS for a client certificate"), "{port:?}");
}
