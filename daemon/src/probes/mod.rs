//! What must hold of everything that reads bytes of strangers, one function a reader. The fuzzer calls them with what
//! it makes up, the tests with the corpora in `fuzz/corpus`; a broken promise is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a probe fails by panicking")]

mod addresses;
mod events;
mod headers;
mod sockets;

use std::path::Path;

use futures::FutureExt;
use mcpd_config::Config;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;
use tokio::io::BufReader;

pub use addresses::forwarded;
pub use events::event_stream;
pub use headers::headers;
pub use sockets::socket_frames;

use crate::{
    mcp::{Envelope, RpcError},
    transport::{Read, read_line},
};

/// One probe.
pub type Probe = fn(&[u8]);

/// Every probe by the name of its target and its corpus.
pub const ALL: [(&str, Probe); 7] = [
    ("configuration", configuration),
    ("envelope", envelope),
    ("event_stream", event_stream),
    ("forwarded", forwarded),
    ("headers", headers),
    ("lines", lines),
    ("socket_frames", socket_frames),
];

/// Messages and batches: what is read is what was written, and what is refused has one of two codes.
pub fn envelope(bytes: &[u8]) {
    match Envelope::split(bytes) {
        None => message(bytes),
        Some(Ok(parts)) => parts.into_iter().for_each(|part| message(part.get().as_bytes())),
        Some(Err(error)) => refused(&error),
    }
}

fn message(bytes: &[u8]) {
    #[derive(Deserialize)]
    struct Members<'a> {
        #[serde(borrow)]
        id: Option<&'a RawValue>,
        #[serde(borrow)]
        params: Option<&'a RawValue>,
    }
    let stands = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    match Envelope::parse(bytes) {
        Ok(envelope) => {
            let members: Members<'_> = serde_json::from_slice(bytes).expect("what is accepted is JSON");
            if let Some(id) = envelope.id() {
                assert_eq!(
                    Some(id.as_json()),
                    members.id.map(RawValue::get),
                    "the id is sent back as it came"
                );
                let answer = format!("{{\"id\":{}}}", id.as_json());
                assert!(serde_json::from_str::<IgnoredAny>(&answer).is_ok(), "{answer}");
                assert!(!answer.contains(['\n', '\r']), "an answer is one line");
            }
            assert_eq!(envelope.params.map(RawValue::get), members.params.map(RawValue::get));
            assert!(envelope.params.is_none_or(|params| params.get().starts_with('{')));
        }
        Err((id, error)) => {
            refused(&error);
            assert!(id.is_none_or(|id| stands(id.as_json())), "an id nobody sent");
        }
    }
}

fn refused(error: &RpcError) {
    assert!([-32700, -32600].contains(&error.code()), "{error:?}");
    assert_eq!(error.status(), 400);
}

/// Lines: the first byte is the limit, the second where the input is cut. No line is longer than the limit, and the
/// cuts make no difference.
pub fn lines(bytes: &[u8]) {
    let [limit, cut, text @ ..] = bytes else { return };
    let limit = usize::from(*limit);
    let mut expected: Vec<Option<&[u8]>> =
        text.split(|byte| *byte == b'\n').map(|line| (line.len() <= limit).then_some(line)).collect();
    if text.is_empty() || text.ends_with(b"\n") {
        expected.pop();
    }
    for cut in [usize::from(*cut) + 1, text.len() + 1] {
        let mut reader = BufReader::with_capacity(cut, text);
        for expected in &expected {
            let mut line = Vec::new();
            let read = read_line(&mut reader, &mut line, limit).now_or_never().unwrap().unwrap();
            assert!(line.len() <= limit);
            match expected {
                Some(expected) => assert_eq!((read, line.as_slice()), (Read::Line, *expected)),
                None => assert_eq!(read, Read::TooLong),
            }
        }
        let end = read_line(&mut reader, &mut Vec::new(), limit).now_or_never().unwrap().unwrap();
        assert_eq!(end, Read::End);
    }
}

/// Configurations: one is taken, and again the same, or refused with places that its writer finds.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let load = || Config::load(Some((Path::new("mcpd.toml"), text)), &[]);
    match load() {
        Ok(config) => assert_eq!(load().as_ref(), Ok(&config)),
        Err(complaints) => {
            let last = text.matches('\n').count() + 1;
            assert!(!complaints.0.is_empty(), "refused without a word");
            for complaint in &complaints.0 {
                assert!(complaint.line.is_none_or(|line| (1..=last).contains(&line)), "{complaint}");
                assert!(!complaint.reason.is_empty());
            }
            assert_eq!(load(), Err(complaints));
        }
    }
}
