//! JSON lines: what export writes, and the file of the official memory server, told apart line by line.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use mcpd_ipc::memory::{MemoryEntry, MemoryLevel};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Form, graph,
    source::{Found, Next, Place, Problem},
};
use crate::{
    error::{Error, Kind},
    file::cannot,
    output::Output,
    page::Page,
    surroundings::Surroundings,
    text,
    text_form::TextForm,
};

/// The longest line that is read, in bytes: what it takes to write the largest memory with every character escaped.
const LONGEST: u64 = 16 << 20;

/// A file of JSON lines, or stdin.
pub(super) struct Lines {
    reader: Box<dyn BufRead>,
    name: String,
    form: Form,
    /// The line that was read last, from 1.
    number: u64,
    /// Bytes read, and of how many where that is known.
    read: u64,
    size: Option<u64>,
    /// What the last line held.
    queue: VecDeque<Next>,
}

/// What a line is.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Record {
    Memory(Kept),
    Entity(graph::Entity),
    Relation(graph::Relation),
}

/// A memory as export writes it; what else stands there, the author for one, is made anew.
#[derive(Deserialize)]
struct Kept {
    project: Option<String>,
    tenant: Option<String>,
    content: String,
    level: Option<MemoryLevel>,
    tags: Option<Vec<String>>,
    category: Option<String>,
    confidence: Option<f64>,
    created_at: Option<Moment>,
}

/// A moment as we write it, or as others do.
#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Millis(i64),
    Text(String),
}

/// One line as it was read.
enum OneLine {
    Text(Vec<u8>),
    TooLong,
    End,
}

impl Lines {
    /// Opens a file, or stdin for `-`.
    pub(super) fn open(
        from: &Path,
        form: Form,
        surroundings: &mut Surroundings,
        out: &mut Output,
    ) -> Result<Self, Error> {
        let (name, queue) = (from.display().to_string(), VecDeque::new());
        if name == "-" {
            if surroundings.terminal.stdin {
                out.note(&Page::of("type JSON lines, then Ctrl-D"));
            }
            let stdin = std::mem::replace(&mut surroundings.stdin, Box::new(io::empty()));
            let (name, reader) = ("stdin".to_owned(), Box::new(BufReader::new(stdin)));
            return Ok(Self { reader, name, form, number: 0, read: 0, size: None, queue });
        }
        let failed = |error| cannot("read", from, error);
        // Looked at before it is opened: to open a pipe is to wait for whoever writes into it.
        let found = std::fs::metadata(from).map_err(failed)?;
        if !found.is_file() {
            let error = Error::new(Kind::Usage, format!("{name} is no regular file"));
            return Err(error.hint("a folder holds Markdown; JSON lines of a pipe come as -"));
        }
        let reader = Box::new(BufReader::new(File::open(from).map_err(failed)?));
        Ok(Self { reader, name, form, number: 0, read: 0, size: Some(found.len()), queue })
    }

    /// Returns what comes next; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Next>, Error> {
        while self.queue.is_empty() {
            let line = self.read_line().map_err(|error| {
                Error::new(Kind::Failed, format!("{} could not be read to its end", self.name)).because(error)
            })?;
            let place = Place { file: self.name.clone(), line: Some(self.number) };
            let found = match line {
                OneLine::End => return Ok(None),
                OneLine::TooLong => {
                    Err(format!("the line is longer than {}; split its text", text::bytes(LONGEST)))
                }
                OneLine::Text(line) => self.found_in(&line, &place),
            };
            match found {
                Ok(found) => self.queue.extend(found),
                Err(problem) => self.queue.push_back(Next::Bad(Problem { place, problem })),
            }
        }
        Ok(self.queue.pop_front())
    }

    /// Returns what a line holds, or what is wrong with it; an empty one is not even nothing.
    fn found_in(&self, line: &[u8], place: &Place) -> Result<Vec<Next>, String> {
        let line = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8; write it so".to_owned())?;
        let line = if self.number == 1 { TextForm::of(line).1 } else { line }.trim();
        if line.is_empty() {
            return Ok(Vec::new());
        }
        let found = memories(line, self.form, place)?;
        if found.is_empty() {
            return Ok(vec![Next::Nothing]);
        }
        Ok(found.into_iter().map(|found| Next::Memory(Box::new(found))).collect())
    }

    /// Returns how far it is read.
    pub(super) fn progress(&self) -> String {
        match self.size {
            Some(size) => format!("{} line {}", text::bar(self.read, size), self.number),
            None => format!("line {}", self.number),
        }
    }

    /// Reads one line, and no more of a long one than may be kept.
    fn read_line(&mut self) -> io::Result<OneLine> {
        let mut line = Vec::new();
        let read = (&mut self.reader).take(LONGEST + 1).read_until(b'\n', &mut line)? as u64;
        self.read += read;
        if read == 0 {
            return Ok(OneLine::End);
        }
        self.number += 1;
        if line.ends_with(b"\n") || read <= LONGEST {
            return Ok(OneLine::Text(line));
        }
        loop {
            let ahead = self.reader.fill_buf()?;
            let end = ahead.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let passed = end.unwrap_or(ahead.len());
            self.reader.consume(passed);
            self.read += passed as u64;
            if end.is_some() || passed == 0 {
                return Ok(OneLine::TooLong);
            }
        }
    }
}

/// Returns the memories of one line, or what is wrong with it.
fn memories(line: &str, form: Form, place: &Place) -> Result<Vec<Found>, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| {
        format!("the line is no JSON (column {}); each line is one whole JSON object", error.column())
    })?;
    let Some(kind) = value.as_object().map(|object| object.get("type").and_then(Value::as_str)) else {
        return Err("the line is no JSON object; each line is one whole JSON object".into());
    };
    let expected = match form {
        Form::Jsonl => &["memory"][..],
        Form::Server => &["entity", "relation"],
        Form::Auto | Form::Markdown => &["memory", "entity", "relation"],
    };
    if kind.is_none_or(|kind| !expected.contains(&kind)) {
        let found = kind.map_or_else(|| "none".to_owned(), |kind| format!("{kind:?}"));
        return Err(format!("a line's type is {}, and here it is {found}", expected.join(" or ")));
    }
    let record = serde_json::from_value(value);
    let record = record.map_err(|error| format!("{error}; correct the line, and import again"))?;
    let found = |entry| Found { place: place.clone(), tenant: None, project: None, entry };
    match record {
        Record::Memory(kept) => {
            let created_at = match kept.created_at {
                None => None,
                Some(Moment::Millis(millis)) => Some(millis),
                Some(Moment::Text(told)) => Some(text::moment_of(&told).ok_or_else(|| {
                    format!("created_at {told:?} is no time; write milliseconds since 1970, or RFC 3339")
                })?),
            };
            let entry = MemoryEntry {
                content: kept.content,
                level: kept.level,
                tags: kept.tags.unwrap_or_default(),
                category: kept.category,
                confidence: kept.confidence,
                created_at,
            };
            Ok(vec![Found { tenant: kept.tenant, project: kept.project, ..found(entry) }])
        }
        Record::Entity(entity) => Ok(entity.memories().into_iter().map(found).collect()),
        Record::Relation(relation) => Ok(vec![found(relation.memory())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], form: Form) -> Vec<String> {
        let mut surroundings =
            Surroundings { stdin: Box::new(io::Cursor::new(text.to_vec())), ..Surroundings::default() };
        let mut out = Output::new(Box::new(io::sink()), Box::new(io::sink()));
        let mut lines = Lines::open(Path::new("-"), form, &mut surroundings, &mut out).unwrap();
        let mut all = Vec::new();
        while let Some(next) = lines.next().unwrap() {
            all.push(match next {
                Next::Memory(found) => format!("{} {:?}", found.place, found.entry.content),
                Next::Bad(problem) => format!("{} bad: {}", problem.place, problem.problem),
                Next::Nothing => "nothing".into(),
            });
        }
        all
    }

    #[test]
    fn each_bad_line_has_its_own_answer_and_the_next_one_counts() {
        let text = "\u{feff}{\"type\":\"memory\",\"content\":\"one\",\"author\":\"ada\"}\r\n\n{\"type\":\n[1]\n7\n\
            {\"content\":\"x\"}\n{\"type\":\"todo\"}\n{\"type\":\"memory\"}\n\
            {\"type\":\"memory\",\"content\":7}\n{\"type\":\"memory\",\"content\":\"x\",\"level\":\"forever\"}\n\
            {\"type\":\"memory\",\"content\":\"x\",\"created_at\":\"soon\"}\n\
            {\"type\":\"entity\",\"name\":\"a\",\"entityType\":\"b\",\"observations\":[{\"x\":1}]}\n\
            {\"type\":\"relation\",\"from\":\"a\",\"to\":\"b\"}\n\
            {\"type\":\"memory\",\"content\":\"last\",\"created_at\":\"2026-11-22\"}";
        insta::assert_snapshot!(all(text.as_bytes(), Form::Auto).join("\n"), @r#"
        stdin:1 "one"
        stdin:3 bad: the line is no JSON (column 8); each line is one whole JSON object
        stdin:4 bad: the line is no JSON object; each line is one whole JSON object
        stdin:5 bad: the line is no JSON object; each line is one whole JSON object
        stdin:6 bad: a line's type is memory or entity or relation, and here it is none
        stdin:7 bad: a line's type is memory or entity or relation, and here it is "todo"
        stdin:8 bad: missing field `content`; correct the line, and import again
        stdin:9 bad: invalid type: integer `7`, expected a string; correct the line, and import again
        stdin:10 bad: unknown variant `forever`, expected one of `short`, `mid`, `long`; correct the line, and import again
        stdin:11 bad: created_at "soon" is no time; write milliseconds since 1970, or RFC 3339
        stdin:12 bad: invalid type: map, expected a string; correct the line, and import again
        stdin:13 bad: missing field `relationType`; correct the line, and import again
        stdin:14 "last"
        "#);
        assert_eq!(all(b"\xff\n", Form::Auto), ["stdin:1 bad: the line is not UTF-8; write it so"]);
        assert!(all(b"", Form::Auto).is_empty());
    }

    #[test]
    fn a_form_that_was_named_takes_no_other() {
        let ours = br#"{"type":"memory","content":"one"}"#;
        let theirs = br#"{"type":"relation","from":"a","to":"b","relationType":"uses"}"#;
        assert_eq!(all(ours, Form::Jsonl).len() + all(theirs, Form::Server).len(), 2);
        assert!(all(ours, Form::Server)[0].contains("a line's type is entity or relation"));
        assert!(all(theirs, Form::Jsonl)[0].contains("here it is \"relation\""));
    }

    #[test]
    fn a_line_without_end_is_passed_over() {
        let mut text = vec![b'x'; LONGEST as usize + 10];
        text.extend_from_slice(b"\n{\"type\":\"memory\",\"content\":\"two\"}\n");
        let all = all(&text, Form::Auto);
        assert_eq!(all, ["stdin:1 bad: the line is longer than 16.7 MB; split its text", "stdin:2 \"two\""]);
    }
}
