//! The system calls and what they answer, the same on Linux and macOS.

use std::path::Path;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, Stat, openat};
use rustix::io::Errno;

use super::Stamp;

/// How a directory is opened: never through a link.
const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// How a file is opened: never through a link, and without waiting for the other end of a pipe.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Opens the directory `name` of the directory `parent`.
pub(super) fn open_directory(parent: impl AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    openat(parent, name, DIRECTORY, Mode::empty())
}

/// Opens the file `name` of the directory `parent`; what it turned out to be is for the caller to ask.
pub(super) fn open_file(parent: impl AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    openat(parent, name, FILE, Mode::empty())
}

/// Reports whether nothing is there that a name could lead to: no entry, or a file or link where a directory should be.
pub(super) fn leads_nowhere(errno: Errno) -> bool {
    // Three systems, three answers for a link that is not followed: `ENOTDIR`, `ELOOP` and `EMLINK`.
    errno == Errno::NOENT || errno == Errno::NOTDIR || errno == Errno::LOOP || errno == Errno::MLINK
}

/// Returns the kind of what was examined.
pub(super) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode as _)
}

/// Returns the number of names a file has.
#[allow(clippy::unnecessary_cast, reason = "the fields have another width on every system")]
pub(super) fn names(stat: &Stat) -> u64 {
    stat.st_nlink as u64
}

/// Returns the number of the file system.
#[allow(clippy::unnecessary_cast, reason = "the fields have another width on every system")]
pub(super) fn device(stat: &Stat) -> u64 {
    stat.st_dev as u64
}

/// Returns the stamp of what was examined.
#[allow(clippy::unnecessary_cast, reason = "the fields have another width on every system")]
pub(super) fn stamp(stat: &Stat) -> Stamp {
    let nanoseconds = |seconds: i64, rest: i64| {
        seconds.saturating_mul(1_000_000_000).saturating_add(rest.clamp(0, 999_999_999))
    };
    Stamp {
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        inode: stat.st_ino as u64,
    }
}

/// Reports whether a canonical path belongs to the kernel by its name alone; `/dev` is often an ordinary `tmpfs`.
pub(super) fn is_system_path(path: &Path) -> bool {
    ["/proc", "/sys", "/dev"].iter().any(|system| path.starts_with(system))
}

/// Reports whether an open file or directory lies on a file system made by the kernel itself.
#[cfg(target_os = "linux")]
pub(super) fn is_system_filesystem(descriptor: impl AsFd) -> Result<bool, Errno> {
    // From linux/magic.h: proc, sysfs, debugfs, tracefs, securityfs, selinuxfs, smackfs, cgroup, cgroup2, devpts, bpf,
    // binfmt_misc, pstore, efivarfs, configfs, hugetlbfs, mqueue, rpc_pipefs, nsfs, fusectl, devtmpfs of old.
    const SYSTEM: [u32; 21] = [
        0x9fa0,
        0x6265_6572,
        0x6462_6720,
        0x7472_6163,
        0x7363_6673,
        0xf97c_ff8c,
        0x4341_5d53,
        0x0027_e0eb,
        0x6367_7270,
        0x1cd1,
        0xcafe_4a11,
        0x4249_4e4d,
        0x6165_676c,
        0xde5e_81e4,
        0x6265_6570,
        0x9584_58f6,
        0x1980_0202,
        0x6759_6969,
        0x6e73_6673,
        0x6573_5543,
        0x1373,
    ];
    // The magic has another type on every architecture; all of ours fit 32 bits.
    let magic = rustix::fs::fstatfs(descriptor)?.f_type as u32;
    Ok(SYSTEM.contains(&magic))
}

/// Reports whether an open file or directory lies on a file system made by the kernel itself; here paths tell it all.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_system_filesystem(_descriptor: impl AsFd) -> Result<bool, Errno> {
    Ok(false)
}
