//! The headers that mirror a modern request.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{mcp::HttpHead, transport::protocol};

/// Header rules: lines of headers, an empty line, and the value that the body has. Nothing is accepted that says
/// something else than the body, and what says the same is.
pub fn headers(bytes: &[u8]) {
    let (head, body) = split(bytes);
    let body = String::from_utf8_lossy(body);
    let all = read(head);
    let head = protocol(&all);
    if head.malformed.is_some() {
        return;
    }
    assert!(once(&all, "mcp-method") && once(&all, "mcp-name") && once(&all, "mcp-protocol-version"));

    if head.check(&body, &body).is_ok() {
        assert_eq!((head.version, head.method), (Some(&*body), Some(&*body)));
    }
    if head.check_name(&body).is_ok() {
        assert!(says(head.name.unwrap(), &body), "{:?} is not {body:?}", head.name);
    }
    assert!(head.check_param("x", None).is_ok() || shown(&all).is_none_or(|shown| encoded(shown).is_some()));
    if head.check_param("x", Some(&body)).is_ok() {
        let shown = shown(&all).expect("one that can be read");
        let shown = decoded(shown);
        assert!(shown == body || equal(&shown, &body), "{shown:?} is not {body:?}");
    }
    // What a correct client sends is taken.
    let name = format!("=?base64?{}?=", STANDARD.encode(&*body));
    let mut all = HeaderMap::new();
    all.insert("mcp-param-x", HeaderValue::from_str(&name).unwrap());
    let correct = HttpHead {
        version: None,
        method: None,
        name: Some(&name),
        session: None,
        malformed: None,
        all: &all,
    };
    assert!(correct.check_name(&body).is_ok() && correct.check_param("x", Some(&body)).is_ok());
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&bytes[..at], &bytes[at + 2..]),
        None => (bytes, b""),
    }
}

fn read(head: &[u8]) -> HeaderMap {
    let mut all = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n').take(64) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(line[..colon].trim_ascii());
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            all.append(name, value);
        }
    }
    all
}

fn once(all: &HeaderMap, name: &str) -> bool {
    all.get_all(name).iter().count() <= 1
}

fn shown(all: &HeaderMap) -> Option<&str> {
    all.get("mcp-param-x").filter(|_| once(all, "mcp-param-x"))?.to_str().ok()
}

fn encoded(shown: &str) -> Option<&str> {
    shown.strip_prefix("=?base64?")?.strip_suffix("?=")
}

/// Answers whether a header says this: the encoding has one way to write each text.
fn says(shown: &str, body: &str) -> bool {
    encoded(shown).map_or(shown == body, |inner| inner == STANDARD.encode(body))
}

fn decoded(shown: &str) -> String {
    match encoded(shown) {
        Some(inner) => String::from_utf8(STANDARD.decode(inner).unwrap()).unwrap(),
        None => shown.to_owned(),
    }
}

/// Answers whether both are the same number; whole ones digit by digit.
fn equal(left: &str, right: &str) -> bool {
    if let (Ok(left), Ok(right)) = (left.parse::<i128>(), right.parse::<i128>()) {
        return left == right;
    }
    let both = (left.parse::<f64>(), right.parse::<f64>());
    matches!(both, (Ok(left), Ok(right)) if left == right && left.abs() < 2f64.powi(53))
}
