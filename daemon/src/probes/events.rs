//! Event streams, read back by the rules of the HTML standard, and the ids that clients come back with.

use crate::{
    mcp::read_event_id,
    transport::{event, event_id},
};

/// One event as a client sees it.
#[derive(Debug, PartialEq, Eq)]
struct Event {
    name: String,
    id: Option<String>,
    data: String,
}

/// Event streams: whatever an event carries, a client reads just that one. The first eight bytes number it.
pub fn event_stream(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // Whatever a client says it has seen last is answered, and what we wrote is read back.
    if let Some((_, next)) = read_event_id(&text) {
        assert!(text.contains('-') && (next > 0 || text.ends_with('-')));
    }
    let (number, data) = bytes.split_at(bytes.len().min(8));
    let number = number.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let (track, number) = (number >> 32, number & 0xffff_ffff);
    let id = event_id(track, number);
    assert_eq!(read_event_id(&id), Some((track, number + 1)));
    // JSON has no raw line break; all else may stand in it.
    let data = String::from_utf8_lossy(data).replace(['\r', '\n'], " ");
    for id in [None, Some(id.as_str())] {
        let written = event(id, data.as_bytes());
        let expected = Event { name: "message".into(), id: id.map(Into::into), data: data.clone() };
        assert_eq!(read(std::str::from_utf8(&written).unwrap()), [expected]);
    }
}

/// Interprets an event stream (HTML, section 9.2.6).
fn read(stream: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let (mut name, mut id, mut data) = (String::new(), None, String::new());
    for line in stream.replace("\r\n", "\n").split(['\r', '\n']) {
        if line.is_empty() {
            let (kind, text) = (std::mem::take(&mut name), std::mem::take(&mut data));
            if let Some(text) = text.strip_suffix('\n') {
                let name = if kind.is_empty() { "message".into() } else { kind };
                events.push(Event { name, id: id.clone(), data: text.to_owned() });
            }
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut name),
            "data" => data.extend([value, "\n"]),
            "id" if !value.contains('\0') => id = Some(value.to_owned()),
            _ => {}
        }
    }
    events
}
