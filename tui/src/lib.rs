//! The dashboard of mcpd: what an operator keeps open all day. It speaks to the daemon over the control socket only.
//! `conn` hears and calls, `app` knows, `view` shows; the loop below joins them.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod app;
mod conn;
mod effect;
mod keymap;
mod layout;
mod msg;
mod signals;
mod term;
mod theme;
mod view;

use std::{path::PathBuf, time::Duration};

use crossterm::event::{Event, EventStream};
use futures::StreamExt;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::{
    app::{App, Fixed, update},
    conn::{Conn, Wire},
    effect::Effect,
    msg::Msg,
    signals::Hangup,
    term::Terminal,
    theme::Theme,
};

/// Time between two drawings at least: faster than the eye, slower than a wheel that spins.
const FRAME: Duration = Duration::from_millis(100);
/// Time between two drawings that nobody waits for.
const SECOND: Duration = Duration::from_secs(1);
/// The shortest time between two pictures that the daemon takes.
const FASTEST: Duration = Duration::from_millis(100);

/// How the dashboard is opened.
pub struct Settings {
    /// Finds the socket to call, again before each try: a daemon that comes back may have another.
    pub socket: Box<dyn Fn() -> Result<PathBuf, String> + Send + Sync>,
    /// Program and version, for the daemon's log.
    pub program: String,
    /// Time between two pictures of the daemon.
    pub refresh: Duration,
    /// Whether colours are used; without them state is told by words and attributes.
    pub colour: bool,
    /// How to start a daemon where none answers, as a line for a shell.
    pub start_hint: String,
}

/// Why the dashboard ended other than by the wish of its user.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal cannot be used.
    #[error("the terminal cannot be used")]
    Terminal(#[from] std::io::Error),
}

/// Opens the dashboard and returns when its user quits; the terminal is as it was then.
pub async fn run(settings: Settings) -> Result<(), TuiError> {
    let mut hangup = Hangup::listen()?;
    let mut terminal = Terminal::enter()?;
    let refresh = settings.refresh.max(FASTEST);
    let fixed = Fixed {
        theme: if settings.colour { Theme::Colour } else { Theme::Monochrome },
        refresh: refresh.as_millis() as i64,
        start_hint: settings.start_hint,
    };
    let mut app = App::new(fixed, terminal.size()?, conn::now());
    let (mut conn, mut news) =
        Conn::open(Wire { socket: settings.socket, program: settings.program, refresh });
    let mut input = EventStream::new();
    let pace = refresh.min(SECOND);
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut drawn = Instant::now();
    let mut next_drawing = Some(drawn);

    loop {
        let drawing = next_drawing.unwrap_or(drawn);
        let msg = tokio::select! {
            // In this order: a drawing that is due is not put off, and who waits at the keyboard comes before figures.
            biased;
            () = sleep_until(drawing), if next_drawing.is_some() => {
                app.settle();
                let mut size = app.size;
                terminal.draw(|frame| {
                    size = frame.area().as_size().into();
                    view::draw(&app, frame);
                })?;
                (drawn, next_drawing) = (Instant::now(), None);
                Some(Msg::Drawn(size.0, size.1))
            }
            event = input.next() => match event {
                Some(event) => message(event?),
                None => Some(Msg::Hangup),
            },
            () = hangup.came() => Some(Msg::Hangup),
            _ = ticks.tick() => Some(Msg::Tick(conn::now())),
            msg = news.recv() => msg,
            () = conn.broke() => Some(Msg::Hangup),
        };
        let Some(msg) = msg else { continue };
        let wait = if msg.is_urgent() { FRAME } else { pace };
        // The last of them happens first.
        let mut happened = vec![msg, Msg::Now(conn::now())];
        while let Some(msg) = happened.pop() {
            for effect in update(&mut app, msg) {
                match effect {
                    Effect::Quit => return Ok(()),
                    Effect::Retry => conn.retry(),
                    Effect::Mouse(taken) => terminal.take_mouse(taken)?,
                    Effect::Call(call) => happened.extend(conn.call(*call)),
                }
            }
        }
        if std::mem::take(&mut app.is_dirty) {
            let soon = drawn + wait;
            next_drawing = Some(next_drawing.map_or(soon, |planned| planned.min(soon)));
        }
    }
}

/// Returns what an event of the terminal means, if anything.
fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => Some(Msg::Key(key)),
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resize(width, height)),
        Event::FocusGained | Event::FocusLost => None,
    }
}
