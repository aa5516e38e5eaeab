//! The line of each request, written by hand. Requests are the one thing logged thousands of times a second: their lines
//! look like every other, but are put together without the general machinery, gathered, and written a batch at a time.

use std::{
    io::Write,
    net::IpAddr,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mcpd_config::LogFormat;
use mcpd_ipc::text::escape_json;
use parking_lot::{Condvar, Mutex};

use super::{Origin, RequestFinished, RequestId};

/// How long lines are gathered.
const GATHER: Duration = Duration::from_millis(50);
/// Bytes that are gathered at most; lines beyond are dropped, and their number is told.
const MOST: usize = 4 * 1024 * 1024;
/// Bytes that are handed on at a time: what waits to be written is bounded by its pieces.
const PIECE: usize = 4096;

/// Where lines are gathered. Without a writer they go nowhere.
#[derive(Clone, Default)]
pub struct RequestLog(Option<Arc<Shared>>);

struct Shared {
    format: LogFormat,
    gathered: Mutex<Gathered>,
    more: Condvar,
}

#[derive(Default)]
struct Gathered {
    lines: Vec<u8>,
    dropped: u64,
    closing: bool,
}

/// Keeps the writing thread; dropping it writes what is gathered.
pub(super) struct RequestLogGuard {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl RequestLog {
    /// Starts a thread that hands what was gathered to `writer`, whole lines at a time.
    pub(super) fn start(
        format: LogFormat,
        writer: impl Write + Send + 'static,
    ) -> std::io::Result<(Self, RequestLogGuard)> {
        let shared = Arc::new(Shared { format, gathered: Mutex::default(), more: Condvar::new() });
        let own = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("request-log".into()).spawn(move || own.write_to(writer))?;
        Ok((Self(Some(Arc::clone(&shared))), RequestLogGuard { shared, thread: Some(thread) }))
    }

    /// Adds the line of a request, if lines like it are wanted.
    pub(super) fn add(&self, finished: &RequestFinished<'_>) {
        let Some(shared) = &self.0 else { return };
        if !tracing::enabled!(target: "mcpd::request", tracing::Level::INFO) {
            return;
        }
        let mut gathered = shared.gathered.lock();
        if gathered.lines.len() > MOST {
            gathered.dropped += 1;
            return;
        }
        let first = gathered.lines.is_empty();
        match shared.format {
            LogFormat::Text => text(&mut gathered.lines, SystemTime::now(), finished),
            LogFormat::Json => json(&mut gathered.lines, SystemTime::now(), finished),
        }
        drop(gathered);
        if first {
            shared.more.notify_one();
        }
    }
}

impl Shared {
    fn write_to(&self, mut writer: impl Write) {
        let mut batch = Vec::new();
        loop {
            let (dropped, closing) = {
                let mut gathered = self.gathered.lock();
                if gathered.lines.is_empty() && !gathered.closing {
                    self.more.wait(&mut gathered);
                }
                if !gathered.closing {
                    // Others may join the first.
                    self.more.wait_for(&mut gathered, GATHER);
                }
                std::mem::swap(&mut batch, &mut gathered.lines);
                (std::mem::take(&mut gathered.dropped), gathered.closing)
            };
            // Who cannot be written to is not waited for; the other loggers would fail alike.
            pieces(&batch).for_each(|piece| drop(writer.write_all(piece)));
            batch.clear();
            if dropped > 0 {
                tracing::warn!(dropped, "lines of requests were dropped: more came than could be written");
            }
            if closing {
                let _ = writer.flush();
                return;
            }
        }
    }
}

/// Parts a batch into pieces of whole lines; a line that is longer is a piece of its own.
fn pieces(mut batch: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let most = batch.len().min(PIECE);
        let whole = batch[..most].iter().rposition(|byte| *byte == b'\n');
        let end = whole.or_else(|| batch.iter().position(|byte| *byte == b'\n'));
        let (piece, rest) = batch.split_at(end.map_or(batch.len(), |end| end + 1));
        batch = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

impl Drop for RequestLogGuard {
    fn drop(&mut self) {
        self.shared.gathered.lock().closing = true;
        self.shared.more.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The line as `tracing_subscriber`'s text format has it.
fn text(line: &mut Vec<u8>, now: SystemTime, finished: &RequestFinished<'_>) {
    push_time(line, now);
    line.extend_from_slice(b"  INFO mcpd::request: request request=");
    finished.request.push(line);
    line.extend_from_slice(b" method=");
    push_debug(line, finished.method);
    if let Some(tool) = finished.tool {
        line.extend_from_slice(b" tool=");
        push_debug(line, tool);
    }
    if let Some(principal) = finished.principal {
        line.extend_from_slice(b" principal=");
        push_debug(line, principal);
    }
    line.extend_from_slice(b" peer=");
    finished.peer.push(line);
    line.extend_from_slice(b" outcome=\"");
    line.extend_from_slice(finished.outcome.as_str().as_bytes());
    line.push(b'"');
    if let Some(status) = finished.status {
        line.extend_from_slice(b" status=");
        push_number(line, status.into());
    }
    line.extend_from_slice(b" duration_ms=");
    push_millis(line, finished.duration);
    line.push(b'\n');
}

/// The line as `tracing_subscriber`'s JSON format has it.
fn json(line: &mut Vec<u8>, now: SystemTime, finished: &RequestFinished<'_>) {
    line.extend_from_slice(br#"{"timestamp":""#);
    push_time(line, now);
    line.extend_from_slice(br#"","level":"INFO","message":"request","request":""#);
    finished.request.push(line);
    line.extend_from_slice(br#"","method":"#);
    push_json(line, finished.method);
    for (name, value) in [(r#","tool":"#, finished.tool), (r#","principal":"#, finished.principal)] {
        if let Some(value) = value {
            line.extend_from_slice(name.as_bytes());
            push_json(line, value);
        }
    }
    line.extend_from_slice(br#","peer":""#);
    finished.peer.push(line);
    line.extend_from_slice(br#"","outcome":""#);
    line.extend_from_slice(finished.outcome.as_str().as_bytes());
    line.push(b'"');
    if let Some(status) = finished.status {
        line.extend_from_slice(br#","status":"#);
        push_number(line, status.into());
    }
    line.extend_from_slice(br#","duration_ms":"#);
    push_millis(line, finished.duration);
    line.extend_from_slice(b",\"target\":\"mcpd::request\"}\n");
}

impl RequestId {
    fn push(self, line: &mut Vec<u8>) {
        let digit = |nibble: u32| b"0123456789abcdef"[(nibble & 15) as usize];
        line.extend((0..8).rev().map(|place| digit(self.start >> (place * 4))));
        line.push(b'-');
        push_number(line, self.number);
    }
}

impl Origin {
    fn push(self, line: &mut Vec<u8>) {
        match self {
            Self::Ip(IpAddr::V4(address)) => {
                for (index, octet) in address.octets().into_iter().enumerate() {
                    if index > 0 {
                        line.push(b'.');
                    }
                    push_number(line, octet.into());
                }
            }
            Self::Ip(IpAddr::V6(address)) => drop(write!(line, "{address}")),
            Self::User(id) => {
                line.extend_from_slice(b"uid ");
                push_number(line, id.into());
            }
        }
    }
}

/// Appends a word as `Debug` writes it: control characters, and those that turn the direction of text, are escaped.
fn push_debug(line: &mut Vec<u8>, word: &str) {
    if is_plain(word) {
        line.push(b'"');
        line.extend_from_slice(word.as_bytes());
        line.push(b'"');
    } else {
        let _ = write!(line, "{word:?}");
    }
}

fn is_plain(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// Appends a stranger's word as a JSON string that reads back unchanged. What acts on a terminal is escaped beyond what
/// JSON demands.
fn push_json(line: &mut Vec<u8>, text: &str) {
    if is_plain(text) {
        line.push(b'"');
        line.extend_from_slice(text.as_bytes());
        line.push(b'"');
        return;
    }
    if let Ok(quoted) = serde_json::to_string(text) {
        line.extend_from_slice(escape_json(&quoted).as_bytes());
    }
}

/// Appends milliseconds with microseconds behind the point.
fn push_millis(line: &mut Vec<u8>, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    push_number(line, micros / 1000);
    line.push(b'.');
    push_digits(line, micros % 1000, 3);
}

fn push_number(line: &mut Vec<u8>, number: u64) {
    line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a time in UTC with microseconds (RFC 3339).
fn push_time(line: &mut Vec<u8>, now: SystemTime) {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    push_digits(line, year, 4);
    for (mark, number, width) in [
        (b'-', month, 2),
        (b'-', day, 2),
        (b'T', second / 3600, 2),
        (b':', second / 60 % 60, 2),
        (b':', second % 60, 2),
        (b'.', u64::from(since.subsec_micros()), 6),
    ] {
        line.push(mark);
        push_digits(line, number, width);
    }
    line.push(b'Z');
}

fn push_digits(line: &mut Vec<u8>, number: u64, width: usize) {
    let (mut digits, mut rest) = ([b'0'; 6], number);
    for digit in digits[..width].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    line.extend_from_slice(&digits[..width]);
}

/// Turns days since 1970 into a date of the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::telemetry::{Outcome, RequestIds};

    fn written(put: impl Fn(&mut Vec<u8>, &RequestFinished<'_>)) -> String {
        let ids = RequestIds::default();
        let mut line = Vec::new();
        let finished = RequestFinished {
            request: ids.next(),
            method: "tools/call\n\u{202e}",
            tool: Some("list_todos"),
            principal: Some("my \"laptop\""),
            key: None,
            peer: Origin::Ip([127, 0, 0, 1].into()),
            outcome: Outcome::Success,
            status: Some(200),
            duration: Duration::from_micros(1_204),
        };
        put(&mut line, &finished);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_line_looks_like_every_other_and_cannot_be_broken() {
        let at = UNIX_EPOCH + Duration::from_micros(1_793_017_037_000_042);
        let line = written(|line, finished| text(line, at, finished));
        assert!(
            line.starts_with("2026-10-26T12:17:17.000042Z  INFO mcpd::request: request request="),
            "{line}"
        );
        let rest = r#"-1 method="tools/call\n\u{202e}" tool="list_todos" principal="my \"laptop\"" peer=127.0.0.1 outcome="ok" status=200 duration_ms=1.204"#;
        assert!(line.trim_end().ends_with(rest), "{line}");
        assert_eq!(line.matches('\n').count(), 1);

        let line = written(|line, finished| json(line, at, finished));
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["method"], "tools/call\n\u{202e}");
        assert_eq!(read["principal"], "my \"laptop\"");
        assert!(line.trim_end().is_ascii(), "{line}");
        assert_eq!((read["duration_ms"].as_f64(), read["status"].as_u64()), (Some(1.204), Some(200)));
        assert_eq!(read["timestamp"], "2026-10-26T12:17:17.000042Z");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (20_513, (2026, 3, 1)),
            (20_818, (2026, 12, 31)),
        ] {
            assert_eq!(civil(days), date, "{days}");
        }
    }

    /// A writer that hands on what is written.
    struct Wire(mpsc::Sender<Vec<u8>>);

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_gathered_is_written_at_the_end() {
        let (sender, written) = mpsc::channel();
        let (log, guard) = RequestLog::start(LogFormat::Text, Wire(sender)).unwrap();
        let shared = log.0.as_ref().unwrap();
        shared.gathered.lock().lines.extend_from_slice(b"one\ntwo\n");
        drop(guard);
        assert_eq!(written.iter().collect::<Vec<_>>().concat(), b"one\ntwo\n");
    }

    #[test]
    fn a_batch_is_handed_on_in_pieces_of_whole_lines() {
        let line = |length: usize| "x".repeat(length - 1) + "\n";
        let batch = line(1000).repeat(5) + &line(5000) + &line(10) + "end";
        let lengths: Vec<usize> = pieces(batch.as_bytes()).map(<[u8]>::len).collect();
        assert_eq!(lengths, [4000, 1000, 5000, 10, 3]);
        assert_eq!(pieces(b"").count(), 0);
        assert_eq!(pieces(batch.as_bytes()).flatten().copied().collect::<Vec<_>>(), batch.as_bytes());
    }
}
