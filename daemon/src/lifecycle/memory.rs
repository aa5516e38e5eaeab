//! How the system hands memory to the process.

/// Takes memory in small pages: with huge ones, which the allocator asks for and some systems give everybody, a daemon that
/// does nothing holds three times of what it uses.
pub(super) fn in_small_pages() {
    // Where the system knows no such pages there is nothing to switch off.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
