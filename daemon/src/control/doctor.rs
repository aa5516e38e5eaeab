//! An examination of the daemon from inside: what it found, and what to do about it.

use std::{
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, Instant},
};

use mcpd_config::Profile;
use mcpd_ipc::{
    Fault,
    care::{Check, Doctor, DoctorReport, Verdict},
    text::count,
};
use rustix::process::{Resource, getrlimit};

use super::{
    Hands,
    port::{certificates, port},
};
use crate::{
    ai::Ready,
    audit::Verified,
    auth::PepperPlace,
    secret::{OTHERS, OTHERS_WRITE, is_trusted, own_uid, quoted},
    store::{Examined, StoreError, now},
    telemetry::since_boot,
};

/// How long a write may take to reach the disk before it is worth a word.
const SLOW_WRITE: Duration = Duration::from_millis(250);
/// Free space that is worth a word, and that is too little, in bytes.
const ROOM: (u64, u64) = (1 << 30, 100 << 20);
/// How far the clock may be moved while the daemon runs, and how far ahead of it something stored may be.
const CLOCK: Duration = Duration::from_secs(60);
/// How soon a key expires that is worth a word.
const SOON: i64 = 7 * 24 * 60 * 60 * 1000;

pub(super) async fn examine(hands: &Hands, _: Doctor) -> Result<DoctorReport, Fault> {
    let examined = hands.store.care().examine().await;
    let mut checks = vec![store(hands, &examined), writing(hands).await];
    checks.extend(disk(hands));
    checks.extend(permissions(hands));
    checks.extend(pepper(&hands.facts.pepper));
    checks.push(socket(hands));
    checks.push(audit(hands).await);
    checks.extend(port(hands).await);
    checks.extend(certificates(hands));
    checks.push(exposure(hands));
    checks.push(clock(hands, examined.ok().and_then(|found| found.newest)));
    checks.push(descriptors(hands));
    checks.push(keys(hands));
    checks.push(provider(hands).await);
    Ok(DoctorReport { checks })
}

/// Writes down one finding.
pub(super) fn check(name: &str, verdict: Verdict, found: impl Into<String>, advice: Option<&str>) -> Check {
    let advice = advice.filter(|_| verdict != Verdict::Ok).map(str::to_owned);
    Check { name: name.to_owned(), verdict, found: found.into(), advice }
}

fn store(hands: &Hands, examined: &Result<Examined, StoreError>) -> Check {
    let path = hands.store.path().display();
    match examined {
        Ok(found) if found.complaints.is_empty() => {
            check("store", Verdict::Ok, format!("{path} is sound"), None)
        }
        Ok(found) => {
            let found = format!("{path} is damaged: {}", found.complaints.join("; "));
            check("store", Verdict::Problem, found, Some("restore a backup: mcpctl restore FILE"))
        }
        Err(error) => {
            let advice = "look at the disk and at who holds the file; the log has more";
            check("store", Verdict::Problem, format!("{path} cannot be read: {error}"), Some(advice))
        }
    }
}

async fn writing(hands: &Hands) -> Check {
    let began = Instant::now();
    let synced = hands.store.care().sync().await;
    let took = began.elapsed();
    match synced {
        Err(error) => {
            let advice = "make room on the disk, or make it writable again";
            check("writing", Verdict::Problem, format!("nothing can be written: {error}"), Some(advice))
        }
        Ok(()) => {
            let verdict = if took > SLOW_WRITE { Verdict::Warning } else { Verdict::Ok };
            let found = format!("a write reached the disk in {:.1} ms", took.as_secs_f64() * 1e3);
            check("writing", verdict, found, Some("the disk is slow or busy; every write waits for it"))
        }
    }
}

/// Looks through the audit.
async fn audit(hands: &Hands) -> Check {
    let directory = hands.facts.audit.display();
    let advice = "nothing that operators order is done until it can be recorded; make the folder writable";
    if let Some(why) = hands.recorder.audit().trouble() {
        return check("audit", Verdict::Problem, format!("{directory}: {why}"), Some(advice));
    }
    let advice = "mcpctl audit verify says where, and --after looks at what came later";
    match hands.recorder.audit().verify(0, None).await {
        Ok(Verified { bad: None, checkpoint, .. }) => {
            let found = format!("{directory} has {} and is sound", count(checkpoint.seq, "record"));
            check("audit", Verdict::Ok, found, None)
        }
        Ok(Verified { bad: Some(bad), .. }) => check(
            "audit",
            Verdict::Problem,
            format!("{directory}: record {}: {}", bad.seq, bad.why),
            Some(advice),
        ),
        Err(error) => check("audit", Verdict::Problem, format!("{directory}: {error}"), Some(advice)),
    }
}

/// Looks at the room where the database and the logs lie.
fn disk(hands: &Hands) -> Vec<Check> {
    let database = hands.store.path().parent().unwrap_or(Path::new("/"));
    let mut places = vec![("disk", database)];
    if device(database) != device(&hands.facts.logs) {
        places.push(("disk of the logs", &hands.facts.logs));
    }
    let advice = "make room; without it nothing can be stored";
    let look = |(name, path): (&str, &Path)| match rustix::fs::statvfs(path) {
        Err(error) => {
            check(name, Verdict::Warning, format!("{} does not tell: {error}", path.display()), None)
        }
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            let verdict = match free {
                free if free < ROOM.1 => Verdict::Problem,
                free if free < ROOM.0 => Verdict::Warning,
                _ => Verdict::Ok,
            };
            let found = format!("{} MiB are free at {}", free >> 20, path.display());
            check(name, verdict, found, Some(advice))
        }
    };
    places.into_iter().map(look).collect()
}

fn device(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|found| found.dev())
}

/// Looks at who else may read what only the daemon should.
fn permissions(hands: &Hands) -> Vec<Check> {
    let facts = &hands.facts;
    // A credential is kept by who brings it.
    let pepper = match &facts.pepper {
        PepperPlace::File(path) => Some(path.as_path()),
        PepperPlace::Credential { .. } => None,
    };
    let config = hands.config.borrow().clone();
    let keys = [&config.ai.key_file, &config.embeddings.key_file].map(Option::as_deref);
    let secret = [pepper, Some(hands.store.path())].into_iter().chain(keys);
    let secret = secret.flatten().map(|path| (path, OTHERS));
    // These hold no secret of their own, so others may read them; who can write them can open every door.
    let own = [facts.state.as_path(), facts.logs.as_path()].into_iter().chain(facts.config_file.as_deref());
    let all = secret.chain(own.map(|path| (path, OTHERS_WRITE)));
    let mut wrong: Vec<Check> = all.filter_map(|(path, mask)| open_to_others(path, mask)).collect();
    if wrong.is_empty() {
        let found = "state, secrets, database, logs and configuration are the daemon's own";
        wrong.push(check("permissions", Verdict::Ok, found, None));
    }
    wrong
}

/// Says where a pepper that is no file of ours comes from.
fn pepper(place: &PepperPlace) -> Option<Check> {
    match place {
        PepperPlace::File(_) => None,
        PepperPlace::Credential { file, .. } if file.exists() => {
            let found =
                format!("it comes from the service's credential, and {} is there too", file.display());
            let advice = format!("once it is in a backup, leave only the credential: rm {}", file.display());
            Some(check("pepper", Verdict::Warning, found, Some(&advice)))
        }
        PepperPlace::Credential { .. } => {
            Some(check("pepper", Verdict::Ok, "it comes from the service's credential", None))
        }
    }
}

fn open_to_others(path: &Path, mask: u32) -> Option<Check> {
    let shown = quoted(path);
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) => {
            let found = format!("{shown}: {error}");
            return Some(check("permissions", Verdict::Problem, found, Some("put it back from a backup")));
        }
    };
    let mode = found.mode() & 0o777;
    if !is_trusted(found.uid()) {
        let advice = format!("chown {} {shown}", own_uid());
        let found = format!("{shown} belongs to user {}", found.uid());
        return Some(check("permissions", Verdict::Problem, found, Some(&advice)));
    }
    let advice = format!("chmod {} {shown}", if mask == OTHERS_WRITE { "go-w" } else { "go-rwx" });
    let open = mode & mask != 0;
    open.then(|| {
        check("permissions", Verdict::Problem, format!("{shown} has mode {mode:03o}"), Some(&advice))
    })
}

fn socket(hands: &Hands) -> Check {
    let path = &hands.facts.socket;
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.mode() & OTHERS == 0 && found.uid() == own_uid() => {
            check("socket", Verdict::Ok, format!("{} is private", path.display()), None)
        }
        Ok(found)
            if found.mode() & 0o007 == 0
                && found.uid() == own_uid()
                && hands.facts.admins.gid() == Some(found.gid()) =>
        {
            let group = hands.facts.admins.name().unwrap_or_default();
            let found = format!("{} is for this user, root, and members of group {group}", path.display());
            check("socket", Verdict::Ok, found, None)
        }
        Ok(found) => {
            let found = format!("{} has mode {:03o}", path.display(), found.mode() & 0o777);
            check("socket", Verdict::Problem, found, Some("restart mcpd, which makes it anew: mcpctl drain"))
        }
        Err(error) => {
            let found = format!("{}: {error}", path.display());
            check("socket", Verdict::Problem, found, Some("somebody removed it; restart mcpd"))
        }
    }
}

/// Looks at who could listen in or come in.
fn exposure(hands: &Hands) -> Check {
    let config = hands.config.borrow();
    let beyond = config.server.http && !config.server.listen.ip().is_loopback();
    let (verdict, found, advice) = match (hands.facts.profile, beyond) {
        (Profile::Unified | Profile::Enterprise, true) if hands.tls.is_some() => {
            (Verdict::Ok, "other machines reach it over TLS", "")
        }
        (Profile::Simple, _) => {
            let found = "profile simple: whoever reaches it may read and write everything";
            (Verdict::Warning, found, "choose profile enterprise, unless this is a trusted bench")
        }
        (Profile::Unified | Profile::Enterprise, true) => {
            let found = "it listens beyond this machine without TLS: keys travel readable";
            (
                Verdict::Warning,
                found,
                "name certificate and key in [tls], put a proxy with TLS in front, or use a network you trust",
            )
        }
        (Profile::Unified | Profile::Enterprise, false) => {
            (Verdict::Ok, "only this machine reaches it without a proxy", "")
        }
    };
    check("exposure", verdict, found, Some(advice))
}

fn clock(hands: &Hands, newest: Option<i64>) -> Check {
    let (started, awake) = hands.facts.started;
    let passed = since_boot().saturating_sub(awake).as_millis().try_into().unwrap_or(i64::MAX);
    let moved = now().saturating_sub(started).abs_diff(passed);
    let ahead = newest.map_or(0, |newest| newest.saturating_sub(now()));
    let far = i64::try_from(CLOCK.as_millis()).unwrap_or(i64::MAX);
    if ahead > far {
        let found = format!("something was stored {} s in the future: the clock was set back", ahead / 1000);
        return check("clock", Verdict::Warning, found, Some("set it right (NTP); expiries follow it"));
    }
    let verdict = if u128::from(moved) > CLOCK.as_millis() { Verdict::Warning } else { Verdict::Ok };
    let found = format!("it was moved by {:.1} s since the start", moved as f64 / 1e3);
    check("clock", verdict, found, Some("keep it right with NTP; expiries follow it, deadlines do not"))
}

fn descriptors(hands: &Hands) -> Check {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let wanted = u64::from(hands.config.borrow().limits.connections);
    let verdict = if limit < wanted.saturating_add(100) { Verdict::Warning } else { Verdict::Ok };
    let found = format!("{limit} files may be open; limits.connections is {wanted}");
    check("descriptors", verdict, found, Some("raise the limit: ulimit -n, or LimitNOFILE in the unit"))
}

fn keys(hands: &Hands) -> Check {
    let now = now();
    let living = hands.keys.all().into_iter().filter(|key| !key.is_revoked() && !key.expired(now));
    let (mut active, mut soon) = (0, Vec::new());
    for key in living {
        active += 1;
        if key.expires_at.is_some_and(|end| end.saturating_sub(now) < SOON) {
            soon.push(key.name().to_string());
        }
    }
    if !soon.is_empty() {
        let found = format!("{} within a week: {}", plural(soon.len(), "expires", "expire"), soon.join(", "));
        let advice = "issue others in time: mcpctl keys add NAME --expires 90d";
        return check("keys", Verdict::Warning, found, Some(advice));
    }
    if active == 0 && hands.facts.profile == Profile::Enterprise {
        let advice = "mcpctl keys add NAME";
        return check("keys", Verdict::Warning, "no key is active: nobody can come in", Some(advice));
    }
    check("keys", Verdict::Ok, format!("{} active", count(active, "key")), None)
}

/// Looks whether the provider that is set up could be asked. It is not: an answer costs.
async fn provider(hands: &Hands) -> Check {
    match hands.ai.ready().await {
        Ok(None) => check("provider", Verdict::Ok, "none is set up: tools of family ai give facts", None),
        Ok(Some(Ready { model, place, has_key: true })) => {
            check("provider", Verdict::Ok, format!("{model} at {place}, with a key"), None)
        }
        Ok(Some(Ready { model, place, has_key: false })) => {
            let found = format!("{model} at {place}, without a key");
            check(
                "provider",
                Verdict::Warning,
                found,
                Some("fine for a local one; else set ai.key_file or MCPD_AI_KEY"),
            )
        }
        Err(reason) => {
            let advice = "tools of family ai give facts until [ai] in the configuration is right";
            check("provider", Verdict::Problem, reason, Some(advice))
        }
    }
}

fn plural(number: usize, one: &str, more: &str) -> String {
    format!("{} {}", count(number as u64, "key"), if number == 1 { one } else { more })
}
