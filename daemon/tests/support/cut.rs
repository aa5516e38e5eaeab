//! Starts that end in the midst: the daemon under strace, killed when it asks the system for something the nth time.
//! On Debian strace is `apt-get install strace`; a tracer that starts its daemon needs no rights.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// What changes the disk. Each thread counts its own calls, and each kind by itself.
pub const STEPS: [&str; 6] = ["pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "rename"];

/// Which steps are tried: every one of the first, then every so many.
#[derive(Clone, Copy)]
pub struct Sample {
    pub first: usize,
    pub stride: usize,
}

impl Sample {
    pub fn after(self, step: usize) -> usize {
        if step < self.first { step + 1 } else { step + self.stride }
    }
}

/// A daemon under strace that is killed when one of its threads makes a call for the nth time.
pub struct Traced {
    strace: Child,
    /// Whether it came up.
    pub up: bool,
}

impl Traced {
    /// Starts one in a home, and waits until it is up or killed.
    pub fn start(home: &Path, call: &str, nth: usize) -> Self {
        let mut strace = Command::new("strace");
        strace.env_clear().env("HOME", home).stdin(Stdio::null());
        // Without --seccomp-bpf, under which only the first call of a thread is counted.
        strace.args(["-f", "-qq", "-o", "/dev/null", "-e"]).arg(format!("trace={call}"));
        strace.arg("-e").arg(format!("inject={call}:signal=KILL:when={nth}"));
        strace.arg(env!("CARGO_BIN_EXE_mcpd")).arg("--state-dir").arg(home.join("state"));
        strace.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut strace = strace.spawn().expect("install strace");
        let mut stdout = BufReader::new(strace.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        // What it says afterwards is read by nobody, and must not stop it.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Self { strace, up: !line.is_empty() }
    }

    /// Answers whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.strace.try_wait().unwrap().is_some()
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // A tracer that dies lets its daemon go. When the daemon dies, the tracer ends, and nothing is left of either.
        let traced = format!("/proc/{0}/task/{0}/children", self.strace.id());
        for daemon in std::fs::read_to_string(traced).unwrap_or_default().split_whitespace() {
            let _ = Command::new("kill").args(["-KILL", daemon]).stderr(Stdio::null()).status();
        }
        let _ = self.strace.wait();
    }
}
