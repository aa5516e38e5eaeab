//! Requests that were damaged on the way, and lies about where a request ends: each is answered, and the daemon lives.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::future::join_all;
use serde_json::json;
use support::{Daemon, ROOMY, shapes::ping, siege::mutate};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How long a connection may last that lies about its framing.
const HANG: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_mutants_are_answered() {
    let mut daemon = Arc::new(Daemon::start(&format!("{ROOMY}connections_per_key = 900\n")));
    daemon.peer().tool("create_todo", json!({ "project_id": "p", "title": "t" })).await;
    let came = mutate(&daemon, 1000).await;
    assert!(came["http 200"] > 20 && came["http 400"] > 20 && came["sse 202"] > 20, "{came:?}");
    assert_eq!(daemon.peer().ask("ping", json!({}), &[]).await.0, 200);
    let log = daemon.logged();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
    assert!(Arc::get_mut(&mut daemon).unwrap().is_alive());
}

/// What a lie may earn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Earns {
    /// Refused, or closed without a word.
    Refusal,
    /// The first request is good and answered; what follows is refused.
    OneAnswer,
    /// A recipient may take it as it is meant (RFC 9112 says so).
    Leniency,
}

/// Sends bytes, and returns the statuses of all that comes back until the daemon closes the connection.
async fn tell(address: SocketAddr, bytes: Vec<u8>) -> Vec<u16> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut answered = Vec::new();
    let both = async {
        // Who is refused early may not get rid of the rest.
        let (_, _) = tokio::join!(writer.write_all(&bytes), reader.read_to_end(&mut answered));
    };
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
    tokio::time::timeout(HANG, both).await.unwrap_or_else(|_| panic!("it hangs: {shown}"));
    let answered = String::from_utf8_lossy(&answered).into_owned();
    answered.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lies_about_framing_are_refused_and_hide_no_second_request() {
    use Earns::{Leniency, OneAnswer, Refusal};
    let short = "[server]\nfirst_byte_deadline = \"2s\"\nheader_deadline = \"2s\"\nbody_deadline = \"2s\"\n\
                 keep_alive = \"2s\"\n";
    let daemon = Daemon::start(&format!("{ROOMY}{short}"));
    let good = ping(&daemon.key);
    let (head, body) = good.split_once("\r\n\r\n").unwrap();
    let (before, _) = head.rsplit_once("\r\n").unwrap();
    let hidden = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    // A head with other lines in the place of Content-Length.
    let with = |lines: &str, rest: &str| format!("{before}\r\n{lines}\r\n\r\n{rest}");
    let length = body.len();
    let chunk = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    let chunked = "transfer-encoding: chunked";
    let lies = [
        ("too short", Refusal, with(&format!("content-length: {}", length - 9), body)),
        ("too long", Refusal, with(&format!("content-length: {}", length + 9), body)),
        ("two lengths", Refusal, with(&format!("content-length: {length}\r\ncontent-length: 3"), body)),
        ("a list of lengths", Refusal, with(&format!("content-length: {length}, 3"), body)),
        ("a signed length", Refusal, with(&format!("content-length: +{length}"), body)),
        ("a negative length", Refusal, with("content-length: -1", body)),
        ("a length beyond all", Refusal, with("content-length: 99999999999999999999999", body)),
        ("a length in hex", Refusal, with(&format!("content-length: 0x{length:x}"), body)),
        ("a garbage chunk size", Refusal, with(chunked, &format!("zz\r\n{body}\r\n0\r\n\r\n"))),
        ("a chunk beyond all", Refusal, with(chunked, &format!("ffffffffffffffffff\r\n{body}\r\n0\r\n\r\n"))),
        ("a negative chunk", Refusal, with(chunked, &format!("-1\r\n{body}\r\n0\r\n\r\n"))),
        ("a chunk that is shorter", Refusal, with(chunked, &format!("fff\r\n{body}\r\n0\r\n\r\n"))),
        ("a chunk that is longer", Refusal, with(chunked, &format!("2\r\n{body}\r\n0\r\n\r\n"))),
        ("a bare LF in chunks", Refusal, with(chunked, &format!("{length:x}\n{body}\n0\n\n"))),
        ("length, then chunks", Leniency, with(&format!("content-length: {length}\r\n{chunked}"), &chunk)),
        ("chunks, then length", Leniency, with(&format!("{chunked}\r\ncontent-length: {length}"), &chunk)),
        ("an unknown coding", Refusal, with("transfer-encoding: xchunked", &chunk)),
        ("chunks not last", Refusal, with("transfer-encoding: chunked, identity", &chunk)),
        ("a huge header", Refusal, with(&format!("x-huge: {}", "x".repeat(1 << 20)), body)),
        ("many headers", Refusal, with(&"x-many: 1\r\n".repeat(5000), body)),
        ("a NUL in a header", Refusal, with("x-nul: a\0b", body)),
        ("a bare CR in a header", Refusal, with("x-cr: a\rb", body)),
        ("a space before the colon", Refusal, with("content-length : 3", body)),
        ("a folded header", Refusal, with("x-folded: a\r\n b", body)),
        ("a header without a name", Refusal, with(": x", body)),
        ("bare LFs", Leniency, good.replace("\r\n", "\n")),
        ("another protocol", Refusal, "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03garbage\r\n\r\n".into()),
        ("another version", Refusal, good.replacen("HTTP/1.1", "HTTP/3.0", 1)),
        ("no target", Refusal, good.replacen("POST /mcp ", "POST ", 1)),
        ("garbage behind", OneAnswer, format!("{good}garbage\r\n\r\n{hidden}")),
        ("half a request behind", OneAnswer, format!("{good}POST /mcp HT")),
    ];
    let address = daemon.address();
    let told = lies.iter().map(|(_, _, bytes)| tell(address, bytes.clone().into_bytes()));
    for ((name, earns, _), came) in lies.iter().zip(join_all(told).await) {
        assert!(came.iter().all(|status| *status < 500), "{name}: {came:?}");
        let refused = |statuses: &[u16]| statuses.iter().all(|status| (400..500).contains(status));
        match earns {
            Refusal => assert!(refused(&came), "{name}: {came:?}"),
            OneAnswer => assert!(came[0] == 200 && refused(&came[1..]), "{name}: {came:?}"),
            Leniency => assert!(came.len() <= 1, "{name}: {came:?}"),
        }
    }
    // What two readers would part differently hides no second request, whichever of the two we are.
    for carried in ["0\r\n\r\n", chunk.as_str()] {
        let body = format!("{carried}{hidden}");
        for lines in [
            format!("content-length: {}\r\n{chunked}", body.len()),
            format!("{chunked}\r\ncontent-length: {}", body.len()),
        ] {
            let came = tell(address, with(&lines, &body).into_bytes()).await;
            assert!(came.len() <= 1, "a second request was served: {came:?} to {lines}");
        }
    }
    assert_eq!(daemon.peer().ask("ping", json!({}), &[]).await.0, 200);
    assert!(!daemon.logged().contains("panicked"));
}
