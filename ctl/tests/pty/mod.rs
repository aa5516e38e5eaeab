//! A program in a terminal of its own: what its user sees, and keys pressed one after another.

#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    io::{Read, Write},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long the screen may take to show what it must.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with a program in it; dropping it ends the program.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// How the line discipline was set before the program began.
    before: String,
}

impl Terminal {
    /// Opens a terminal of that size and starts a program in it.
    pub(crate) fn open(columns: u16, rows: u16, command: CommandBuilder) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let before = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).unwrap();
        // Held by the child alone, so that reading ends with it.
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(lines(rows), lines(columns), 0)));
        let (shown, mut reader) = (Arc::clone(&screen), pair.master.try_clone_reader().unwrap());
        thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(length @ 1..) = reader.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..length]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, keys, screen, before }
    }

    /// Returns the program's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Presses keys until the screen shows all of these: a dashboard whose daemon came back just now takes no key that
    /// changes something.
    #[track_caller]
    pub(crate) fn press_until(&mut self, keys: &str, texts: &[&str]) {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            self.press(keys);
            let pressed = Instant::now();
            while pressed.elapsed() < PATIENCE / 12 {
                let shown = self.shown();
                if texts.iter().all(|text| shown.contains(text)) {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
        panic!("{keys:?} never brings {texts:?}:\n{}", self.shown());
    }

    /// Makes the window another size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(lines(rows), lines(columns));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Returns what the screen shows.
    pub(crate) fn shown(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until the screen shows all of these.
    #[track_caller]
    pub(crate) fn shows(&self, texts: &[&str]) {
        self.wait(&format!("{texts:?}"), |shown| texts.iter().all(|text| shown.contains(text)));
    }

    /// Waits until the screen shows none of this any more.
    #[track_caller]
    pub(crate) fn shows_no(&self, text: &str) {
        self.wait(&format!("no {text:?}"), |shown| !shown.contains(text));
    }

    #[track_caller]
    fn wait(&self, what: &str, met: impl Fn(&str) -> bool) {
        let begin = Instant::now();
        loop {
            let shown = self.shown();
            if met(&shown) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "the screen never shows {what}:\n{shown}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the program to end by itself, checks that the terminal is as it was, and returns its exit code.
    #[track_caller]
    pub(crate) fn ended(mut self) -> u32 {
        let begin = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.exit_code();
            }
            assert!(begin.elapsed() < PATIENCE, "it still runs:\n{}", self.shown());
            thread::sleep(Duration::from_millis(10));
        };
        let is_back = |parser: &vt100::Parser| {
            let screen = parser.screen();
            let mouse = screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None;
            !screen.alternate_screen() && !screen.hide_cursor() && mouse
        };
        while !is_back(&self.screen.lock().unwrap()) {
            assert!(begin.elapsed() < PATIENCE, "the terminal is not given back");
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(format!("{:?}", self.master.get_termios()), self.before, "typing is as it was");
        code
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(number: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(number).unwrap()
}
