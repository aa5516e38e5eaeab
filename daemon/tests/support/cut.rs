//! Starts that end in the midst: the daemon under strace, killed when it asks the system for something the nth time.
//! On Debian strace is `apt-get install strace`; a tracer that starts its daemon needs no rights.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
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

/// Starts the daemon in a home and kills it when one of its threads makes a call for the nth time. Answers whether it
/// did not come up; one that did is killed then.
pub fn cut(home: &Path, call: &str, nth: usize) -> bool {
    let mut strace = Command::new("strace");
    strace.env_clear().env("HOME", home).stdin(Stdio::null());
    // Without --seccomp-bpf, under which only the first call of a thread is counted.
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e"]).arg(format!("trace={call}"));
    strace.arg("-e").arg(format!("inject={call}:signal=KILL:when={nth}"));
    strace.arg(env!("CARGO_BIN_EXE_mcpd")).arg("--state-dir").arg(home.join("state"));
    strace.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut strace = strace.process_group(0).spawn().expect("install strace");
    let mut line = String::new();
    BufReader::new(strace.stdout.take().unwrap()).read_line(&mut line).unwrap();
    // A tracer that dies lets its daemon go: both end together.
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", strace.id())]).stderr(Stdio::null()).status();
    strace.wait().unwrap();
    line.is_empty()
}
