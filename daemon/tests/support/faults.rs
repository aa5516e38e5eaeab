//! What goes wrong with a disk, made on purpose: system calls that fail while a tracer is attached, and file systems of
//! a few megabytes. Both need root.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::PATIENCE;

/// Fails, with what to do, unless the tests may attach to processes and mount.
pub fn need_root() {
    let root = rustix::process::geteuid().is_root();
    assert!(root, "faults are made by root: sudo -E cargo test -p mcpd --test faults -- --ignored");
}

/// System calls of a process that fail for as long as this lives.
pub struct Failing(Child);

impl Failing {
    /// Has `calls` of the process fail with `error`, in every thread. `calls` are separated by commas.
    pub fn begin(pid: u32, calls: &str, error: &str) -> Self {
        let mut command = Command::new("strace");
        command.args([
            "-f",
            "-q",
            "-e",
            &format!("trace={calls}"),
            "-e",
            &format!("inject={calls}:error={error}"),
        ]);
        command.args(["-p", &pid.to_string()]).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("strace is needed (Debian: apt-get install strace)");
        // It is attached once every thread is: the process is stopped meanwhile, so what comes after is traced.
        let stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || BufReader::new(stderr).lines().for_each(drop));
        let began = std::time::Instant::now();
        while !is_traced(pid) {
            assert!(began.elapsed() < PATIENCE, "strace does not attach");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Self(child)
    }

    /// Lets the calls through again.
    pub fn end(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        // It may have ended with the process.
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
            let _ = self.0.wait();
        }
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Answers whether every thread of a process has a tracer.
fn is_traced(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().all(|thread| {
        let status = std::fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        status.lines().find_map(|line| line.strip_prefix("TracerPid:")).is_some_and(|pid| pid.trim() != "0")
    })
}

/// A file system of its own, gone when this drops.
pub struct Mounted {
    at: PathBuf,
    _image: tempfile::TempDir,
}

impl Mounted {
    /// Mounts so many megabytes of main memory.
    pub fn memory(megabytes: u32) -> Self {
        Self::mount(|at, _| {
            vec!["-t".into(), "tmpfs".into(), "-o".into(), format!("size={megabytes}m"), "tmpfs".into(), at]
        })
    }

    /// Mounts an ext4 of so many megabytes, which can become read-only under the feet of those who use it.
    pub fn ext4(megabytes: u64) -> Self {
        Self::mount(|at, image| {
            std::fs::File::create(&image).unwrap().set_len(megabytes << 20).unwrap();
            run(Command::new("mkfs.ext4").arg("-q").arg(&image));
            vec!["-o".into(), "loop".into(), image, at]
        })
    }

    fn mount(arguments: impl FnOnce(String, String) -> Vec<String>) -> Self {
        need_root();
        let image = tempfile::tempdir().unwrap();
        let at = image.path().join("mounted");
        std::fs::create_dir(&at).unwrap();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let arguments = arguments(text(at.clone()), text(image.path().join("image")));
        run(Command::new("mount").args(arguments));
        Self { at, _image: image }
    }

    pub fn path(&self) -> &Path {
        &self.at
    }

    /// Fills what is free, to the last block.
    pub fn fill(&self) {
        use std::io::Write;
        let mut file = std::fs::File::create(self.at.join("filling")).unwrap();
        for block in [64 * 1024, 4096, 1] {
            while file.write(&vec![7u8; block]).is_ok_and(|written| written > 0) {}
        }
    }

    pub fn empty(&self) {
        std::fs::remove_file(self.at.join("filling")).unwrap();
    }

    /// Makes it read-only at once, as the system does after an error of the disk.
    pub fn abort(&self) {
        run(Command::new("mount").args(["-o", "remount,abort"]).arg(&self.at));
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
