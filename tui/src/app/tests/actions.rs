//! Each action asks for the right thing, after the right question.

use mcpd_ipc::{
    allow::{AllowReport, AllowState, AllowVerdict},
    connections::ConnectionClosed,
    keys::KeyRevoked,
    tools::ToolsSwitched,
};

use super::*;
use crate::{app::form::Said, effect::Listed};

#[test]
fn what_cannot_be_taken_back_is_asked_first() {
    // Keys to ask with, what is sent on yes.
    let cases: [(&[&str], &str); 7] = [
        (&["4", "r"], "revoke key p0e8d7c6b5a4"),
        (&["4", "Down", "x"], "revoke key k7f3a91b20cd"),
        (&["3", "x"], "close connection 1"),
        (&["3", "s", "x"], "end session 0f3c9ab10f3c9ab10f3c9ab10f3c9ab1"),
        (&["5", "Down", "d"], "remove 192.168.3.0/24"),
        (&["6", "e"], "disable create_todo"),
        (&["6", "Down", " "], "disable list_todos"),
    ];
    for (keys, attempt) in cases {
        let mut app = app();
        press(&mut app, keys);
        for stray in ["Enter", "1", "x", " ", "Tab"] {
            assert_eq!(press(&mut app, &[stray]), [], "{attempt}: {stray}");
        }
        assert!(matches!(app.popup, Some(Popup::Question(_))), "{attempt}");
        assert_eq!(press(&mut app, &["n"]), [], "{attempt}");
        assert!(app.popup.is_none());
        press(&mut app, &keys[keys.len() - 1..]);
        assert_eq!(call(press(&mut app, &["y"])).attempt(), attempt);
    }
}

#[test]
fn a_question_is_about_the_row_it_was_asked_of() {
    let mut app = app();
    press(&mut app, &["4", "Down", "x"]);
    let other = sample::key("another00000", "another", Some(0), KeyState::Active);
    done(&mut app, Reply::Keys(mcpd_ipc::keys::KeyList { keys: vec![other] }));
    assert_eq!(call(press(&mut app, &["y"])).attempt(), "revoke key k7f3a91b20cd");
}

#[test]
fn forms_and_lookups_ask_for_what_they_say() {
    let cases: [(&[&str], &str, &str); 5] = [
        (&["4", "R"], "", "rotate key p0e8d7c6b5a4"),
        (&["4", "n"], "-2", "rename key p0e8d7c6b5a4"),
        (&["5", "a"], "10.1.2.3", "add 10.1.2.3"),
        (&["5", "t"], "10.1.2.3", "test 10.1.2.3"),
        (&["6"], "", "show tool create_todo"),
    ];
    for (keys, text, attempt) in cases {
        let mut app = app();
        press(&mut app, keys);
        write(&mut app, text);
        assert_eq!(call(press(&mut app, &["Enter"])).attempt(), attempt);
    }
    let mut app = app();
    press(&mut app, &["6", "End"]);
    assert_eq!(
        call(press(&mut app, &["e"])).attempt(),
        "enable update_todo_status",
        "giving needs no question"
    );
}

#[test]
fn a_rotation_has_a_day_of_grace_unless_told_otherwise() {
    let mut app = app();
    press(&mut app, &["4", "R"]);
    let Call::RotateKey(rotate) = call(press(&mut app, &["Enter"])) else { panic!() };
    assert_eq!(rotate.grace, Some(86_400));
}

#[test]
fn after_a_change_the_list_is_fetched_at_once_and_the_change_is_said() {
    let cases = [
        (
            "3",
            Reply::ConnectionClosed(ConnectionClosed { id: 7 }),
            "connection 7 was told to close",
            Listed::Connections,
        ),
        (
            "4",
            Reply::KeyRevoked(KeyRevoked {
                key: sample::key("k", "laptop", None, KeyState::Revoked),
                sessions_closed: 1,
            }),
            "key laptop revoked; 1 session closed",
            Listed::Keys,
        ),
        (
            "5",
            Reply::AllowChanged(AllowReport {
                state: AllowState::Nobody,
                entries: vec![],
                note: Some("nobody may connect now".into()),
            }),
            "the allowlist is changed; nobody may connect now",
            Listed::Allow,
        ),
        (
            "6",
            Reply::ToolsSwitched(ToolsSwitched {
                enabled: false,
                changed: vec!["a".into()],
                already: vec!["b".into()],
            }),
            "a is disabled now; b was disabled already",
            Listed::Tools,
        ),
    ];
    for (pane, reply, words, listed) in cases {
        let mut app = app();
        press(&mut app, &[pane]);
        for reply in sample::lists() {
            done(&mut app, reply);
        }
        assert_eq!(call(done(&mut app, reply)), Call::List(listed));
        assert_eq!(app.notice.as_ref().unwrap().words, words);
    }
}

#[test]
fn a_verdict_is_answered_in_its_form_which_takes_the_next_address() {
    let mut app = app();
    press(&mut app, &["5", "t"]);
    write(&mut app, "10.1.2.3");
    press(&mut app, &["Enter"]);
    let verdict =
        AllowVerdict { address: "10.1.2.3".into(), allowed: false, because: "no network holds it".into() };
    done(&mut app, Reply::Verdict(verdict));
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert_eq!(form.said, Said::Answer("10.1.2.3 may not connect: no network holds it".into()));
    write(&mut app, "0");
    assert_eq!(call(press(&mut app, &["Enter"])).attempt(), "test 10.1.2.30");
}

#[test]
fn a_failure_is_said_and_an_unknown_end_is_called_so() {
    let mut app = app();
    press(&mut app, &["3", "x"]);
    let sent = call(press(&mut app, &["y"]));
    let gone = why(Trouble::Broken, "the conversation with the daemon broke off");
    update(&mut app, Msg::Failed(Box::new(sent), gone));
    let words = &app.notice.as_ref().unwrap().words;
    assert_eq!(
        words,
        "could not close connection 1: the conversation with the daemon broke off; whether it was done is not \
         known, look at the list"
    );
    press(&mut app, &["Down"]);
    assert_eq!(app.notice, None, "the next key takes it away");
}

#[test]
fn a_filter_narrows_as_it_is_typed_and_escape_clears_it() {
    let mut app = app();
    press(&mut app, &["4", "/", "c", "o", "n", "q"]);
    assert_eq!(app.keys.shown(), 0, "letters are text while a filter is typed");
    press(&mut app, &["Esc"]);
    assert_eq!((app.keys.shown(), app.typing.is_some()), (5, false));
    press(&mut app, &["/", "L", "A", "P", "Enter"]);
    assert_eq!(app.keys.selected().unwrap().name, "laptop");
    press(&mut app, &["Esc"]);
    assert_eq!(app.keys.selected().unwrap().name, "laptop", "the row stays selected among all others");
    assert_eq!(app.keys.shown(), 5);
}

#[test]
fn panes_are_switched_by_number_and_by_tab_and_quitting_quits() {
    let mut app = app();
    for (index, pane) in Pane::ALL.into_iter().enumerate() {
        press(&mut app, &[&(index + 1).to_string()]);
        assert_eq!(app.pane, pane);
    }
    press(&mut app, &["Tab"]);
    assert_eq!(app.pane, Pane::Overview);
    press(&mut app, &["?"]);
    assert_eq!(app.pane, Pane::Help);
    assert_eq!(press(&mut app, &["q"]), [Effect::Quit]);
    assert_eq!(press(&mut app, &["4", "a", "Ctrl-C"]), [Effect::Quit]);
    assert_eq!(update(&mut app, Msg::Hangup), [Effect::Quit]);
}
