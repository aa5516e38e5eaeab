//! What the process itself uses, read from the system when somebody asks.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What the process uses now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcessUse {
    /// Memory it holds, in bytes; absent where the system does not say.
    pub resident_bytes: Option<u64>,
    /// Processor time since the start in seconds, of all threads.
    pub cpu_seconds: f64,
}

impl ProcessUse {
    /// Asks the system.
    pub fn now() -> Self {
        let spent = clock_gettime(ClockId::ProcessCPUTime);
        let cpu_seconds = spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9;
        Self { resident_bytes: resident_bytes(), cpu_seconds }
    }
}

/// Returns how long the system has been up, asleep or not; nobody can set it.
pub fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let passed = clock_gettime(clock);
    let nanos = u32::try_from(passed.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(passed.tv_sec).unwrap_or(0), nanos)
}

/// Reads the second field of `/proc/self/statm`, resident pages (proc_pid_statm(5)).
#[cfg(target_os = "linux")]
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(not(target_os = "linux"))]
fn resident_bytes() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_holds_memory_and_spends_time() {
        let before = ProcessUse::now();
        let filled = vec![1u8; 32 << 20];
        let after = ProcessUse::now();
        assert!(after.cpu_seconds > 0.0 && after.cpu_seconds >= before.cpu_seconds);
        // Not what it was before and a bit more: tests beside this one give memory back.
        if let Some(after) = after.resident_bytes {
            assert!(after >= filled.len() as u64, "{after} with {} filled", filled.len());
        }
    }
}
