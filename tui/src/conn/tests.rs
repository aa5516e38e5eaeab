//! The wire against a daemon that answers from a script, dies and comes back.

pub(crate) mod fake;

use std::time::Duration;

use mcpd_ipc::{Fault, FaultKind, keys::KeysRevoke};
use tokio::{sync::mpsc, time::timeout};

use self::fake::Fake;
use super::*;
use crate::{effect::Listed, msg::Reply};

fn wire(socket: PathBuf) -> Wire {
    Wire {
        socket: Box::new(move || Ok(socket.clone())),
        program: "mcpctl/test".into(),
        refresh: Duration::from_millis(100),
    }
}

/// Returns the next message that `wanted` takes; others are passed over.
async fn hear<T>(news: &mut mpsc::Receiver<Msg>, wanted: impl Fn(Msg) -> Option<T>) -> T {
    let listening = async {
        loop {
            let msg = news.recv().await.expect("the tasks run");
            if let Some(heard) = wanted(msg) {
                return heard;
            }
        }
    };
    timeout(Duration::from_secs(20), listening).await.expect("it comes in time")
}

fn is_away(msg: Msg) -> Option<(Why, i64)> {
    if let Msg::Away { why, until } = msg { Some((why, until)) } else { None }
}

fn is_connected(msg: Msg) -> Option<()> {
    matches!(msg, Msg::Connected).then_some(())
}

fn is_picture(msg: Msg) -> Option<i64> {
    if let Msg::Picture(picture) = msg { Some(picture.at) } else { None }
}

fn is_reply(msg: Msg) -> Option<Result<Reply, Why>> {
    if let Msg::Failed(_, why) = msg {
        return Some(Err(why));
    }
    if let Msg::Done(reply) = msg { Some(Ok(*reply)) } else { None }
}

#[tokio::test]
async fn a_daemon_that_dies_is_away_until_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("mcpd.sock");
    let began = now();
    let (conn, mut news) = Conn::open(wire(socket.clone()));

    let (why, until) = hear(&mut news, is_away).await;
    assert_eq!(why.kind, Trouble::Gone);
    assert!((began + 500..=now() + 500).contains(&until), "the first wait is half a second");

    let daemon = Fake::start(&socket, None);
    conn.retry();
    hear(&mut news, is_connected).await;
    let first = hear(&mut news, is_picture).await;
    let second = hear(&mut news, is_picture).await;
    assert!(second > first);
    conn.call(Call::List(Listed::Connections));
    let reply = hear(&mut news, is_reply).await;
    assert!(matches!(reply, Ok(Reply::Connections(_))), "{reply:?}");

    daemon.die().await;
    let (why, until) = hear(&mut news, is_away).await;
    assert_eq!(why.kind, Trouble::Broken, "{why:?}");
    assert!(until - now() <= 500, "it answered, so waiting begins anew");
    assert_eq!(hear(&mut news, is_away).await.0.kind, Trouble::Gone);

    let _daemon = Fake::start(&socket, None);
    hear(&mut news, is_connected).await;
    hear(&mut news, is_picture).await;
    // The control connection to the daemon that died is not used again.
    conn.call(Call::List(Listed::Connections));
    let reply = hear(&mut news, is_reply).await;
    assert!(matches!(reply, Ok(Reply::Connections(_))), "{reply:?}");
}

#[tokio::test]
async fn waits_grow_until_somebody_asks_for_a_try() {
    let dir = tempfile::tempdir().unwrap();
    let (conn, mut news) = Conn::open(wire(dir.path().join("nobody.sock")));
    hear(&mut news, is_away).await;
    conn.retry();
    let (_, until) = hear(&mut news, is_away).await;
    assert!((501..=1_000).contains(&(until - now())));
    conn.retry();
    let (_, until) = hear(&mut news, is_away).await;
    assert!((1_001..=2_000).contains(&(until - now())));
}

#[tokio::test]
async fn a_mismatch_of_protocols_is_told_as_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("mcpd.sock");
    let words = "the client speaks control protocol 2 and the daemon 9: the client is older";
    let _daemon = Fake::start(&socket, Some(Fault::new(FaultKind::Conflict, words)));
    let (_conn, mut news) = Conn::open(wire(socket));
    let (why, _) = hear(&mut news, is_away).await;
    assert_eq!((why.kind, why.words.as_str()), (Trouble::Refused, words));
}

#[tokio::test]
async fn a_socket_that_cannot_be_found_is_said() {
    let socket = Box::new(|| Err("no home directory is known".to_owned()));
    let (_conn, mut news) = Conn::open(Wire { socket, ..wire("/nowhere".into()) });
    let (why, _) = hear(&mut news, is_away).await;
    assert_eq!((why.kind, why.words.as_str()), (Trouble::Gone, "no home directory is known"));
}

#[tokio::test]
async fn a_feed_that_is_refused_is_missing_and_a_refused_command_keeps_the_connection() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("mcpd.sock");
    let daemon = Fake::start(&socket, None);
    let (conn, mut news) = Conn::open(wire(socket));
    let feed =
        hear(&mut news, |msg| if let Msg::NoFeed(feed, why) = msg { Some((feed, why)) } else { None }).await;
    assert_eq!((feed.0, feed.1.words.as_str()), (FeedName::Logs, "the log goes to stderr"));
    hear(&mut news, is_picture).await;

    for _ in 0..2 {
        conn.call(Call::RevokeKey(KeysRevoke { key: "nobody".into() }));
        let why = hear(&mut news, is_reply).await.unwrap_err();
        assert_eq!((why.kind, why.words.as_str()), (Trouble::Refused, "there is no key \"nobody\""));
    }
    assert_eq!(daemon.control_connections(), 1);
}

#[tokio::test]
async fn more_commands_than_can_wait_fail_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (conn, _news) = Conn::open(wire(dir.path().join("nobody.sock")));
    let failed = (0..100).filter_map(|_| conn.call(Call::List(Listed::Keys))).count();
    assert!(failed >= 100 - CALLS - 1, "{failed}");
}
