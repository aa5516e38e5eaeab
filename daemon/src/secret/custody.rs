//! Whose files and folders are, who else could change what lies in them, and the words of commands that mend it.

use std::{
    borrow::Cow,
    fs::{DirBuilder, Metadata},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::Path,
};

use rustix::fs::{StatVfsMountFlags, statvfs};

/// Any permission for the group and others.
pub(crate) const OTHERS: u32 = 0o077;
/// Permission to write for the group and others. A group counts whoever is in it: who has it as their first one, or by an
/// access list, stands in no list of members.
pub(crate) const OTHERS_WRITE: u32 = 0o022;
/// With it only owners remove and replace what lies in a folder.
const STICKY: u32 = 0o1000;

/// Why what lies in a folder cannot be trusted: whoever can write the folder can put another file there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenFolder {
    /// It is another user's.
    #[error("lies in a directory of user {owner}, who could put another there; move it to one of your own")]
    Owner {
        /// Whose.
        owner: u32,
    },
    /// Others may write it.
    #[error(
        "lies in a directory with mode {mode:04o}, so that others can put another there: chmod go-w {folder}, or move it \
         to one of your own"
    )]
    Writers {
        /// Its permissions.
        mode: u32,
        /// The folder, as a shell reads it.
        folder: String,
    },
}

/// Why a file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnsafeFile {
    /// It leads elsewhere.
    #[error("is a link; put the file itself there: mv {target} {file}")]
    Link {
        /// Where it leads, as a shell reads it.
        target: String,
        /// The link, as a shell reads it.
        file: String,
    },
    /// It is a folder, a pipe or the like, or a link that leads nowhere.
    #[error("is no file; move it away")]
    NoFile,
    /// It is another user's.
    #[error("is user {owner}'s, and the daemon runs as user {}: chown {} {file}", own_uid(), own_uid())]
    Owner {
        /// Whose.
        owner: u32,
        /// The file, as a shell reads it.
        file: String,
    },
    /// Others may read it or write it.
    #[error("can be used by others: chmod 600 {file}")]
    Used {
        /// The file, as a shell reads it.
        file: String,
    },
    /// Others may write it.
    #[error("can be written by others: chmod go-w {file}")]
    Written {
        /// The file, as a shell reads it.
        file: String,
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

/// Makes a folder for its user alone, with those above it.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Returns the folder that a path lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses what others could put something else in the place of. A folder with the sticky bit will do: what is there
/// stays. One that cannot be looked at will, too: using it says why.
pub(crate) fn refuse_replaceable(path: &Path) -> Result<(), OpenFolder> {
    let folder = folder_of(path);
    std::fs::metadata(folder).map_or(Ok(()), |found| refuse(folder, &found, found.mode() & STICKY != 0))
}

/// Refuses a folder where others could lay something under a name that is used later: the sticky bit is no help there.
pub(crate) fn refuse_open(folder: &Path) -> Result<(), OpenFolder> {
    std::fs::metadata(folder).map_or(Ok(()), |found| refuse(folder, &found, false))
}

fn refuse(folder: &Path, found: &Metadata, guarded: bool) -> Result<(), OpenFolder> {
    let (owner, mode) = (found.uid(), found.mode() & 0o7777);
    if !is_trusted(owner) {
        return Err(OpenFolder::Owner { owner });
    }
    if mode & OTHERS_WRITE != 0 && !guarded && !is_handed_in(folder, found) {
        return Err(OpenFolder::Writers { mode, folder: quoted(folder).into_owned() });
    }
    Ok(())
}

/// Refuses what is a link or no file, somebody else's, or open to others: `shut` are the permissions they must not have,
/// `OTHERS` or `OTHERS_WRITE`. What `found` says is that of `path` itself, not of what it leads to.
pub(crate) fn refuse_unsafe(path: &Path, found: &Metadata, shut: u32) -> Result<(), UnsafeFile> {
    let file = || quoted(path).into_owned();
    if !found.is_file() {
        return Err(match std::fs::canonicalize(path) {
            Ok(target) if found.is_symlink() => {
                UnsafeFile::Link { target: quoted(&target).into_owned(), file: file() }
            }
            _ => UnsafeFile::NoFile,
        });
    }
    if found.uid() != own_uid() {
        return Err(UnsafeFile::Owner { owner: found.uid(), file: file() });
    }
    if found.mode() & shut != 0 {
        let file = file();
        return Err(if shut == OTHERS { UnsafeFile::Used { file } } else { UnsafeFile::Written { file } });
    }
    Ok(())
}

/// Answers whether a folder is a mount of its own that cannot be written, as what an orchestrator hands into a container:
/// its mode is open, and nobody here can use that. That the system's own files are read-only says nothing: under a
/// hardened unit they are so for the daemon alone.
fn is_handed_in(folder: &Path, found: &Metadata) -> bool {
    let is_mount = std::fs::metadata(folder.join("..")).is_ok_and(|above| above.dev() != found.dev());
    is_mount && statvfs(folder).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// Writes a path as a shell reads it.
pub(crate) fn quoted(path: &Path) -> Cow<'_, str> {
    let text = path.to_string_lossy();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@,%=".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_folder_is_open_when_others_can_replace_what_lies_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let (file, folder) = (dir.path().join("file"), dir.path().display().to_string());
        let looked = |mode: u32| {
            std::fs::set_permissions(dir.path(), Permissions::from_mode(mode)).unwrap();
            (refuse_replaceable(&file), refuse_open(dir.path()))
        };
        for shut in [0o700, 0o755] {
            assert_eq!(looked(shut), (Ok(()), Ok(())), "{shut:o}");
        }
        let open = |mode| Err(OpenFolder::Writers { mode, folder: folder.clone() });
        for mode in [0o707, 0o775] {
            assert_eq!(looked(mode), (open(mode), open(mode)), "{mode:o}");
        }
        assert_eq!(looked(0o1777), (Ok(()), open(0o1777)), "what is there stays, new names can be taken");
        assert_eq!(refuse_open(&dir.path().join("none")), Ok(()));
        assert_eq!(folder_of(Path::new("mcpd.toml")), Path::new("."));
    }

    #[test]
    fn a_shell_reads_a_quoted_path_as_one_word() {
        for (path, word) in [
            ("/etc/mcpd/mcpd.toml", "/etc/mcpd/mcpd.toml"),
            ("/Users/a/Library/Application Support/mcpd", "'/Users/a/Library/Application Support/mcpd'"),
            ("/tmp/it's $(here)", r"'/tmp/it'\''s $(here)'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }
}
