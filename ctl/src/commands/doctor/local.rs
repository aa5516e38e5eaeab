//! What can be seen without the daemon: the state directory, what lies in it, and the socket.

use std::{
    fs::{self, Metadata},
    io::ErrorKind,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::Path,
};

use mcpd_ipc::{
    Place,
    care::{Check, Verdict},
};

use crate::{daemon::Daemon, error::Error, quote};

/// Permission to write for the group and others.
const OTHERS_WRITE: u32 = 0o022;
/// Any permission for the group and others.
const OTHERS: u32 = 0o077;
/// Any permission for others: the group may be one of admins.
const STRANGERS: u32 = 0o007;

/// Looks at everything that needs no daemon. Where only a socket is named, its daemon's state directory is not known.
pub(super) fn checks(daemon: &Daemon, user: Option<u32>) -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    let mut owner = None;
    if daemon.has_place() {
        let place = Place::find(daemon.state_dir.clone())?;
        let found = state_directory(&place.state, user, daemon);
        owner = found.owner;
        checks.push(found.check);
        if owner.is_some() {
            checks.push(private("pepper", &place.state.join("pepper"), owner));
            checks.push(private("database", &place.state.join("mcpd.db"), owner));
            checks.push(lock(&place, daemon));
        }
    }
    checks.push(socket(&daemon.socket()?, owner, daemon));
    Ok(checks)
}

/// The state directory's check, and whose it is when it is there.
struct Found {
    check: Check,
    owner: Option<u32>,
}

fn state_directory(path: &Path, user: Option<u32>, daemon: &Daemon) -> Found {
    const NAME: &str = "state directory";
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            let check = problem(NAME, format!("{shown} is no directory"), "move the file away".into());
            return Found { check, owner: None };
        }
        Err(error) => return Found { check: unseen(NAME, path, &error, daemon), owner: None },
    };
    let owner = metadata.uid();
    let check = if metadata.mode() & OTHERS_WRITE != 0 {
        let found = format!("{shown} has mode {:04o}: other users may write there", mode(&metadata));
        problem(NAME, found, format!("chmod go-w {}", quoted(path)))
    } else {
        match user {
            // Root looks after daemons of any user.
            Some(user) if user != 0 && user != owner => warning(
                NAME,
                format!("{shown} is user {owner}'s, and you are user {user}"),
                "run this as the user the daemon runs as, or as root".into(),
            ),
            Some(_) | None => ok(NAME, format!("{shown}, mode {:04o}, user {owner}", mode(&metadata))),
        }
    };
    Found { check, owner: Some(owner) }
}

/// Checks a file that nobody but the daemon's user may read.
fn private(name: &str, path: &Path, owner: Option<u32>) -> Check {
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return warning(
                name,
                format!("{shown} is not there"),
                "the daemon makes it when it starts".into(),
            );
        }
        Err(error) => return warning(name, format!("{shown} cannot be seen: {error}"), WHO.into()),
    };
    if metadata.mode() & OTHERS != 0 {
        let found = format!("{shown} has mode {:04o}: others than its user may use it", mode(&metadata));
        return problem(name, found, format!("chmod 600 {}", quoted(path)));
    }
    if owner.is_some_and(|owner| owner != metadata.uid()) {
        let found = format!("{shown} is user {}'s, unlike the directory it is in", metadata.uid());
        return problem(name, found, "give both to the user the daemon runs as, with chown".into());
    }
    ok(name, format!("{shown}, mode {:04o}", mode(&metadata)))
}

const WHO: &str = "run this as the user the daemon runs as, or as root";

fn lock(place: &Place, daemon: &Daemon) -> Check {
    const NAME: &str = "announcement";
    match place.announced() {
        Some(said) => ok(NAME, format!("process {} announced {}", said.pid, said.socket.display())),
        None => warning(
            NAME,
            format!("no daemon has announced itself in {}", place.lock_file().display()),
            format!("start it with: {}", daemon.start_line()),
        ),
    }
}

fn socket(path: &Path, owner: Option<u32>, daemon: &Daemon) -> Check {
    const NAME: &str = "socket";
    let shown = path.display();
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return unseen(NAME, path, &error, daemon),
    };
    if !metadata.file_type().is_socket() {
        return problem(NAME, format!("{shown} is no socket"), "move it away and start mcpd again".into());
    }
    if metadata.mode() & STRANGERS != 0 {
        let found = format!("{shown} has mode {:04o}: any user may knock", mode(&metadata));
        return problem(NAME, found, format!("chmod o= {}", quoted(path)));
    }
    let parent = path.parent().and_then(|parent| fs::metadata(parent).ok());
    if let Some(parent) = parent.filter(|parent| parent.mode() & STRANGERS & OTHERS_WRITE != 0) {
        let found =
            format!("{shown} is in a directory with mode {:04o}: any user may replace it", mode(&parent));
        return problem(NAME, found, "name a socket in a directory of its own: control.socket".into());
    }
    if owner.is_some_and(|owner| owner != metadata.uid()) {
        let found = format!("{shown} is user {}'s, and the state directory is not", metadata.uid());
        return warning(NAME, found, "see who runs the daemon that answers there".into());
    }
    ok(NAME, format!("{shown}, mode {:04o}", mode(&metadata)))
}

/// Says that something cannot be looked at: because it is not there, or because of who looks.
fn unseen(name: &str, path: &Path, error: &std::io::Error, daemon: &Daemon) -> Check {
    let shown = path.display();
    if error.kind() == ErrorKind::NotFound {
        let start = format!("start it with: {}", daemon.start_line());
        return problem(name, format!("{shown} is not there: no daemon runs here"), start);
    }
    warning(name, format!("{shown} cannot be seen: {error}"), WHO.into())
}

fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

fn quoted(path: &Path) -> String {
    quote::word(&path.display().to_string())
}

fn ok(name: &str, found: String) -> Check {
    Check { name: name.into(), verdict: Verdict::Ok, found, advice: None }
}

fn warning(name: &str, found: String, advice: String) -> Check {
    Check { name: name.into(), verdict: Verdict::Warning, found, advice: Some(advice) }
}

fn problem(name: &str, found: String, advice: String) -> Check {
    Check { name: name.into(), verdict: Verdict::Problem, found, advice: Some(advice) }
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::net::UnixListener};

    use super::*;
    use crate::{cli::Global, surroundings::Surroundings};

    /// A state directory as a daemon leaves it, and what is found in it.
    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            let home = Self(tempfile::tempdir().unwrap());
            for file in ["pepper", "mcpd.db", "mcpd.lock"] {
                fs::write(home.0.path().join(file), "").unwrap();
                home.chmod(file, 0o600);
            }
            fs::create_dir(home.0.path().join("run")).unwrap();
            let socket = home.0.path().join("run/mcpd.sock");
            let announced = format!(r#"{{"pid":7,"socket":{socket:?}}}"#);
            fs::write(home.0.path().join("mcpd.lock"), announced).unwrap();
            drop(UnixListener::bind(&socket).unwrap());
            home.chmod("run/mcpd.sock", 0o600);
            home
        }

        fn chmod(&self, file: &str, mode: u32) {
            fs::set_permissions(self.0.path().join(file), Permissions::from_mode(mode)).unwrap();
        }

        #[track_caller]
        fn assert_finds(&self, name: &str, verdict: Verdict, found: &str, advice: &str) {
            let global = Global { state_dir: Some(self.0.path().into()), ..Global::plain() };
            let daemon = Daemon::new(&global, &Surroundings::default());
            let checks = checks(&daemon, None).unwrap();
            let check = checks.iter().find(|check| check.name == name).unwrap();
            assert_eq!(check.verdict, verdict, "{check:?}");
            assert!(check.found.contains(found), "{check:?}");
            assert!(check.advice.as_deref().unwrap_or_default().contains(advice), "{check:?}");
        }
    }

    #[test]
    fn a_sound_state_directory_has_nothing_to_find() {
        let home = Home::new();
        for name in ["state directory", "pepper", "database", "announcement", "socket"] {
            home.assert_finds(name, Verdict::Ok, "", "");
        }
    }

    #[test]
    fn what_others_may_do_is_a_problem() {
        let home = Home::new();
        home.chmod("", 0o770);
        home.assert_finds("state directory", Verdict::Problem, "mode 0770", "chmod go-w ");
        home.chmod("pepper", 0o640);
        home.assert_finds("pepper", Verdict::Problem, "mode 0640", "chmod 600 ");
        home.chmod("mcpd.db", 0o604);
        home.assert_finds("database", Verdict::Problem, "mode 0604", "chmod 600 ");
        home.chmod("run/mcpd.sock", 0o666);
        home.assert_finds("socket", Verdict::Problem, "mode 0666", "chmod o= ");
        home.chmod("run/mcpd.sock", 0o660);
        home.assert_finds("socket", Verdict::Ok, "", "");
        home.chmod("run", 0o777);
        home.assert_finds("socket", Verdict::Problem, "mode 0777", "control.socket");
    }

    #[test]
    fn what_is_missing_says_how_to_start() {
        let home = Home::new();
        fs::remove_file(home.0.path().join("run/mcpd.sock")).unwrap();
        home.assert_finds("socket", Verdict::Problem, "is not there", "start it with: mcpd --state-dir ");
        fs::write(home.0.path().join("mcpd.lock"), "").unwrap();
        home.assert_finds("announcement", Verdict::Warning, "no daemon has announced", "mcpd --state-dir ");
        fs::remove_file(home.0.path().join("pepper")).unwrap();
        home.assert_finds("pepper", Verdict::Warning, "is not there", "");
        fs::remove_dir_all(home.0.path()).unwrap();
        home.assert_finds("state directory", Verdict::Problem, "is not there", "start it with");
    }

    #[test]
    fn whose_it_is_matters_to_all_but_root() {
        let home = Home::new();
        let owner = fs::metadata(home.0.path()).unwrap().uid();
        let global = Global { state_dir: Some(home.0.path().into()), ..Global::plain() };
        let daemon = Daemon::new(&global, &Surroundings::default());
        let seen = |user| checks(&daemon, Some(user)).unwrap()[0].verdict;
        assert_eq!((seen(owner), seen(0), seen(owner + 1)), (Verdict::Ok, Verdict::Ok, Verdict::Warning));
    }
}
