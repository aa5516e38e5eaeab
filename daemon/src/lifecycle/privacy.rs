//! What keeps the process to itself: what it creates is private, and its memory, in which keys are, is not dumped.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Makes whatever this process creates private from the start, rather than a moment later.
pub(super) fn private_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Leaves no core dump behind, nor lets other processes of its user look into its memory.
pub(super) fn no_core_dumps() {
    // What cannot be forbidden here is as the system has it; a unit file forbids it too.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
