//! The log as it is written, read from its files: its last lines, and then what is added. Nothing is kept in memory for
//! watchers, and a rotation in between loses nothing.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use mcpd_ipc::feed::{LogBatch, LogLine, WatchLogs};

use super::log_line::{Reading, read};

/// Bytes of the files that are looked through for lines written before, at most, from the end.
const LOOK_BACK: u64 = 16 * 1024 * 1024;
/// Longest line that is told, in bytes; the rest of a longer one is left out.
const LONGEST: usize = 64 * 1024;

/// Bytes of text that are told at once, at most: JSON may make six times as many of them, and frames have a limit.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// Where somebody stands in the log.
pub struct LogTail {
    directory: PathBuf,
    wanted: Wanted,
    /// The file read last, and how far.
    at: Option<(PathBuf, u64)>,
}

/// Which lines somebody wants.
struct Wanted {
    ask: WatchLogs,
    contains: Option<String>,
}

impl Wanted {
    fn takes(&self, line: &LogLine) -> bool {
        self.ask.level.is_none_or(|least| line.level >= least)
            && self.ask.target.as_ref().is_none_or(|start| line.target.starts_with(start.as_str()))
            && self.contains.as_ref().is_none_or(|word| {
                line.text.to_lowercase().contains(word) || line.target.to_lowercase().contains(word)
            })
    }
}

/// The newest lines, up to a number.
struct Newest {
    lines: VecDeque<LogLine>,
    most: usize,
    /// Bytes of their texts.
    bytes: usize,
    /// Lines that were wanted and had to go.
    dropped: u64,
}

impl Newest {
    fn new(most: usize) -> Self {
        Self { lines: VecDeque::new(), most, bytes: 0, dropped: 0 }
    }

    fn push(&mut self, line: LogLine) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > self.most || self.bytes > MOST_BYTES {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes -= oldest.text.len();
            self.dropped += 1;
        }
    }
}

impl LogTail {
    /// Stands nowhere yet.
    pub fn new(directory: PathBuf, ask: WatchLogs) -> Self {
        let contains = ask.contains.as_ref().map(|word| word.to_lowercase());
        Self { directory, wanted: Wanted { ask, contains }, at: None }
    }

    /// Returns the last `most` lines that are wanted, and stands at the end.
    pub fn backlog(&mut self, most: usize) -> io::Result<LogBatch> {
        let mut newest = Newest::new(most);
        let files = files(&self.directory)?;
        // From the file in which the look back ends; whatever is older is not looked at.
        let mut budget = LOOK_BACK;
        let mut begin = files.len();
        while let Some(file) = begin.checked_sub(1).and_then(|index| files.get(index)) {
            begin -= 1;
            let size = std::fs::metadata(file)?.len();
            if size >= budget {
                break;
            }
            budget -= size;
        }
        for (index, file) in files.iter().enumerate().skip(begin) {
            let size = std::fs::metadata(file)?.len();
            let skip = if index == begin { size.saturating_sub(budget.max(LONGEST as u64)) } else { 0 };
            let end = self.read_on(file, skip, &mut newest)?;
            self.at = Some((file.clone(), end));
        }
        // That there are older lines is no loss to tell of: so many were asked for.
        Ok(LogBatch { skipped: 0, lines: newest.lines.into() })
    }

    /// Returns what was added since, the newest `most` lines of it.
    pub fn news(&mut self, most: usize) -> io::Result<LogBatch> {
        let mut newest = Newest::new(most);
        let files = files(&self.directory)?;
        let from = match &self.at {
            Some((file, _)) => files.iter().position(|known| known >= file).unwrap_or(files.len()),
            None => 0,
        };
        for file in &files[from..] {
            let known = self.at.as_ref().filter(|(at, _)| at == file).map_or(0, |(_, offset)| *offset);
            // A file that shrank was begun anew.
            let begin = if std::fs::metadata(file)?.len() < known { 0 } else { known };
            let end = self.read_on(file, begin, &mut newest)?;
            self.at = Some((file.clone(), end));
        }
        Ok(LogBatch { skipped: newest.dropped, lines: newest.lines.into() })
    }

    /// Reads whole lines from `begin` on and returns where the last one ends. Beginning within a line, its rest is left
    /// out.
    fn read_on(&self, path: &Path, begin: u64, newest: &mut Newest) -> io::Result<u64> {
        let mut file = File::open(path)?;
        // One byte earlier shows whether a line begins here.
        let start = begin.saturating_sub(1);
        file.seek(SeekFrom::Start(start))?;
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        let mut end = start;
        if begin > 0 {
            end += skip_line(&mut reader)?.0;
        }
        let mut reading = Reading::default();
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let length = reader.by_ref().take(LONGEST as u64).read_until(b'\n', &mut bytes)?;
            let mut whole = bytes.ends_with(b"\n");
            let mut total = length as u64;
            if !whole && length == LONGEST {
                let (rest, ended) = skip_line(&mut reader)?;
                total += rest;
                whole = ended;
            }
            // A line without its end is still being written.
            if !whole {
                return Ok(end);
            }
            end += total;
            let line = read(String::from_utf8_lossy(bytes.trim_ascii_end()).as_ref(), &mut reading);
            if self.wanted.takes(&line) {
                newest.push(line);
            }
        }
    }
}

/// Skips the rest of a line, and returns how long it was and whether it has an end.
fn skip_line(reader: &mut impl BufRead) -> io::Result<(u64, bool)> {
    let mut skipped = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok((skipped, false));
        }
        let (length, ended) = match memchr::memchr(b'\n', buffer) {
            Some(at) => (at + 1, true),
            None => (buffer.len(), false),
        };
        reader.consume(length);
        skipped += length as u64;
        if ended {
            return Ok((skipped, true));
        }
    }
}

/// Returns the log's files, oldest first: their names carry their dates.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("mcpd.") && name.ends_with(".log") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use mcpd_ipc::feed::Severity;

    use super::*;

    fn ask() -> WatchLogs {
        WatchLogs { lines: 0, follow: true, level: None, target: None, contains: None }
    }

    fn add(directory: &Path, day: &str, text: &str) {
        let path = directory.join(format!("mcpd.{day}.log"));
        let mut file = File::options().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn line(number: u32) -> String {
        format!("2026-11-22T09:40:49.825555Z  INFO mcpd::test: number {number}\n")
    }

    fn texts(batch: &LogBatch) -> Vec<&str> {
        batch.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn the_last_lines_come_first_and_then_what_is_added_over_a_rotation() {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), "2026-11-21", &[line(1), line(2)].concat());
        add(dir.path(), "2026-11-22", &line(3));
        let mut tail = LogTail::new(dir.path().into(), ask());
        assert_eq!(texts(&tail.backlog(2).unwrap()), ["number 2", "number 3"]);
        assert_eq!(texts(&tail.news(9).unwrap()), [""; 0]);
        add(dir.path(), "2026-11-22", "2026-11-22T09:40:49.825555Z  INFO mcpd::test: num");
        assert_eq!(texts(&tail.news(9).unwrap()), [""; 0], "half a line is not told");
        add(dir.path(), "2026-11-22", &format!("ber 4\n{}", line(5)));
        add(dir.path(), "2026-11-23", &[line(6), line(7)].concat());
        let batch = tail.news(3).unwrap();
        assert_eq!((batch.skipped, texts(&batch)), (1, vec!["number 5", "number 6", "number 7"]));
        std::fs::remove_file(dir.path().join("mcpd.2026-11-22.log")).unwrap();
        add(dir.path(), "2026-11-23", &line(8));
        assert_eq!(texts(&tail.news(9).unwrap()), ["number 8"]);
    }

    #[test]
    fn only_what_is_wanted_is_told() {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), "x", "2026-11-22T09:40:49.825555Z  WARN mcpd::keys: Key changed name=\"Laptop\"\n");
        add(dir.path(), "x", &line(1));
        let told = |change: fn(&mut WatchLogs)| {
            let mut ask = ask();
            change(&mut ask);
            LogTail::new(dir.path().into(), ask).backlog(9).unwrap().lines.len()
        };
        assert_eq!(told(|ask| ask.level = Some(Severity::Warn)), 1);
        assert_eq!(told(|ask| ask.level = Some(Severity::Error)), 0);
        assert_eq!(told(|ask| ask.target = Some("mcpd::k".into())), 1);
        assert_eq!(told(|ask| ask.contains = Some("LAPTOP".into())), 1);
        assert_eq!(told(|ask| ask.contains = Some("mcpd::".into())), 2);
    }

    #[test]
    fn a_line_that_never_ends_costs_no_memory_and_hides_no_other() {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), "x", &format!("{}\n{}", "y".repeat(LONGEST * 3), line(1)));
        let batch = LogTail::new(dir.path().into(), ask()).backlog(9).unwrap();
        assert_eq!(batch.lines.len(), 2);
        assert_eq!(batch.lines[0].text.len(), LONGEST);
        assert_eq!(batch.lines[1].text, "number 1");
    }
}
