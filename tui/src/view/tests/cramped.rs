//! Where there is too little room: small terminals, and texts longer than what holds them.

use super::*;

#[test]
fn a_terminal_that_is_too_small_says_so() {
    let mut app = busy((79, 24), Theme::Colour);
    let shown = text(&mut app);
    assert!(shown.starts_with("too small: 79x24; 80x24 is needed; q quits"), "{shown}");
    for size in [(1, 1), (10, 3), (0, 0), (80, 2), (500, 24), (80, 200)] {
        for keys in [["Esc", "Esc", "1"], ["8", "End", "8"], ["4", "Enter", "End"]] {
            app.size = (80, 24);
            press(&mut app, &keys);
            app.size = size;
            text(&mut app);
            press(&mut app, &["Down", "End"]);
        }
    }
}

#[test]
fn a_terminal_that_is_too_small_says_what_leaves_it() {
    let over = |keys: &[&str]| {
        let mut app = busy((80, 24), Theme::Colour);
        press(&mut app, keys);
        app.size = (60, 10);
        app
    };
    let first = |app: &mut App| text(app).lines().next().unwrap().to_owned();
    let cases: [(&[&str], &str); 5] = [
        (&["4"], "q"),
        (&["4", "/"], "Ctrl-C"),
        (&["4", "a"], "Ctrl-C"),
        (&["4", "x"], "Ctrl-C"),
        (&["4", "Enter"], "Ctrl-C"),
    ];
    for (keys, leaves) in cases {
        let mut app = over(keys);
        assert_eq!(first(&mut app), format!("too small: 60x10; 80x24 is needed; {leaves} quits"));
        let quits = press(&mut app, &["q"]) == [Effect::Quit];
        assert_eq!(quits, leaves == "q", "{keys:?}");
        assert_eq!(press(&mut app, &["Ctrl-C"]), [Effect::Quit], "{keys:?}");
    }
    let mut app = over(&[]);
    let key = sample::key("n3w0k3y1d2f4", "ci", None, KeyState::Active);
    let created = KeyCreated { key, secret: Shown::new("mcpd_sk_TOPSECRET") };
    update(&mut app, Msg::Done(Box::new(Reply::KeyCreated(created))));
    let shown = text(&mut app);
    assert_eq!(shown.trim_end(), "too small: 60x10; 80x24 is needed; make it larger: a secret\nwaits");
    see(&mut app, 5_000);
    assert_eq!(press(&mut app, &["q", "Ctrl-C", "c"]), []);
    app.size = (80, 24);
    assert!(text(&mut app).contains("TOPSECRET"), "nothing closed it unseen");
}

/// Returns a form that was refused with a text that quotes what was pasted into it.
fn refused(paste: &str) -> App {
    let mut app = busy((80, 24), Theme::Colour);
    press(&mut app, &["4", "a"]);
    write(&mut app, paste);
    let effects = press(&mut app, &["Enter"]);
    let Some(Effect::Call(call)) = effects.into_iter().next() else { panic!() };
    let words = format!("there is no name like {paste:?}: it has too many characters");
    update(&mut app, Msg::Failed(call, Why { kind: Trouble::Refused, words, hint: None }));
    app
}

#[test]
fn a_long_refusal_stays_within_its_form() {
    let long = ["x".repeat(500), "\u{202e}".repeat(500), "会".repeat(500), "two words ".repeat(50)];
    for paste in long {
        let mut app = refused(&paste);
        let buffer = screen(&mut app);
        let is_framed = |y: u16| buffer[(1, y)].symbol() == "│" && buffer[(78, y)].symbol() == "│";
        let shown = text(&mut app);
        let lines: Vec<_> = shown.lines().collect();
        assert!(lines[1].starts_with(" ┌─ Issue a key ─"), "{shown}");
        assert!(lines[22].starts_with(" └──"), "{shown}");
        assert!((2..22).all(is_framed), "{shown}");
        assert!(lines[19].contains('…'), "something is missing and it is said so\n{shown}");
        assert!(lines[21].contains("Enter send"), "{shown}");
    }
    insta::assert_snapshot!("form_refused_at_length", text(&mut refused(&"\u{202e}".repeat(500))));
}

#[test]
fn a_length_of_time_that_is_none_stays_within_its_form_too() {
    let mut app = busy((80, 24), Theme::Colour);
    press(&mut app, &["4", "R"]);
    write(&mut app, &"\u{202e}".repeat(500));
    press(&mut app, &["Enter"]);
    let shown = text(&mut app);
    assert!(shown.lines().nth(22).unwrap().starts_with(" └──"), "{shown}");
    assert!(shown.contains("…") && shown.contains("Enter send"), "{shown}");
}

#[test]
fn a_question_about_something_with_a_long_name_can_be_answered() {
    let mut app = busy((80, 24), Theme::Colour);
    press(&mut app, &["4"]);
    let key = sample::key("n3w0k3y1d2f4", &"\u{202e}".repeat(500), None, KeyState::Active);
    let keys = mcpd_ipc::keys::KeyList { keys: vec![key] };
    update(&mut app, Msg::Done(Box::new(Reply::Keys(keys))));
    press(&mut app, &["x"]);
    let shown = text(&mut app);
    assert!(shown.lines().nth(22).unwrap().starts_with(" └──"), "{shown}");
    assert!(shown.contains("y yes  n no") && shown.contains("cannot be undone"), "{shown}");
}
