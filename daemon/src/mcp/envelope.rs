//! The JSON-RPC 2.0 envelope, parsed once and borrowed: `params` stays raw until the method that owns it decodes it.
//!
//! Refused: duplicate members, trailing bytes, a byte order mark, other cases, fractional ids, and nesting or element
//! counts beyond what a request of a sane client has.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::RpcError;

/// Deepest nesting of arrays and objects.
const DEPTH: usize = 64;
/// Most values, members counted twice.
const NODES: usize = 100_000;
/// Longest id, in bytes as written.
const ID: usize = 256;

/// An id as the client wrote it, a string or an integer, to be sent back unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Id(String);

impl Id {
    /// Reads an id as it stands in a message.
    pub(super) fn read(raw: &RawValue) -> Result<Self, &'static str> {
        read_id(raw)
    }

    /// Returns the JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// One message from a client.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// Which of the three kinds.
    pub message: Message,
    /// The method; empty for a response.
    pub method: Cow<'a, str>,
    /// The parameters, raw.
    pub params: Option<&'a RawValue>,
    /// What a response says.
    pub answer: Option<ClientAnswer<'a>>,
}

/// What a client answers to a request of ours.
#[derive(Debug, Clone, Copy)]
pub enum ClientAnswer<'a> {
    /// The result, raw.
    Result(&'a RawValue),
    /// The error, raw.
    Error(&'a RawValue),
}

/// The three kinds of message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Wants an answer under this id.
    Request(Id),
    /// Wants none.
    Notification,
    /// Answers the request of ours that had this id.
    Response(Id),
}

/// Raw parameters.
pub type Params<'a> = Option<&'a RawValue>;

/// The members of an envelope, before it is known which kind they make.
struct Members<'a> {
    jsonrpc: Option<Cow<'a, str>>,
    id: Option<&'a RawValue>,
    method: Option<Cow<'a, str>>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Returns the id of a request.
    pub fn id(&self) -> Option<&Id> {
        if let Message::Request(id) = &self.message { Some(id) } else { None }
    }

    /// Parses one message. On failure the id is returned when it could be read, for the error to carry.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, (Option<Id>, RpcError)> {
        let refuse = |error| (None, error);
        let text = std::str::from_utf8(bytes).map_err(|_| refuse(RpcError::Parse("not UTF-8".into())))?;
        check_size(text).map_err(|why| refuse(RpcError::InvalidRequest(why.into())))?;
        let members: Members<'a> = serde_json::from_str(text).map_err(|error| refuse(unreadable(&error)))?;
        members.into_envelope()
    }

    /// Splits a batch into its messages, not yet parsed; `None` for what is no array.
    pub fn split(bytes: &'a [u8]) -> Option<Result<Vec<&'a RawValue>, RpcError>> {
        let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        (begins == Some(&b'[')).then(|| {
            let text = std::str::from_utf8(bytes).map_err(|_| RpcError::Parse("not UTF-8".into()))?;
            check_size(text).map_err(|why| RpcError::InvalidRequest(why.into()))?;
            serde_json::from_str(text).map_err(|error| unreadable(&error))
        })
    }
}

/// What is wrong with text that was to be JSON in a certain form.
fn unreadable(error: &serde_json::Error) -> RpcError {
    if error.is_data() {
        RpcError::InvalidRequest(error.to_string().into())
    } else {
        RpcError::Parse(error.to_string())
    }
}

impl<'a> Members<'a> {
    fn into_envelope(self) -> Result<Envelope<'a>, (Option<Id>, RpcError)> {
        let id = self.id.map(read_id).transpose();
        let known = id.clone().ok().flatten();
        let invalid = |why: &'static str| (known.clone(), RpcError::InvalidRequest(why.into()));
        if self.jsonrpc.as_deref() != Some("2.0") {
            return Err(invalid("the member \"jsonrpc\" must be \"2.0\""));
        }
        let id = id.map_err(invalid)?;
        if self.params.is_some_and(|params| !params.get().starts_with('{')) {
            return Err(invalid("the member \"params\" must be an object"));
        }
        let answer = match (self.result, self.error) {
            (None, None) => None,
            (Some(result), None) => Some(ClientAnswer::Result(result)),
            (None, Some(error)) => Some(ClientAnswer::Error(error)),
            (Some(_), Some(_)) => return Err(invalid("it has both a result and an error")),
        };
        let (message, method) = match (self.method, id, answer) {
            (Some(method), Some(id), None) => (Message::Request(id), method),
            (Some(method), None, None) => (Message::Notification, method),
            (None, Some(id), Some(_)) => (Message::Response(id), Cow::Borrowed("")),
            _ => return Err(invalid("it is neither a request, nor a notification, nor a response")),
        };
        Ok(Envelope { message, method, params: self.params, answer })
    }
}

fn read_id(raw: &RawValue) -> Result<Id, &'static str> {
    let text = raw.get();
    let integer = text.strip_prefix('-').unwrap_or(text);
    let is_integer = !integer.is_empty() && integer.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > ID {
        return Err("the member \"id\" is too long");
    }
    if !is_integer && !text.starts_with('"') {
        return Err("the member \"id\" must be a string or an integer");
    }
    Ok(Id(text.to_owned()))
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON-RPC message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members =
            Members { jsonrpc: None, id: None, method: None, params: None, result: None, error: None };
        let mut others: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
            let twice = match name.as_ref() {
                "jsonrpc" => members.jsonrpc.replace(map.next_value::<Text<'de>>()?.0).is_some(),
                "method" => members.method.replace(map.next_value::<Text<'de>>()?.0).is_some(),
                "id" => members.id.replace(map.next_value()?).is_some(),
                "params" => members.params.replace(map.next_value()?).is_some(),
                "result" => members.result.replace(map.next_value()?).is_some(),
                "error" => members.error.replace(map.next_value()?).is_some(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    !others.insert(name.clone())
                }
            };
            if twice {
                return Err(A::Error::custom(format_args!("the member {name:?} occurs twice")));
            }
        }
        Ok(members)
    }
}

/// A string, borrowed when it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Bounds nesting and element count in one pass over the bytes, before anything recursive sees them.
fn check_size(text: &str) -> Result<(), &'static str> {
    // What is short and opens few brackets is within both bounds wherever they stand.
    let opened = memchr::memchr2_iter(b'{', b'[', text.as_bytes()).take(DEPTH + 1).count();
    if text.len() < NODES && opened <= DEPTH {
        return Ok(());
    }
    let (mut depth, mut nodes, mut in_string, mut escaped) = (0usize, 1usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                nodes += 1;
                if depth > DEPTH {
                    return Err("it is nested too deeply");
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' | b':' => nodes += 1,
            _ => {}
        }
        if nodes > NODES {
            return Err("it has too many values");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> i64 {
        Envelope::parse(text.as_bytes()).unwrap_err().1.code()
    }

    #[test]
    fn the_three_kinds_are_told_apart() {
        let kind = |text: &'static str| Envelope::parse(text.as_bytes()).unwrap().message;
        let request = kind(r#"{"jsonrpc":"2.0","id":"a\"b","method":"ping"}"#);
        assert_eq!(request, Message::Request(Id(r#""a\"b""#.into())));
        assert_eq!(kind(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#), Message::Notification);
        assert_eq!(kind(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), Message::Response(Id("1".into())));
    }

    #[test]
    fn params_stay_as_they_came() {
        let text = r#"{"jsonrpc":"2.0","id":-7,"method":"m","params":{ "b":1.0, "a":2 },"extra":[]}"#;
        let envelope = Envelope::parse(text.as_bytes()).unwrap();
        assert_eq!(envelope.params.unwrap().get(), r#"{ "b":1.0, "a":2 }"#);
        assert_eq!(envelope.message, Message::Request(Id("-7".into())));
    }

    #[test]
    fn what_is_no_json_is_a_parse_error() {
        for text in ["", "{", "nope", r#"{"jsonrpc":"2.0"} x"#, "\u{feff}{}", r#"{"a":1,}"#] {
            assert_eq!(code(text), -32700, "{text:?}");
        }
        assert_eq!(Envelope::parse(b"\xff\xfe").unwrap_err().1.code(), -32700);
    }

    #[test]
    fn what_is_no_message_is_an_invalid_request() {
        for text in [
            "1",
            "[]",
            "{}",
            r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#,
            r#"{"JSONRPC":"2.0","id":1,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":3}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","method":"n"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        ] {
            assert_eq!(code(text), -32600, "{text}");
        }
    }

    #[test]
    fn an_escaped_duplicate_is_a_duplicate() {
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":"m","m\u0065thod":"n"}"#), -32600);
    }

    #[test]
    fn deep_and_wide_bodies_are_refused() {
        let deep = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{}{}}}"#,
            "[".repeat(70),
            "]".repeat(70)
        );
        assert_eq!(code(&deep), -32600);
        let wide = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":[{}1]}}"#, "1,".repeat(NODES));
        assert_eq!(code(&wide), -32600);
        let text =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"x":"{}"}}}}"#, "[,".repeat(NODES));
        assert!(Envelope::parse(text.as_bytes()).is_ok(), "a string may hold anything");
    }

    #[test]
    fn the_error_carries_the_id_when_it_was_read() {
        let refused = Envelope::parse(br#"{"jsonrpc":"1.0","id":9,"method":"m"}"#).unwrap_err();
        assert_eq!(refused.0.unwrap().as_json(), "9");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Envelope::parse(&bytes);
        }

        #[test]
        fn any_cut_of_a_message_is_answered(cut in 0usize..90, flip in any::<u8>()) {
            let whole = br#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"t","arguments":{}}}"#;
            let mut bytes = whole.to_vec();
            let at = cut % bytes.len();
            bytes[at] = flip;
            let _ = Envelope::parse(&bytes);
            let _ = Envelope::parse(&whole[..at]);
        }
    }
}
