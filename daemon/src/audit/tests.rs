//! The chain against those who change it, and against disks.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use super::*;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("audit")
    }

    fn try_open(&self, text: &str) -> Result<(Audit, AuditGuard), AuditError> {
        let config = mcpd_config::Config::load(Some((Path::new("x"), text)), &[]).unwrap();
        Audit::open(&self.folder(), &self.dir.path().join("audit.key"), &config.audit)
    }

    fn open(&self) -> (Audit, AuditGuard) {
        self.try_open("").unwrap()
    }

    /// Records so many deeds and ends.
    async fn filled(deeds: u64, text: &str) -> Self {
        let place = Self::new();
        let (audit, guard) = place.try_open(text).unwrap();
        for number in 0..deeds {
            audit.record(added(&format!("key {number}"))).await.unwrap();
        }
        guard.close().await;
        place
    }

    fn files(&self) -> Vec<PathBuf> {
        folder::files(&self.folder()).unwrap()
    }

    fn lines(&self) -> Vec<String> {
        let texts = self.files().into_iter().map(|file| fs::read_to_string(file).unwrap());
        texts.collect::<String>().lines().map(str::to_owned).collect()
    }

    /// Changes the lines of the only file.
    fn edit(&self, change: impl FnOnce(&mut Vec<String>)) {
        let mut lines = self.lines();
        change(&mut lines);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&self.files()[0], text).unwrap();
    }

    /// Looks through what lies there, by the note of the last record and nothing else.
    fn verify(&self) -> Option<Bad> {
        let key = fs::read(self.dir.path().join("audit.key")).unwrap();
        let seal = record::Seal::new(&key).unwrap();
        let note = fs::read_to_string(self.folder().join("head")).unwrap();
        let mut words = note.split(' ');
        let seq = words.next().unwrap().parse().unwrap();
        let head = folder::Head { seq, mac: record::unhex(words.next().unwrap()).unwrap() };
        let wanted = verify::Wanted { head, checkpoint: None, after: 0 };
        verify::verify(&self.folder(), &seal, &wanted).unwrap().bad
    }
}

fn added(key: &str) -> Deed {
    Deed {
        actor: "uid:1000".to_owned(),
        action: "keys add".into(),
        subject: Some(key.to_owned()),
        fate: Fate::Asked,
        why: None,
        answers: None,
    }
}

#[tokio::test]
async fn what_is_recorded_is_read_again_and_is_sound_over_restarts() {
    let place = Place::filled(3, "").await;
    let (audit, guard) = place.open();
    assert_eq!(audit.record(added("four")).await.unwrap(), 5, "the first is that of the file");
    for _ in 0..4 {
        audit.note(Deed { fate: Fate::Denied, why: Some("rate".into()), ..added("x") });
    }
    let found = audit.tail(TailWanted { most: 2, ..TailWanted::default() }).await.unwrap();
    let shown: Vec<_> = found.iter().map(|one| (one.seq, one.times, one.subject.as_deref())).collect();
    assert_eq!(shown, [(5, None, Some("four")), (6, Some(4), Some("x"))]);
    let sound = audit.verify(0, None).await.unwrap();
    assert_eq!((sound.bad, sound.records, sound.first, sound.files), (None, 6, 1, 1));
    let early = Checkpoint { seq: 6, mac: sound.checkpoint.mac.clone() };
    audit.record(added("five")).await.unwrap();
    assert_eq!(audit.verify(0, Some(early.clone())).await.unwrap().bad, None);
    let other = Checkpoint { seq: 5, ..early };
    assert!(audit.verify(0, Some(other)).await.unwrap().bad.unwrap().why.contains("checkpoint"));
    guard.close().await;
    assert!(matches!(audit.record(added("late")).await, Err(AuditError::Closed)));
}

#[tokio::test]
async fn every_change_is_found_and_the_first_bad_record_named() {
    type Change = fn(&mut Vec<String>);
    let changes: [(&str, Change, u64, &str); 8] = [
        ("edited", |lines| lines[4] = lines[4].replace("key 3", "key 9"), 5, "seal does not fit"),
        (
            "edited and renumbered",
            |lines| lines[4] = lines[4].replace("\"seq\":5", "\"seq\":6"),
            5,
            "missing",
        ),
        ("reordered", |lines| lines.swap(3, 6), 4, "records 4 to 6 are missing before it"),
        ("cut in the middle", |lines| drop(lines.remove(5)), 6, "record 6 is missing before it"),
        ("cut at the tail", |lines| lines.truncate(7), 8, "records 8 to 11 are missing: the end was cut off"),
        (
            "said twice",
            |lines| lines.insert(3, lines[2].clone()),
            4,
            "record 3 stands in the place of record 4",
        ),
        (
            "without a seal",
            |lines| lines[8] = lines[8].split(",\"mac\"").next().unwrap().to_owned() + "}",
            9,
            "no seal",
        ),
        ("no record", |lines| lines[2] = "nonsense".into(), 3, "no record"),
    ];
    for (what, change, seq, why) in changes {
        let place = Place::filled(10, "").await;
        assert_eq!(place.verify(), None);
        place.edit(change);
        let bad = place.verify().unwrap();
        assert!(bad.seq == seq && bad.why.contains(why), "{what}: {bad:?}");
        assert!(bad.line == seq || bad.file.is_empty(), "{what}: {bad:?}");
    }
}

#[tokio::test]
async fn a_chain_that_was_cut_while_nobody_wrote_says_so_for_ever() {
    let place = Place::filled(10, "").await;
    place.edit(|lines| lines.truncate(6));
    let (audit, guard) = place.open();
    audit.record(added("after")).await.unwrap();
    let bad = audit.verify(0, None).await.unwrap().bad.unwrap();
    assert!(bad.seq == 7 && bad.why.starts_with("records 7 to 11 are missing"), "{bad:?}");
    let rest = audit.verify(11, None).await.unwrap();
    assert_eq!((rest.bad, rest.records, rest.first), (None, 2, 12), "what came after it is sound");
    guard.close().await;
    fs::remove_file(place.files().pop().unwrap()).unwrap();
    fs::remove_file(place.files().pop().unwrap()).unwrap();
    let (audit, _guard) = place.open();
    audit.record(added("alone")).await.unwrap();
    assert!(audit.verify(0, None).await.unwrap().bad.unwrap().why.contains("records 1 to 13 are gone"));
}

#[tokio::test]
async fn who_changes_the_file_under_the_daemon_is_found() {
    let place = Place::new();
    let (audit, _guard) = place.open();
    for number in 0..5 {
        audit.record(added(&format!("key {number}"))).await.unwrap();
    }
    place.edit(|lines| lines.truncate(4));
    fs::remove_file(place.folder().join("head")).unwrap();
    let bad = audit.verify(0, None).await.unwrap().bad.unwrap();
    assert!(bad.why.contains("records 5 to 6 are missing"), "the daemon remembers the end: {bad:?}");
    audit.record(added("after")).await.unwrap();
    let bad = audit.verify(0, None).await.unwrap().bad.unwrap();
    assert!(bad.why.contains("was changed, moved or removed while it was written"), "{bad:?}");
}

#[tokio::test]
async fn what_a_crash_left_of_a_line_is_no_break() {
    let place = Place::filled(4, "").await;
    let file = place.files().remove(0);
    let mut text = fs::read_to_string(&file).unwrap();
    let note = fs::read(place.folder().join("head")).unwrap();
    text.push_str("{\"seq\":6,\"at\":\"20");
    fs::write(&file, text).unwrap();
    let (audit, guard) = place.open();
    assert_eq!(audit.record(added("six")).await.unwrap(), 6);
    assert_eq!(audit.verify(0, None).await.unwrap().bad, None);
    guard.close().await;
    // The note of the last record may be an older one, but not another.
    fs::write(place.folder().join("head"), &note).unwrap();
    let (audit, guard) = place.open();
    audit.record(added("seven")).await.unwrap();
    assert_eq!(audit.verify(0, None).await.unwrap().bad, None);
    guard.close().await;
    fs::write(place.folder().join("head"), String::from_utf8(note).unwrap().replace('5', "4")).unwrap();
    let (audit, _guard) = place.open();
    audit.record(added("eight")).await.unwrap();
    assert!(audit.verify(0, None).await.unwrap().bad.is_some());
}

#[tokio::test]
async fn files_end_by_size_and_the_oldest_go_on_the_record() {
    let small = "[audit]\nfile_size = 1000\nkeep = 3\n";
    let place = Place::filled(30, small).await;
    assert_eq!(place.files().len(), 3);
    let (audit, guard) = place.try_open(small).unwrap();
    let sound = audit.verify(0, None).await.unwrap();
    assert_eq!(sound.bad, None);
    assert!(sound.first > 20 && sound.files == 3, "{sound:?}");
    let all = TailWanted { most: 100, ..TailWanted::default() };
    assert!(audit.tail(all).await.unwrap().iter().any(|one| one.action == folder::DROPPED));
    guard.close().await;
    let gone = place.files().remove(0);
    fs::remove_file(gone).unwrap();
    let (audit, _guard) = place.try_open(small).unwrap();
    let bad = audit.verify(0, None).await.unwrap().bad.unwrap();
    assert!(bad.why.contains("none says that they were dropped"), "{bad:?}");
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_until_it_can_and_notes_are_kept() {
    let place = Place::new();
    let (audit, _guard) = place.try_open("[audit]\nfile_size = 300\n").unwrap();
    audit.record(added("one")).await.unwrap();
    assert_eq!(audit.trouble(), None);
    let (here, away) = (place.folder(), place.dir.path().join("away"));
    fs::rename(&here, &away).unwrap();
    audit.note(Deed { fate: Fate::Denied, ..added("denied meanwhile") });
    let refused = audit.record(added("two")).await.unwrap_err();
    assert!(refused.to_string().starts_with("the audit cannot be written: "), "{refused}");
    assert!(audit.trouble().is_some());
    fs::rename(&away, &here).unwrap();
    let began = std::time::Instant::now();
    while audit.trouble().is_some() {
        assert!(began.elapsed() < PATIENCE, "it does not recover");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let all = audit.tail(TailWanted { most: 100, ..TailWanted::default() }).await.unwrap();
    let actions: Vec<_> = all.iter().map(|one| one.subject.as_deref().unwrap_or(&one.action)).collect();
    assert!(actions.contains(&"denied meanwhile") && actions.contains(&"audit_writes_again"), "{actions:?}");
    assert!(!actions.contains(&"two"), "what was refused did not happen");
}

#[tokio::test]
async fn what_is_open_to_others_or_a_link_is_refused_with_what_mends_it() {
    let refused = |place: &Place| place.try_open("").err().unwrap().to_string();
    let place = Place::filled(1, "").await;
    fs::set_permissions(place.folder(), PermissionsExt::from_mode(0o750)).unwrap();
    assert!(refused(&place).contains("chmod 700"));
    fs::set_permissions(place.folder(), PermissionsExt::from_mode(0o700)).unwrap();
    let key = place.dir.path().join("audit.key");
    fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(refused(&place).contains("chmod 600"));
    fs::remove_file(&key).unwrap();
    assert!(refused(&place).contains("put it back, or move that folder away"));
    let file = place.files().remove(0);
    fs::rename(&file, place.dir.path().join("real")).unwrap();
    std::os::unix::fs::symlink(place.dir.path().join("real"), &file).unwrap();
    assert!(refused(&place).contains("a link or no file"));
    fs::rename(place.folder(), place.dir.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(place.dir.path().join("elsewhere"), place.folder()).unwrap();
    assert!(refused(&place).contains("a link or no directory"));
}

#[tokio::test]
async fn one_folder_is_one_daemons() {
    let place = Place::filled(1, "").await;
    let (_audit, guard) = place.open();
    assert!(place.try_open("").err().unwrap().to_string().contains("another daemon keeps its own there"));
    guard.close().await;
    place.open();
}

#[tokio::test]
async fn many_at_once_have_numbers_of_their_own() {
    let place = Place::new();
    let (audit, _guard) = place.open();
    let all = (0..200).map(|number| {
        let audit = audit.clone();
        async move { audit.record(added(&format!("key {number}"))).await.unwrap() }
    });
    let mut numbers = futures::future::join_all(all).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=201).collect::<Vec<_>>());
    assert_eq!(audit.verify(0, None).await.unwrap().bad, None);
}

#[tokio::test]
async fn what_is_gone_while_nobody_wrote_is_missed_by_the_key() {
    let place = Place::filled(5, "").await;
    for file in fs::read_dir(place.folder()).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    let (audit, _guard) = place.open();
    audit.record(added("after")).await.unwrap();
    let bad = audit.verify(0, None).await.unwrap().bad.unwrap();
    assert!(bad.why.starts_with("all records are gone"), "{bad:?}");
}

#[tokio::test]
async fn a_long_word_is_cut_and_a_checkpoint_that_cannot_be_checked_is_told() {
    let place = Place::new();
    let (audit, _guard) = place.try_open("[audit]\nfile_size = 3000\nkeep = 2\n").unwrap();
    audit.note(Deed { why: Some("\u{1}".repeat(1 << 20)), ..added(&"x".repeat(1 << 20)) });
    for number in 0..40 {
        audit.record(added(&format!("key {number}"))).await.unwrap();
    }
    assert_eq!(audit.verify(0, None).await.unwrap().bad, None);
    let invented = Checkpoint { seq: 2, mac: "0".repeat(64) };
    let bad = audit.verify(0, Some(invented)).await.unwrap().bad.unwrap();
    assert!(bad.why.contains("cannot be said"), "{bad:?}");
    assert_eq!(audit.verify(u64::MAX, None).await.unwrap().bad, None);
}

#[tokio::test]
async fn a_beginning_that_was_cut_short_is_taken_up() {
    let place = Place::new();
    let (audit, _guard) = place.try_open("[audit]\nfile_size = 1\n").unwrap();
    let last = audit.record(added("one")).await.unwrap();
    fs::write(place.folder().join(format!("audit-{:012}.jsonl", last + 1)), "{\"seq\":").unwrap();
    audit.record(added("two")).await.unwrap();
    assert_eq!(audit.verify(0, None).await.unwrap().bad, None);
}

#[tokio::test]
async fn a_seal_has_one_text_and_who_follows_misses_nothing() {
    let place = Place::filled(600, "").await;
    let (audit, guard) = place.open();
    let next = TailWanted { most: 500, after: 50, ..TailWanted::default() };
    let found = audit.tail(next).await.unwrap();
    assert_eq!((found.len(), found[0].seq), (500, 51));
    guard.close().await;
    place.edit(|lines| {
        let at = lines[20].find("\"mac\"").unwrap();
        let upper = lines[20][at + 7..].to_uppercase();
        lines[20].replace_range(at + 7.., &upper);
    });
    assert_eq!(place.verify().unwrap().seq, 21);
}
