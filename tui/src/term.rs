//! The terminal: taken on entry, given back whatever happens: on the way out, on an error, and before a panic is told.

use std::{
    io::{self, BufWriter, IsTerminal, Stdout, Write},
    panic,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    cursor::{Hide, Show},
    event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture},
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Frame, backend::CrosstermBackend};

type Backend = CrosstermBackend<BufWriter<Stdout>>;

/// The terminal while it is ours.
pub(crate) struct Terminal {
    screen: ratatui::Terminal<Backend>,
    // After the screen, so that it is dropped after it: giving back is the last that is written.
    _taken: Taken,
}

/// Gives the terminal back when it is dropped, once.
struct Taken(Arc<AtomicBool>);

impl Drop for Taken {
    fn drop(&mut self) {
        give_back(&self.0);
    }
}

impl Terminal {
    /// Takes the terminal: raw, on the alternate screen, with the mouse.
    pub(crate) fn enter() -> io::Result<Self> {
        let mut stdout = io::stdout();
        if !stdout.is_terminal() {
            return Err(io::Error::other("standard output is not a terminal"));
        }
        let taken = Taken(Arc::new(AtomicBool::new(false)));
        give_back_on_panic(Arc::clone(&taken.0));
        enable_raw_mode()?;
        // From here on there is something to give back, and not before.
        taken.0.store(true, Ordering::SeqCst);
        execute!(stdout, EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, Hide)?;
        let screen = ratatui::Terminal::new(CrosstermBackend::new(BufWriter::new(stdout)))?;
        Ok(Self { screen, _taken: taken })
    }

    /// Returns columns and rows.
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.screen.size()?;
        Ok((size.width, size.height))
    }

    /// Draws one screen; terminals that can show it at once.
    pub(crate) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.screen.backend_mut(), BeginSynchronizedUpdate)?;
        self.screen.draw(draw)?;
        queue!(self.screen.backend_mut(), EndSynchronizedUpdate)?;
        self.screen.backend_mut().flush()
    }

    /// Takes the mouse, or leaves it to the terminal so that text can be selected.
    pub(crate) fn take_mouse(&mut self, taken: bool) -> io::Result<()> {
        let backend = self.screen.backend_mut();
        if taken { execute!(backend, EnableMouseCapture) } else { execute!(backend, DisableMouseCapture) }
    }
}

/// Gives the terminal back, the first time it is called for this `taken`.
fn give_back(taken: &AtomicBool) {
    if !taken.swap(false, Ordering::SeqCst) {
        return;
    }
    // Each on its own: where one fails the others still matter, and there is nobody to tell.
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}

/// Gives the terminal back before the message of a panic is written, so that it can be read.
fn give_back_on_panic(taken: Arc<AtomicBool>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back(&taken);
        before(info);
    }));
}

#[cfg(all(test, unix))]
mod tests;
