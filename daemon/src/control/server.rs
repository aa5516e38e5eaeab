//! The socket is a door: private when it is made, opened only to those the operating system vouches for, with a hello
//! first, a limit on every frame and a deadline on every wait.

use std::{
    fs::Permissions,
    io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use interprocess::local_socket::{
    GenericFilePath, ListenerOptions, ToFsName,
    tokio::{Listener, Stream, prelude::*},
};
use mcpd_ipc::{
    Fault, FaultKind, FrameError, HELLO_LIMIT, Hello, Purpose, Request, Welcome, read_frame, write_frame,
};
use rustix::{fs::Mode, process::umask};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Admins, Hands, Operator, dispatch, feeds};
use crate::{
    audit::{Deed, Fate},
    secret::{OTHERS_WRITE, folder_of, own_uid, private_folder},
};

/// How long a newcomer may take to say hello.
pub(super) const HELLO_DEADLINE: Duration = Duration::from_secs(5);
/// How long an operator may be silent between commands.
const IDLE_DEADLINE: Duration = Duration::from_secs(600);
/// How long a reply may take to be read.
pub(super) const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of the longest path a Unix socket can have, its final zero left out.
const LONGEST_PATH: usize = 107;

/// A stream that wants to speak MCP, and the user behind it.
pub type Arrival = (Stream, Operator);

/// Why the socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Its directory is not private.
    #[error("the directory {} of the control socket {why}, or name another --socket", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it, and what mends it.
        why: &'static str,
    },
    /// Something else lies at its path.
    #[error("{} is there and is not a stale socket of yours; remove it, or name another --socket", .0.display())]
    Occupied(PathBuf),
    /// Somebody answers on it.
    #[error("another daemon answers on {}; stop it, or name another --socket", .0.display())]
    Answered(PathBuf),
    /// The path does not fit into a socket address.
    #[error("the socket path {} is too long for the system; name a shorter one with --socket", .0.display())]
    TooLong(PathBuf),
    /// We are not in the group.
    #[error(
        "{} could not be given to the group in control.group; the daemon's user must be in it (in a unit: Group=)",
        .path.display()
    )]
    Group {
        /// The socket, or its directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system refused.
    #[error("the control socket {} could not be opened", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// The bound socket; dropping it removes the file.
pub struct Socket {
    listener: Listener,
}

impl Socket {
    /// Binds the socket at `path` for this user and the admins. The caller holds the lock of the state directory, so a file
    /// nobody answers on is stale.
    pub async fn bind(path: &Path, admins: &Admins) -> Result<Self, SocketError> {
        let failed = |source| SocketError::Io { path: path.to_owned(), source };
        if path.as_os_str().len() > LONGEST_PATH {
            return Err(SocketError::TooLong(path.to_owned()));
        }
        own_directory(folder_of(path), admins)?;
        remove_stale(path).await?;
        let options = ListenerOptions::new().name(path.to_fs_name::<GenericFilePath>().map_err(failed)?);
        let mode = if admins.gid().is_some() { 0o660 } else { 0o600 };
        let options = interprocess::os::unix::local_socket::ListenerOptionsExt::mode(options, mode);
        // The mode is right when the socket appears: the group's bits would be lost to the usual mask.
        let usual = umask(Mode::from_raw_mode(0o777 & !mode));
        let bound = options.create_tokio();
        umask(usual);
        let bound = Self { listener: bound.map_err(failed)? };
        if let Some(gid) = admins.gid() {
            // Until then it is for our own group, of whom nobody is let in who is no admin.
            give_to_group(path, gid)?;
        }
        Ok(bound)
    }

    /// Serves operators, so many at a time, until `stop` fires. Streams that want to speak MCP go to `arrivals`.
    pub async fn serve(
        self,
        hands: Arc<Hands>,
        operators: usize,
        arrivals: mpsc::Sender<Arrival>,
        stop: CancellationToken,
    ) {
        let tasks = TaskTracker::new();
        let mut choking = false;
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok(stream) if tasks.len() < operators => {
                    choking = false;
                    let visit = visit(Arc::clone(&hands), arrivals.clone(), stream);
                    let stop = stop.clone();
                    tasks.spawn(async move {
                        tokio::select! { () = visit => {}, () = stop.cancelled() => {} }
                    });
                }
                Ok(stream) => {
                    tracing::warn!("too many operators at once; one was turned away");
                    if let Ok((uid, _)) = peer(&stream) {
                        turned_away(&hands, uid, "too many operators at once".to_owned());
                    }
                }
                // One line for each time of want, however long it lasts.
                Err(error) => {
                    if !std::mem::replace(&mut choking, true) {
                        tracing::warn!(%error, "operators cannot be accepted now");
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        tasks.close();
        tasks.wait().await;
    }
}

/// One connection, from hello to its end.
async fn visit(hands: Arc<Hands>, arrivals: mpsc::Sender<Arrival>, mut stream: Stream) {
    let limit = usize::try_from(hands.config.borrow().control.frame_limit).unwrap_or(mcpd_ipc::FRAME_LIMIT);
    let (uid, gid) = match peer(&stream) {
        Ok(peer) => peer,
        Err(error) => return tracing::info!(%error, "who came cannot be said"),
    };
    let welcomed = match timeout(HELLO_DEADLINE, welcome(&mut stream, &hands, (uid, gid))).await {
        Ok(Ok(welcomed)) => welcomed,
        // Who only looks whether somebody answers says nothing.
        Ok(Err(FrameError::Closed)) => return,
        Ok(Err(error)) => {
            tracing::info!(%error, uid, "a hello went wrong");
            return turned_away(&hands, uid, error.to_string());
        }
        Err(_) => return turned_away(&hands, uid, "no hello in time".to_owned()),
    };
    let note = |action, operator: Operator| {
        hands.recorder.audit().note(Deed { actor: operator.to_string(), ..Deed::own(action) });
    };
    match welcomed {
        None => {}
        Some((Purpose::Mcp, operator)) => {
            note("bridge", operator);
            // Bounded at the receiver, which takes streams as long as there are places for connections.
            drop(arrivals.send((stream, operator)).await);
        }
        Some((Purpose::Watch, operator)) => {
            note("watch", operator);
            if let Err(error) = feeds::feed(&hands, stream, limit).await {
                tracing::debug!(%error, "a watcher's connection ended");
            }
        }
        Some((Purpose::Control, operator)) => {
            if let Err(error) = converse(&hands, operator, stream, limit).await {
                tracing::debug!(%error, "an operator's connection ended");
            }
        }
    }
}

async fn converse(
    hands: &Hands,
    operator: Operator,
    mut stream: Stream,
    limit: usize,
) -> Result<(), FrameError> {
    loop {
        let Ok(read) = timeout(IDLE_DEADLINE, read_frame::<Request>(&mut stream, limit)).await else {
            return Ok(());
        };
        let outcome = match read {
            Ok(request) => dispatch::obey(hands, operator, request).await,
            Err(FrameError::Closed) => return Ok(()),
            Err(FrameError::Json(error)) => mcpd_ipc::Outcome::Err(
                Fault::new(FaultKind::Usage, format!("the command is not understood: {error}"))
                    .hint("mcpctl and mcpd may be of different versions"),
            ),
            Err(error) => return Err(error),
        };
        let write = write_frame(&mut stream, &outcome, limit.saturating_mul(16));
        match timeout(WRITE_DEADLINE, write).await {
            Ok(written) => written?,
            Err(_) => return Ok(()),
        }
    }
}

/// Asks the system who is there: their user, and their group if it says.
#[cfg(target_os = "linux")]
fn peer(stream: &Stream) -> io::Result<(u32, Option<u32>)> {
    // Asked for more than the user, it has no answer for somebody outside the container that the daemon is in.
    let Stream::UdSocket(stream) = stream;
    let peer = nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerCredentials)?;
    Ok((peer.uid(), Some(peer.gid())))
}

/// Asks the system who is there: their user, and their group if it says.
#[cfg(not(target_os = "linux"))]
fn peer(stream: &Stream) -> io::Result<(u32, Option<u32>)> {
    let peer = stream.peer_creds()?;
    Ok((peer.euid().map_or(u32::MAX, u32::from), peer.egid()))
}

/// Records that somebody was not let in.
fn turned_away(hands: &Hands, uid: u32, why: String) {
    let (actor, why) = (format!("uid:{uid}"), Some(why));
    hands.recorder.audit().note(Deed { actor, fate: Fate::Denied, why, ..Deed::own("hello") });
}

/// Hears the hello of a user and answers it.
async fn welcome(
    stream: &mut Stream,
    hands: &Hands,
    (uid, gid): (u32, Option<u32>),
) -> Result<Option<(Purpose, Operator)>, FrameError> {
    let facts = &hands.facts;
    let hello = Hello::read(read_frame(stream, HELLO_LIMIT).await?);
    let heard = match facts.admins.recognise(uid, gid).await {
        None => Err(stranger(uid, &facts.admins)),
        Some(operator) => hello.map(|hello| (hello, operator)).map_err(|why| {
            Fault::new(FaultKind::Refused, why.to_string())
                .hint("install mcpd and mcpctl of the same release")
        }),
    };
    let (hello, operator) = match heard {
        Ok(heard) => heard,
        Err(fault) => {
            turned_away(hands, uid, fault.message.clone());
            // Who was refused may not wait to hear of it.
            let _ = write_frame(stream, &Welcome::Refused(fault), HELLO_LIMIT).await;
            return Ok(None);
        }
    };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let welcome = Welcome::Welcome { protocol: mcpd_ipc::PROTOCOL, version, state: facts.state.clone() };
    // Who has what they came for, as that somebody answers, may be gone.
    let heard = write_frame(stream, &welcome, HELLO_LIMIT).await.is_ok();
    Ok(heard.then_some((hello.purpose, operator)))
}

/// Tells somebody who may not operate who may.
fn stranger(uid: u32, admins: &Admins) -> Fault {
    let fault = Fault::new(FaultKind::NotPermitted, format!("user {uid} may not use this daemon"));
    match admins.name() {
        Some(group) => fault.hint(format!(
            "members of group {group} may: have root run usermod --append --groups {group} USER, then log in again"
        )),
        None => fault,
    }
}

/// Makes the directory for us alone, or for us and the admins; or checks that an existing one is ours, that nobody else can
/// write to it, and that admins can reach into it.
fn own_directory(path: &Path, admins: &Admins) -> Result<(), SocketError> {
    let bad = |why| Err(SocketError::Directory { path: path.to_owned(), why });
    let failed = |source| SocketError::Io { path: path.to_owned(), source };
    let is_new = !path.exists();
    private_folder(path).map_err(failed)?;
    if let (true, Some(gid)) = (is_new, admins.gid()) {
        give_to_group(path, gid)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o750)).map_err(failed)?;
    }
    let found = std::fs::symlink_metadata(path).map_err(failed)?;
    if found.is_symlink() || !found.is_dir() {
        return bad("is a link or no directory; make it one of your own with mode 0700");
    }
    if found.uid() != own_uid() {
        return bad("belongs to somebody else; make it your own with mode 0700");
    }
    if found.mode() & OTHERS_WRITE != 0 {
        return bad("can be written by others; make it your own with mode 0700");
    }
    let within_reach = |gid| found.mode() & 0o001 != 0 || found.mode() & 0o010 != 0 && found.gid() == gid;
    if !admins.gid().is_none_or(within_reach) {
        return bad("is shut to the group in control.group; give it that group and mode 0750");
    }
    Ok(())
}

/// Gives what is ours to a group, unless it has it already.
fn give_to_group(path: &Path, gid: u32) -> Result<(), SocketError> {
    let failed = |source| SocketError::Group { path: path.to_owned(), source };
    if std::fs::symlink_metadata(path).map_err(failed)?.gid() == gid {
        return Ok(());
    }
    std::os::unix::fs::lchown(path, None, Some(gid)).map_err(failed)
}

/// Removes a socket nobody answers on; anything else at its path stays, and is in the way.
async fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let failed = |source| SocketError::Io { path: path.to_owned(), source };
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.map_err(failed)?,
    };
    if !found.file_type().is_socket() || found.uid() != own_uid() {
        return Err(SocketError::Occupied(path.to_owned()));
    }
    let name = path.to_fs_name::<GenericFilePath>().map_err(failed)?;
    if timeout(HELLO_DEADLINE, Stream::connect(name)).await.is_ok_and(|connected| connected.is_ok()) {
        return Err(SocketError::Answered(path.to_owned()));
    }
    std::fs::remove_file(path).map_err(failed)
}
