//! The terminal is given back, proved in a pseudoterminal: the tests marked as ignored are the programs that run in it.

use std::{
    io::{Read, Write},
    num::NonZero,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::*;
use crate::{Settings, conn::tests::fake::Fake};

/// Says where the program's daemon would be, and that it may run.
const SOCKET: &str = "MCPD_TUI_TEST_SOCKET";

/// Where nobody answers.
const NOBODY: &str = "/nowhere/mcpd.sock";

/// Takes the terminal and panics.
#[test]
#[ignore = "a program for the tests below"]
fn program_that_panics() {
    if std::env::var_os(SOCKET).is_none() {
        return;
    }
    let mut terminal = Terminal::enter().unwrap();
    terminal.draw(|frame| frame.render_widget("something", frame.area())).unwrap();
    panic!("the reason can be read");
}

/// Runs the dashboard.
#[test]
#[ignore = "a program for the tests below"]
fn program_that_runs() {
    let Some(socket) = std::env::var_os(SOCKET) else { return };
    let settings = Settings {
        socket: Box::new(move || Ok(socket.clone().into())),
        program: "mcpctl/test".into(),
        refresh: Duration::from_secs(1),
        colour: true,
        start_hint: "mcpd run".into(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(crate::run(settings)).unwrap();
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

/// A program in a pseudoterminal.
struct Run {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    said: mpsc::Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: Vec<u8>,
    before: String,
    // Kept open: the settings of a terminal that nobody has open are gone.
    _slave: Box<dyn portable_pty::SlavePty + Send>,
}

impl Run {
    fn start(program: &str, socket: &Path) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let before = format!("{:?}", pair.master.get_termios());
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", program, "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(SOCKET, socket);
        command.env("RUST_BACKTRACE", "0");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, said) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = vt100::Parser::new(cells(24), cells(80), 0);
        Self { child, master: pair.master, said, screen, raw: vec![], before, _slave: pair.slave }
    }

    /// Reads until the screen is as wanted.
    fn until(&mut self, wanted: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !wanted(self.screen.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let bytes = self.said.recv_timeout(left);
            let bytes = bytes.unwrap_or_else(|_| panic!("not in time:\n{}", self.screen.screen().contents()));
            self.screen.process(&bytes);
            self.raw.extend(bytes);
        }
    }

    /// Waits for the end and shows that the terminal is as it was.
    fn given_back(mut self) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
        // It has ended; what it wrote comes by a thread that may be late.
        self.until(|screen| !screen.alternate_screen());
        while let Ok(bytes) = self.said.recv_timeout(Duration::from_millis(200)) {
            self.screen.process(&bytes);
            self.raw.extend(bytes);
        }
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen());
        assert!(!screen.hide_cursor());
        assert!(!screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(format!("{:?}", self.master.get_termios()), self.before);
        let raw = String::from_utf8_lossy(&self.raw);
        assert!(raw.contains("\u{1b}[?1049h"), "it was taken at all");
        screen.contents()
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_can_be_read() {
    let run = Run::start("term::tests::program_that_panics", Path::new(NOBODY));
    let shown = run.given_back();
    assert!(shown.contains("the reason can be read"), "{shown}");
}

#[test]
fn quitting_gives_the_terminal_back() {
    let mut run = Run::start("term::tests::program_that_runs", Path::new(NOBODY));
    run.until(|screen| screen.contents().contains("The daemon is away"));
    assert!(run.screen.screen().alternate_screen());
    assert!(run.screen.screen().hide_cursor());
    assert_ne!(format!("{:?}", run.master.get_termios()), run.before, "it is raw");
    let shown = run.screen.screen().contents();
    assert!(shown.contains("no daemon answers at /nowhere/mcpd.sock"), "{shown}");
    assert!(shown.contains("start it: mcpd run"), "{shown}");
    let mut keys = run.master.take_writer().unwrap();
    keys.write_all(b"?").unwrap();
    run.until(|screen| screen.contents().contains("one row up"));
    let size = PtySize { rows: 20, cols: 60, pixel_width: 0, pixel_height: 0 };
    run.master.resize(size).unwrap();
    run.screen.screen_mut().set_size(cells(20), cells(60));
    run.until(|screen| screen.contents().contains("too small: 60x20"));
    keys.write_all(b"q").unwrap();
    run.given_back();
}

#[test]
fn being_told_to_end_gives_the_terminal_back() {
    for signal in ["-TERM", "-HUP", "-INT"] {
        let mut run = Run::start("term::tests::program_that_runs", Path::new(NOBODY));
        run.until(|screen| screen.contents().contains("The daemon is away"));
        let process = run.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &process]).status().unwrap().success());
        run.given_back();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_is_shown_goes_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("mcpd.sock");
    let daemon = Fake::start(&socket, None);
    let mut run = Run::start("term::tests::program_that_runs", &socket);
    run.until(|screen| screen.contents().contains("healthy"));
    let mut keys = run.master.take_writer().unwrap();
    keys.write_all(b"3").unwrap();
    run.until(|screen| screen.contents().contains("nobody is connected"));
    keys.write_all(b"2").unwrap();
    run.until(|screen| screen.contents().contains("retrieve_memory"));
    daemon.die().await;
    run.until(|screen| screen.contents().contains("Enter tries now"));
    assert!(run.screen.screen().contents().contains("retrieve_memory"), "what was seen stays");
    let _daemon = Fake::start(&socket, None);
    keys.write_all(b"\r").unwrap();
    run.until(|screen| screen.contents().contains("healthy"));
    keys.write_all(b"q").unwrap();
    run.given_back();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_not_closed_by_what_was_typed_ahead() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("mcpd.sock");
    let _daemon = Fake::start(&socket, None);
    let mut run = Run::start("term::tests::program_that_runs", &socket);
    run.until(|screen| screen.contents().contains("healthy"));
    let mut keys = run.master.take_writer().unwrap();
    keys.write_all(b"4aci\rcccc").unwrap();
    run.until(|screen| screen.contents().contains("mcpd_sk_TOPSECRET"));
    keys.write_all(b"cccc").unwrap();
    run.until(|screen| screen.contents().contains("close for good"));
    assert!(run.screen.screen().contents().contains("mcpd_sk_TOPSECRET"));
    keys.write_all(b"c").unwrap();
    run.until(|screen| !screen.contents().contains("TOPSECRET"));
    keys.write_all(b"q").unwrap();
    run.given_back();
}

/// Measures the processor time of the dashboard while a thousand requests pass each second.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo test --release -p mcpd-tui processor -- --ignored --nocapture"]
async fn processor_time_stays_below_a_twentieth() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("mcpd.sock");
    let _daemon = Fake::start(&socket, None);
    let ticks = |process: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().map(str::to_owned).collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    for pane in ["1", "2", "2/retrieve\r"] {
        let mut run = Run::start("term::tests::program_that_runs", &socket);
        run.until(|screen| screen.contents().contains("healthy"));
        let mut keys = run.master.take_writer().unwrap();
        keys.write_all(pane.as_bytes()).unwrap();
        // The rows that are kept are all there after two seconds.
        thread::sleep(Duration::from_secs(3));
        let process = run.child.process_id().unwrap();
        let before = ticks(process);
        thread::sleep(Duration::from_secs(10));
        // A tick is a hundredth of a second, so these are thousandths of a core.
        let used = ticks(process) - before;
        assert!(used < 50, "{pane}: {used} thousandths of a core");
        std::io::stderr().write_all(format!("{pane:?}: {used} thousandths of a core\n").as_bytes()).unwrap();
        keys.write_all(b"q").unwrap();
        run.given_back();
    }
}
