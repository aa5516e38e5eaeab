//! The requests pane: what is answered, as it is answered.

use ratatui::layout::Rect;

use super::{
    canvas::Canvas,
    table::{self, Words},
};
use crate::{
    app::{App, Numbered, Tail, rows::grouped, table::Row},
    msg::FeedName,
    theme::Tone,
};

/// Draws the pane.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    let mut words = Words::new("request", "no request was answered since this dashboard was opened");
    words.aside = asides(&app.requests, app.is_here());
    words.trouble = trouble(app, FeedName::Requests);
    table::draw(canvas, body, &app.requests.table, app.now, &words);
}

/// Returns what is said above a tail: whether it moves, and what is missing.
pub(super) fn asides<T>(tail: &Tail<T>, is_here: bool) -> Vec<(String, Tone)>
where
    Numbered<T>: Row,
{
    let state = match (tail.is_paused, tail.table.is_following()) {
        _ if !is_here => Some(("not live while the daemon is away".to_owned(), Tone::Odd)),
        (true, _) if tail.is_outdated() => {
            let words = format!("paused, begins anew with {}", grouped(tail.held() as u64));
            Some((words, Tone::Odd))
        }
        (true, _) => Some((format!("paused, {} more came", grouped(tail.held() as u64)), Tone::Odd)),
        (false, true) => Some(("live".into(), Tone::Good)),
        (false, false) => None,
    };
    let skipped =
        (tail.skipped > 0).then(|| (format!("{} skipped, too many came", grouped(tail.skipped)), Tone::Odd));
    let forgotten = tail.is_full().then(|| ("older ones are forgotten".into(), Tone::Quiet));
    state.into_iter().chain(skipped).chain(forgotten).collect()
}

/// Returns why a feed is not to be had.
pub(super) fn trouble(app: &App, feed: FeedName) -> Option<String> {
    app.missing.iter().find(|(missing, _)| *missing == feed).map(|(_, why)| why.words.clone())
}
