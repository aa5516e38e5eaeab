//! Whose what is kept is.

/// Returns the user this process runs as.
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}
