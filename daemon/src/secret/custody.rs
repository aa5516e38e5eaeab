//! Whose files and folders are, and who else could change what lies in them.

use std::{
    fs::{DirBuilder, Metadata},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::Path,
};

use nix::unistd::{Gid, Group, Uid, User};
use rustix::fs::{StatVfsMountFlags, statvfs};

/// Permission to write for the group, for others, and the bit with which only owners remove and replace.
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Why what lies in a folder cannot be trusted: whoever can write the folder can put another file there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenFolder {
    /// It is another user's.
    #[error("lies in a directory of user {owner}, who could put another there: {mend}")]
    Owner {
        /// Whose.
        owner: u32,
        /// The command that mends it.
        mend: String,
    },
    /// Others may write it.
    #[error("lies in a directory with mode {mode:04o}, so that others can put another there: {mend}")]
    Writers {
        /// Its permissions.
        mode: u32,
        /// The command that mends it.
        mend: String,
    },
}

/// Returns the user this process runs as.
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Answers whether a user may change what is ours: ourselves, and root, who may anyway.
pub(crate) fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == own_uid()
}

/// Answers whether others than its owner may write something. A group that is ours alone is nobody else: on many systems
/// each user has one, which may write what they make.
pub(crate) fn others_may_write(found: &Metadata) -> bool {
    found.mode() & OTHERS_WRITE != 0 || (found.mode() & GROUP_WRITES != 0 && !is_ours_alone(found.gid()))
}

/// Answers whether a group has our name and no other member.
fn is_ours_alone(gid: u32) -> bool {
    let Ok(Some(ours)) = User::from_uid(Uid::from_raw(own_uid())) else { return false };
    let Ok(Some(group)) = Group::from_gid(Gid::from_raw(gid)) else { return false };
    ours.gid == group.gid && group.name == ours.name && group.mem.iter().all(|member| *member == ours.name)
}

/// Makes a folder for its user alone, with those above it.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Returns the folder that a path lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Looks at who could put another file into a folder. One that cannot be looked at is well: using it says why.
pub(crate) fn look_at_folder(folder: &Path) -> Result<(), OpenFolder> {
    let Ok(found) = std::fs::metadata(folder) else { return Ok(()) };
    let (owner, mode, shown) = (found.uid(), found.mode() & 0o7777, folder.display());
    if !is_trusted(owner) {
        return Err(OpenFolder::Owner { owner, mend: format!("chown {} {shown}", own_uid()) });
    }
    // With the sticky bit only owners can, and what a container is handed is often open but cannot be written.
    if others_may_write(&found) && mode & STICKY == 0 && !is_read_only(folder) {
        return Err(OpenFolder::Writers { mode, mend: format!("chmod go-w {shown}") });
    }
    Ok(())
}

fn is_read_only(folder: &Path) -> bool {
    statvfs(folder).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY))
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_folder_is_open_when_others_can_replace_what_lies_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let looked = |mode: u32| {
            std::fs::set_permissions(dir.path(), Permissions::from_mode(mode)).unwrap();
            look_at_folder(dir.path())
        };
        for shut in [0o700, 0o755, 0o1777] {
            assert_eq!(looked(shut), Ok(()), "{shut:o}");
        }
        let mend = format!("chmod go-w {}", dir.path().display());
        assert_eq!(looked(0o707), Err(OpenFolder::Writers { mode: 0o707, mend }));
        assert_eq!(looked(0o700), Ok(()));
        assert_eq!(look_at_folder(&dir.path().join("none")), Ok(()));
        assert_eq!(folder_of(Path::new("mcpd.toml")), Path::new("."));
    }

    #[test]
    fn a_group_is_ours_alone_by_name_and_members() {
        let Ok(Some(ours)) = User::from_uid(Uid::from_raw(own_uid())) else { return };
        for gid in 0..200 {
            let Ok(Some(group)) = Group::from_gid(Gid::from_raw(gid)) else { continue };
            if group.name != ours.name {
                assert!(!is_ours_alone(gid), "{} is not {}'s alone", group.name, ours.name);
            }
        }
        assert!(!is_ours_alone(u32::MAX - 7));
    }
}
