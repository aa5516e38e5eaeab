//! Clicks and the wheel find what is drawn where.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::*;

fn mouse(app: &mut App, kind: MouseEventKind, column: u16, row: u16) {
    app.settle();
    update(app, Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    app.settle();
}

fn click(app: &mut App, column: u16, row: u16) {
    mouse(app, MouseEventKind::Down(MouseButton::Left), column, row);
}

#[test]
fn a_click_opens_a_tab_sorts_by_a_heading_and_selects_a_row() {
    let mut app = app();
    // ` 1 Overview 2 Requests 3 Connections 4 Keys`
    click(&mut app, 38, 1);
    assert_eq!(app.pane, Pane::Keys);
    click(&mut app, 2, 5);
    assert_eq!(app.keys.selected().unwrap().name, "laptop");
    click(&mut app, 1, 3);
    assert_eq!(app.keys.sort(), Some((0, false)));
    click(&mut app, 1, 3);
    assert_eq!(app.keys.sort(), Some((0, true)));
    assert_eq!(app.keys.selected().unwrap().name, "laptop");
    click(&mut app, 70, 15);
    assert_eq!(app.keys.selected().unwrap().name, "laptop", "there is no row");
    assert_eq!(app.keys.window(1).next().unwrap().0.name, "会话助手");
}

#[test]
fn the_banner_moves_what_is_below_it() {
    let mut app = app();
    press(&mut app, &["4"]);
    update(&mut app, sample::away());
    let banner = crate::layout::regions(&app).banner.height;
    assert!(banner >= 2);
    click(&mut app, 2, 5 + banner);
    assert_eq!(app.keys.selected().unwrap().name, "laptop");
}

#[test]
fn the_wheel_scrolls_and_what_stands_before_a_pane_takes_the_clicks() {
    let mut app = app();
    press(&mut app, &["2"]);
    mouse(&mut app, MouseEventKind::ScrollUp, 10, 10);
    assert_eq!(app.requests.table.selected().unwrap().number, 297);
    mouse(&mut app, MouseEventKind::ScrollDown, 10, 10);
    assert!(app.requests.table.is_following());
    press(&mut app, &["4", "x"]);
    click(&mut app, 2, 1);
    assert_eq!(app.pane, Pane::Keys);
    app.is_dirty = false;
    mouse(&mut app, MouseEventKind::Moved, 2, 1);
    assert!(!app.is_dirty);
}
