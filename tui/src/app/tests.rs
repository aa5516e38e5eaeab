//! What happens goes in, what is to be done comes out: no terminal, no daemon.

mod actions;
mod comings;
mod mouse;
mod secrets;

use mcpd_ipc::keys::{KeyCreated, KeyState, Shown};

use super::{
    App, Pane, Popup,
    sample::{self, busy, press, see, write},
    update,
};
use crate::{
    effect::{Call, Effect},
    msg::{Msg, Reply, Trouble, Why},
    theme::Theme,
};

fn app() -> App {
    busy((80, 24), Theme::Colour)
}

/// Returns the one call among effects.
fn call(effects: Vec<Effect>) -> Call {
    match <[Effect; 1]>::try_from(effects) {
        Ok([Effect::Call(call)]) => *call,
        other => panic!("{other:?}"),
    }
}

fn done(app: &mut App, reply: Reply) -> Vec<Effect> {
    update(app, Msg::Done(Box::new(reply)))
}

fn why(kind: Trouble, words: &str) -> Why {
    Why { kind, words: words.into(), hint: None }
}

fn secret(name: &str) -> Reply {
    let key = sample::key("n3w0k3y1d2f4", name, None, KeyState::Active);
    Reply::KeyCreated(KeyCreated { key, secret: Shown::new("mcpd_sk_TOPSECRET") })
}

#[test]
fn a_refused_form_stays_open_and_says_why() {
    let mut app = app();
    press(&mut app, &["4", "a"]);
    write(&mut app, "laptop");
    let sent = call(press(&mut app, &["Enter"]));
    let why =
        Why { hint: Some("choose another".into()), ..why(Trouble::Refused, "there is a key \"laptop\"") };
    update(&mut app, Msg::Failed(Box::new(sent), why));
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert_eq!(form.said, super::form::Said::Wrong("there is a key \"laptop\"; choose another".into()));
    write(&mut app, "2");
    let Call::AddKey(key) = call(press(&mut app, &["Enter"])) else { panic!() };
    assert_eq!(key.name, "laptop2");
}

#[test]
fn an_answer_is_not_taken_for_that_of_another_form() {
    let mut app = app();
    press(&mut app, &["5", "t"]);
    write(&mut app, "10.1.2.3");
    let test = call(press(&mut app, &["Enter"]));
    press(&mut app, &["Esc", "a"]);
    write(&mut app, "10.0.0.0/8");
    let add = call(press(&mut app, &["Enter"]));
    update(&mut app, Msg::Failed(Box::new(test), why(Trouble::Refused, "no address")));
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert!(form.is_sending());
    assert_eq!(app.notice.as_ref().unwrap().words, "could not test 10.1.2.3: no address");
    update(&mut app, Msg::Failed(Box::new(add), why(Trouble::Refused, "no network")));
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert_eq!(form.said, super::form::Said::Wrong("no network".into()));
}

#[test]
fn pasted_text_presses_no_keys() {
    let mut app = app();
    press(&mut app, &["4"]);
    assert_eq!(update(&mut app, Msg::Paste("ry\nq".into())), []);
    assert!(app.popup.is_none());
    press(&mut app, &["a"]);
    write(&mut app, "two\nlines");
    let Some(Popup::Form(form)) = &app.popup else { panic!() };
    assert_eq!(form.fields[0].input.value(), "two lines");
}

#[test]
fn a_screen_that_shows_nothing_does_nothing_but_quit() {
    let mut app = app();
    press(&mut app, &["4"]);
    update(&mut app, Msg::Resize(60, 20));
    assert_eq!(press(&mut app, &["r", "y", "5"]), []);
    assert_eq!((app.pane, app.popup.is_none()), (Pane::Keys, true));
    assert_eq!(press(&mut app, &["q"]), [Effect::Quit]);
}
