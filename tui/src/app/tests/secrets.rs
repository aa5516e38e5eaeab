//! A new secret stays until somebody can have seen it and closes it on purpose.

use super::*;

#[test]
fn a_secret_is_closed_by_its_own_key_only_and_gone_then() {
    let mut app = app();
    press(&mut app, &["4", "a"]);
    write(&mut app, "ci");
    let added = call(press(&mut app, &["Enter"]));
    assert!(matches!(added, Call::AddKey(_)));
    assert_eq!(press(&mut app, &["Enter"]), [], "a second Enter does not issue a second key");

    let effects = done(&mut app, secret("ci"));
    assert!(effects.contains(&Effect::Mouse(false)));
    assert!(app.popup.is_none(), "the form is closed");
    let shown = format!("{:?}", app.secrets);
    assert!(!shown.contains("TOPSECRET"), "{shown}");
    let message = Msg::Done(Box::new(secret("ci")));
    assert!(!format!("{message:?}").contains("TOPSECRET"));

    see(&mut app, 1_000);
    // Neither impatience nor habit closes it, nor anything that is pressed on what is behind.
    let effects = press(&mut app, &["Enter", "Esc", "q", "x", "y", " ", "Ctrl-C", "1"]);
    assert_eq!((effects, app.secrets.len(), app.pane), (vec![], 1, Pane::Keys));
    assert_eq!(app.secrets[0].secret.reveal(), "mcpd_sk_TOPSECRET");
    assert_eq!(press(&mut app, &["c"]), [Effect::Mouse(true)]);
    assert!(app.secrets.is_empty());
}

#[test]
fn two_secrets_are_shown_one_after_the_other() {
    let mut app = app();
    done(&mut app, secret("one"));
    done(&mut app, secret("two"));
    see(&mut app, 1_000);
    assert_eq!(press(&mut app, &["c"]), []);
    assert_eq!(app.secrets[0].name, "two");
    assert_eq!(press(&mut app, &["c"]), []);
    assert_eq!(app.secrets[0].name, "two", "a second press does not close what nobody saw");
    see(&mut app, 1_000);
    assert_eq!(press(&mut app, &["c"]), [Effect::Mouse(true)]);
}

#[test]
fn a_secret_is_not_closed_before_it_was_seen_for_a_second() {
    let mut app = app();
    press(&mut app, &["4"]);
    done(&mut app, secret("ci"));
    let kept = |app: &mut App, when: &str| {
        assert_eq!(press(app, &["c", "x", "y", "c"]), [], "{when}");
        assert_eq!((app.secrets.len(), app.popup.is_none()), (1, true), "{when}");
    };
    kept(&mut app, "typed ahead");
    update(&mut app, Msg::Now(sample::NOW + 5_000));
    kept(&mut app, "never drawn, however late");
    update(&mut app, Msg::Drawn(60, 10));
    update(&mut app, Msg::Now(sample::NOW + 10_000));
    kept(&mut app, "drawn where it did not fit");
    see(&mut app, 999);
    kept(&mut app, "drawn just now");
    // Drawing it again does not begin the second anew.
    see(&mut app, 1);
    assert_eq!(press(&mut app, &["c"]), [Effect::Mouse(true)]);
    assert!(app.secrets.is_empty());
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_a_secret() {
    let mut app = app();
    done(&mut app, secret("ci"));
    see(&mut app, -3_600_000);
    assert_eq!(press(&mut app, &["c"]), [Effect::Mouse(true)]);
}

#[test]
fn a_secret_outlives_the_daemon_that_gave_it() {
    let mut app = app();
    done(&mut app, secret("ci"));
    update(&mut app, sample::away());
    update(&mut app, Msg::Connected);
    assert_eq!(app.secrets[0].secret.reveal(), "mcpd_sk_TOPSECRET");
}
