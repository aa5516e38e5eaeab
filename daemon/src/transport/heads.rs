//! The headers that are looked at, found in one pass over the head of a request.

use http::{HeaderMap, HeaderValue, header};

/// A header that may occur once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Once<'a> {
    value: Option<&'a HeaderValue>,
    twice: bool,
}

impl<'a> Once<'a> {
    fn add(&mut self, value: &'a HeaderValue) {
        self.twice |= self.value.is_some();
        self.value = self.value.or(Some(value));
    }

    /// Returns its text; the error is a header that occurs twice, or is not plain text.
    pub(super) fn text(self) -> Result<Option<&'a str>, ()> {
        if self.twice { Err(()) } else { self.value.map(|value| value.to_str().map_err(drop)).transpose() }
    }

    /// Returns the text of the first, if it is plain.
    pub(super) fn first(self) -> Option<&'a str> {
        self.value.and_then(|value| value.to_str().ok())
    }

    /// Returns the bytes of the only one.
    pub(super) fn bytes(self) -> Option<&'a [u8]> {
        self.value.filter(|_| !self.twice).map(HeaderValue::as_bytes)
    }

    /// Answers whether it occurs at all.
    pub(super) fn is_there(self) -> bool {
        self.value.is_some()
    }
}

/// What a client takes as an answer (RFC 9110, section 12.5.1; weights are not looked at).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Accepts {
    /// Whether it said anything about it.
    pub(super) told: bool,
    /// JSON.
    pub(super) json: bool,
    /// An event stream.
    pub(super) stream: bool,
}

impl Accepts {
    /// What nearly every client sends, as the specification asks it to.
    const USUAL: &'static [u8] = b"application/json, text/event-stream";

    fn read(value: Option<&HeaderValue>, headers: &HeaderMap) -> Self {
        match value {
            None => Self { told: false, json: true, stream: true },
            Some(value) if value.as_bytes() == Self::USUAL => Self { told: true, json: true, stream: true },
            Some(_) => headers.get_all(header::ACCEPT).iter().fold(Self::default(), Self::add),
        }
    }

    fn add(mut self, value: &HeaderValue) -> Self {
        self.told = true;
        for kind in value.to_str().into_iter().flat_map(|value| value.split(',')).map(media_type) {
            let is = |name: &str| kind.eq_ignore_ascii_case(name);
            self.json |= is("application/json") || is("application/*") || is("*/*");
            self.stream |= is("text/event-stream") || is("text/*") || is("*/*");
        }
        self
    }
}

/// The headers of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads<'a> {
    all: &'a HeaderMap,
    pub(super) host: Once<'a>,
    pub(super) origin: Once<'a>,
    pub(super) forwarded: Once<'a>,
    pub(super) forwarded_for: Once<'a>,
    pub(super) authorization: Once<'a>,
    pub(super) content_type: Once<'a>,
    pub(super) content_encoding: Once<'a>,
    pub(super) content_length: Once<'a>,
    pub(super) version: Once<'a>,
    pub(super) method: Once<'a>,
    pub(super) name: Once<'a>,
    pub(super) session: Once<'a>,
    pub(super) last_event: Once<'a>,
    accept: Once<'a>,
}

impl<'a> Heads<'a> {
    /// Finds them.
    pub(super) fn read(headers: &'a HeaderMap) -> Self {
        let none = Once::default();
        let mut heads = Self {
            all: headers,
            host: none,
            origin: none,
            forwarded: none,
            forwarded_for: none,
            authorization: none,
            content_type: none,
            content_encoding: none,
            content_length: none,
            version: none,
            method: none,
            name: none,
            session: none,
            last_event: none,
            accept: none,
        };
        for (name, value) in headers {
            match name.as_str() {
                "host" => heads.host.add(value),
                "origin" => heads.origin.add(value),
                "forwarded" => heads.forwarded.add(value),
                "x-forwarded-for" => heads.forwarded_for.add(value),
                "authorization" => heads.authorization.add(value),
                "content-type" => heads.content_type.add(value),
                "content-encoding" => heads.content_encoding.add(value),
                "content-length" => heads.content_length.add(value),
                "mcp-protocol-version" => heads.version.add(value),
                "mcp-method" => heads.method.add(value),
                "mcp-name" => heads.name.add(value),
                "mcp-session-id" => heads.session.add(value),
                "last-event-id" => heads.last_event.add(value),
                "accept" => heads.accept.add(value),
                _ => {}
            }
        }
        heads
    }

    /// Returns what the client takes as an answer.
    pub(super) fn accepts(&self) -> Accepts {
        Accepts::read(self.accept.value, self.all)
    }
}

/// Returns a media type without its parameters.
pub(super) fn media_type(value: &str) -> &str {
    let kind = value.split_once(';').map_or(value, |(kind, _)| kind);
    kind.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).fold(
            HeaderMap::new(),
            |mut headers, (name, value): (http::HeaderName, HeaderValue)| {
                headers.append(name, value);
                headers
            },
        )
    }

    #[test]
    fn a_header_twice_is_malformed() {
        let once = headers(&[("host", "a")]);
        assert_eq!(Heads::read(&once).host.text(), Ok(Some("a")));
        assert_eq!(Heads::read(&once).origin.text(), Ok(None));
        let twice = headers(&[("host", "a"), ("accept", "*/*"), ("host", "b")]);
        assert_eq!(Heads::read(&twice).host.text(), Err(()));
        assert_eq!(Heads::read(&twice).host.bytes(), None);
    }

    #[test]
    fn what_is_accepted_is_read_from_every_value() {
        let accepts = |list: &[&str]| {
            let list: Vec<_> = list.iter().map(|value| ("accept", *value)).collect();
            let headers = headers(&list);
            let accepts = Heads::read(&headers).accepts();
            (accepts.json, accepts.stream)
        };
        assert_eq!(accepts(&[]), (true, true));
        assert_eq!(accepts(&["*/*"]), (true, true));
        assert_eq!(accepts(&["application/json;q=0.9", "Text/Event-Stream"]), (true, true));
        assert_eq!(accepts(&["text/event-stream"]), (false, true));
        assert_eq!(accepts(&["text/html, image/png"]), (false, false));
    }
}
