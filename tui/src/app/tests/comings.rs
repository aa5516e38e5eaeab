//! The daemon comes and goes, lists are fetched, feeds run.

use mcpd_ipc::{
    connections::ConnectionList,
    feed::{LogBatch, LogLine, RequestBatch, Severity},
};

use super::*;
use crate::{
    app::{Link, sample::NOW},
    effect::Listed,
    msg::FeedName,
};

#[test]
fn a_list_is_fetched_on_entering_and_again_after_its_reply_and_the_refresh() {
    let mut app = sample::idle((80, 24), Theme::Colour);
    let list = |effects| assert_eq!(call(effects), Call::List(Listed::Connections));
    list(press(&mut app, &["3"]));
    for second in 1..5 {
        assert_eq!(update(&mut app, Msg::Tick(NOW + second * 1000)), [], "one at a time");
    }
    assert_eq!(
        done(&mut app, Reply::Connections(ConnectionList { connections: vec![] })),
        [Effect::Call(Box::new(Call::List(Listed::Connections)))]
    );
    done(&mut app, Reply::Connections(ConnectionList { connections: vec![] }));
    assert_eq!(update(&mut app, Msg::Tick(NOW + 4_500)), [], "not before the refresh");
    list(update(&mut app, Msg::Tick(NOW + 5_000)));
    assert_eq!(call(press(&mut app, &["s"])), Call::List(Listed::Sessions));
    assert_eq!(press(&mut app, &["1"]), []);
    assert_eq!(update(&mut app, Msg::Tick(NOW + 9_000)), [], "nothing is fetched that nobody sees");
}

#[test]
fn a_list_that_fails_says_so_and_is_tried_again() {
    let mut app = sample::idle((80, 24), Theme::Colour);
    let asked = call(press(&mut app, &["4"]));
    update(&mut app, Msg::Failed(Box::new(asked), why(Trouble::Refused, "the store is locked")));
    assert_eq!(app.lists.trouble(Listed::Keys).unwrap().words, "the store is locked");
    assert_eq!(app.notice, None);
    assert_eq!(call(update(&mut app, Msg::Tick(NOW + 1_000))), Call::List(Listed::Keys));
    done(&mut app, Reply::Keys(mcpd_ipc::keys::KeyList { keys: vec![] }));
    assert_eq!(app.lists.trouble(Listed::Keys), None);
}

#[test]
fn while_the_daemon_is_away_what_was_seen_stays_and_nothing_is_changed() {
    let mut app = app();
    press(&mut app, &["4"]);
    update(&mut app, sample::away());
    assert!(matches!(app.link, Link::Away { .. }));
    assert_eq!(app.keys.shown(), 5);
    assert!(app.history.picture().is_some());
    assert_eq!(update(&mut app, Msg::Tick(NOW + 1_000)), [], "nothing is fetched");
    for keys in [["a"], ["x"], ["R"], ["n"]] {
        assert_eq!(press(&mut app, &keys), []);
        assert!(app.popup.is_none());
        assert!(app.notice.as_ref().unwrap().words.contains("away"));
    }
    assert_eq!(press(&mut app, &["Enter"]), [Effect::Retry]);
    assert_eq!(press(&mut app, &["r"]), [], "r is revoke, now or a moment later, and never try again");
    assert!(app.popup.is_none());
    assert_eq!(press(&mut app, &["q"]), [Effect::Quit]);
}

#[test]
fn when_it_is_back_the_visible_list_is_fetched_and_the_log_begins_anew() {
    let mut app = app();
    press(&mut app, &["3"]);
    update(&mut app, sample::away());
    assert_eq!(call(update(&mut app, Msg::Connected)), Call::List(Listed::Connections));
    app.settle();
    assert!(app.is_here());
    assert_eq!(app.logs.table.len(), 0, "the feed brings the last lines again");
    assert_eq!(app.requests.table.len(), 300, "requests are not repeated");
}

#[test]
fn a_paused_log_is_kept_until_it_goes_on() {
    let mut app = app();
    press(&mut app, &["7", " "]);
    update(&mut app, sample::away());
    update(&mut app, Msg::Connected);
    update(&mut app, Msg::Logs(LogBatch { skipped: 0, lines: sample::lines_seen()[..7].to_vec() }));
    app.settle();
    assert_eq!((app.logs.table.shown(), app.logs.held()), (300, 7));
    press(&mut app, &[" "]);
    assert_eq!((app.logs.table.shown(), app.logs.held()), (7, 0));
}

#[test]
fn keys_that_change_something_wait_until_the_daemon_is_back_for_a_moment() {
    let mut app = app();
    press(&mut app, &["6"]);
    update(&mut app, sample::away());
    update(&mut app, Msg::Now(NOW + 4_000));
    update(&mut app, Msg::Connected);
    let Some(tools) = sample::lists().pop() else { panic!() };
    done(&mut app, tools);
    update(&mut app, Msg::Now(NOW + 4_499));
    for keys in [["6", "e"], ["4", "r"], ["4", "x"], ["4", "R"], ["3", "x"], ["5", "d"], ["5", "a"]] {
        assert!(!press(&mut app, &keys).iter().any(|effect| match effect {
            Effect::Call(call) => call.changes(),
            Effect::Quit | Effect::Retry | Effect::Mouse(_) => true,
        }));
        assert!(app.popup.is_none(), "{keys:?}");
        assert!(app.notice.as_ref().unwrap().words.contains("press it again"));
    }
    update(&mut app, Msg::Now(NOW + 4_500));
    press(&mut app, &["6", "e"]);
    assert!(matches!(app.popup, Some(Popup::Question(_))));
}

#[test]
fn nothing_is_asked_about_rows_of_the_daemon_before() {
    let mut app = app();
    press(&mut app, &["3"]);
    update(&mut app, sample::away());
    update(&mut app, Msg::Connected);
    update(&mut app, Msg::Now(NOW + 4_000));
    press(&mut app, &["x"]);
    assert!(app.popup.is_none());
    assert!(app.notice.as_ref().unwrap().words.contains("before the daemon went away"));
    for reply in sample::lists() {
        done(&mut app, reply);
    }
    press(&mut app, &["x"]);
    assert!(matches!(app.popup, Some(Popup::Question(_))));
}

#[test]
fn a_question_goes_with_the_daemon_it_was_about() {
    let mut app = app();
    press(&mut app, &["3", "x"]);
    update(&mut app, sample::away());
    assert!(app.popup.is_none());
    assert_eq!(app.notice.as_ref().unwrap().words, "the question was dropped: the daemon went away");
    assert_eq!(press(&mut app, &["y"]), []);

    // Where the feed did not notice that another daemon came.
    let mut app = super::app();
    press(&mut app, &["3", "x"]);
    let same = sample::picture(NOW + 1_000, 2_000_000);
    let mut other = same.clone();
    other.status.instance = "another".into();
    update(&mut app, Msg::Picture(Box::new(same)));
    assert!(app.popup.is_some());
    update(&mut app, Msg::Picture(Box::new(other)));
    assert!(app.popup.is_none());
    assert_eq!(app.notice.as_ref().unwrap().words, "the question was dropped: another daemon answers now");

    let mut app = super::app();
    press(&mut app, &["5", "a"]);
    write(&mut app, "10.0.0.1");
    update(&mut app, sample::away());
    assert_eq!(press(&mut app, &["Enter"]), []);
    assert!(app.popup.is_some(), "what was typed is kept");
}

#[test]
fn a_restarted_daemon_begins_a_new_history() {
    let mut app = app();
    assert!(app.history.points().len() > 500);
    update(&mut app, sample::away());
    update(&mut app, Msg::Connected);
    let mut other = sample::picture(NOW + 5_000, 3);
    other.status.instance = "another".into();
    update(&mut app, Msg::Picture(Box::new(other)));
    assert_eq!(app.history.points().len(), 0);
}

#[test]
fn a_pause_holds_the_list_still_and_nothing_is_lost() {
    let mut app = app();
    let line = |number: u64| {
        let batch = serde_json::json!({"skipped": 5, "requests": [{
            "at": NOW, "request": number.to_string(), "method": "tools/list", "tool": null, "key": null,
            "peer": "p", "outcome": "ok", "status": 200, "duration_ms": 1.0,
        }]});
        Msg::Requests(serde_json::from_value::<RequestBatch>(batch).unwrap())
    };
    press(&mut app, &["2", " "]);
    update(&mut app, line(1));
    app.settle();
    assert_eq!((app.requests.table.len(), app.requests.held(), app.requests.skipped), (300, 1, 125));
    press(&mut app, &[" "]);
    assert_eq!(app.requests.table.len(), 301);
    // What nobody sees is not drawn.
    app.pane = Pane::Keys;
    app.is_dirty = false;
    update(&mut app, line(2));
    assert!(!app.is_dirty);
}

#[test]
fn two_thousand_requests_and_five_thousand_lines_are_kept() {
    let mut app = app();
    let line = LogLine { at: None, level: Severity::Info, target: "t".into(), text: "x".into() };
    update(&mut app, Msg::Logs(LogBatch { skipped: 0, lines: vec![line; 7_000] }));
    assert_eq!(app.logs.table.len(), 5_000);
    let batch = serde_json::json!({"at": NOW, "request": "r", "method": "m", "tool": null, "key": null,
        "peer": "p", "outcome": "ok", "status": null, "duration_ms": 1.0});
    let requests = vec![serde_json::from_value(batch).unwrap(); 3_000];
    update(&mut app, Msg::Requests(RequestBatch { skipped: 0, requests }));
    assert_eq!(app.requests.table.len(), 2_000);
}

#[test]
fn the_level_shows_more_and_more_and_then_errors_alone() {
    let mut app = app();
    press(&mut app, &["7"]);
    let mut shown = vec![app.logs.table.shown()];
    for _ in 0..5 {
        press(&mut app, &["l"]);
        shown.push(app.logs.table.shown());
    }
    assert_eq!(shown, [300, 60, 120, 240, 300, 300]);
}

#[test]
fn a_feed_that_is_refused_is_missing_and_the_others_go_on() {
    let mut app = app();
    update(&mut app, Msg::NoFeed(FeedName::Logs, why(Trouble::Refused, "the log goes to stderr")));
    assert!(app.is_here());
    assert_eq!(app.missing.len(), 1);
    update(&mut app, Msg::Connected);
    assert!(app.missing.is_empty());
}

#[test]
fn a_notice_leaves_by_itself() {
    let mut app = app();
    done(&mut app, Reply::ConnectionClosed(mcpd_ipc::connections::ConnectionClosed { id: 1 }));
    let now = app.now;
    update(&mut app, Msg::Tick(now + 15_000));
    assert!(app.notice.is_some());
    update(&mut app, Msg::Tick(now + 16_000));
    assert!(app.notice.is_none());
}
