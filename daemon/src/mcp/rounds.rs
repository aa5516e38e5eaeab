//! Questions to a modern client: the call ends with what is wanted, and comes back with the answers (MCP 2026-07-28,
//! Multi Round-Trip Requests). Answers of earlier rounds travel with the client, sealed: it may read them, they are its
//! own, but neither change them nor use them for another call, as somebody else, or later.

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json, value::RawValue};
use sha2::{Digest, Sha256};

use super::{RpcError, session::Abilities};
use crate::{
    auth::Principal,
    tools::{Question, Unanswered, Wish},
};

/// How long a client may take to gather answers.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Answers so far, and what is still wanted.
#[derive(Debug)]
pub(super) struct Rounds {
    abilities: Abilities,
    given: Map<String, Value>,
    wanted: Mutex<Map<String, Value>>,
    /// What the client cannot do, and the call cannot do without.
    unable: Mutex<Option<Wish>>,
}

impl Rounds {
    pub(super) fn new(abilities: Abilities, given: Map<String, Value>) -> Self {
        Self { abilities, given, wanted: Mutex::default(), unable: Mutex::default() }
    }

    pub(super) fn can(&self, wish: Wish) -> bool {
        self.abilities.can(wish)
    }

    pub(super) fn ask(&self, questions: &[Question]) -> Result<Vec<Value>, Unanswered> {
        if let Some(question) = questions.iter().find(|question| !self.can(question.wish)) {
            *self.unable.lock() = Some(question.wish);
            return Err(Unanswered::Unable(question.wish));
        }
        // An answer of the wrong shape is no answer: the client is asked again.
        let known = |question: &Question| {
            self.given.get(question.name).filter(|answer| is_answer(question.wish, answer)).cloned()
        };
        let answers: Option<Vec<Value>> = questions.iter().map(known).collect();
        answers.ok_or_else(|| {
            let mut wanted = self.wanted.lock();
            for question in questions.iter().filter(|question| known(question).is_none()) {
                let request = json!({ "method": question.wish.method(), "params": question.params });
                wanted.insert(question.name.to_owned(), request);
            }
            Unanswered::Later
        })
    }

    /// Returns what the client is asked for, if the call ended for that.
    pub(super) fn wanted(&self) -> Option<Map<String, Value>> {
        Some(self.wanted.lock().clone()).filter(|wanted| !wanted.is_empty())
    }

    pub(super) fn unable(&self) -> Option<Wish> {
        *self.unable.lock()
    }
}

/// Answers whether a value is the result of the method that grants a wish.
fn is_answer(wish: Wish, answer: &Value) -> bool {
    match wish {
        Wish::Elicitation => match answer["action"].as_str() {
            Some("accept") => answer["content"].is_object(),
            Some("decline" | "cancel") => true,
            _ => false,
        },
        Wish::Sampling => answer["role"].is_string() && !answer["content"].is_null(),
        Wish::Roots => answer["roots"].is_array(),
    }
}

/// Seals and opens what clients carry from round to round. Its key lives as long as the process.
pub(super) struct Seal {
    key: Hmac<Sha256>,
    began: Instant,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    who: String,
    request: String,
    /// Seconds after the seal was made.
    until: u64,
    given: Map<String, Value>,
}

impl Default for Seal {
    fn default() -> Self {
        // As long as the hash's block, which needs no shortening and cannot be refused.
        let mut key = [0; 64];
        rand::rng().fill_bytes(&mut key);
        Self { key: <Hmac<Sha256> as KeyInit>::new(&key.into()), began: Instant::now() }
    }
}

impl Seal {
    /// Seals the answers so far for the next round of the same request by the same principal.
    pub(super) fn close(&self, who: &Principal, request: &str, rounds: &Rounds) -> String {
        let until = self.began.elapsed().saturating_add(PATIENCE).as_secs();
        let sealed =
            Sealed { who: who.author(), request: request.to_owned(), until, given: rounds.given.clone() };
        let payload = URL_SAFE_NO_PAD.encode(json!(sealed).to_string());
        let tag = URL_SAFE_NO_PAD.encode(self.mac(&payload).finalize().into_bytes());
        format!("{payload}.{tag}")
    }

    /// Returns the answers of a request: those sealed in its state, and those it brings.
    pub(super) fn open(
        &self,
        who: &Principal,
        request: &str,
        state: Option<&RawValue>,
        brought: Option<&RawValue>,
    ) -> Result<Map<String, Value>, RpcError> {
        let mut given = match state {
            Some(state) => self.read(who, request, state).ok_or_else(|| {
                let why = "requestState is not of this request, or too old: call again without it";
                RpcError::InvalidParams(why.into())
            })?,
            None => Map::new(),
        };
        if let Some(brought) = brought {
            let brought: Map<String, Value> = serde_json::from_str(brought.get())
                .map_err(|_| RpcError::InvalidParams("inputResponses must be an object".into()))?;
            given.extend(brought);
        }
        Ok(given)
    }

    fn read(&self, who: &Principal, request: &str, state: &RawValue) -> Option<Map<String, Value>> {
        let state: String = serde_json::from_str(state.get()).ok()?;
        let (payload, tag) = state.split_once('.')?;
        self.mac(payload).verify_slice(&URL_SAFE_NO_PAD.decode(tag).ok()?).ok()?;
        let sealed: Sealed = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let fresh = self.began.elapsed().as_secs() <= sealed.until;
        (fresh && sealed.who == who.author() && sealed.request == request).then_some(sealed.given)
    }

    fn mac(&self, payload: &str) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        mac.update(payload.as_bytes());
        mac
    }
}

/// Names a request by its method and what it is about, so that sealed answers fit no other.
pub(super) fn request_name(method: &str, name: &str, arguments: Option<&RawValue>) -> String {
    let mut hash = Sha256::new();
    for part in [method, name, arguments.map_or("{}", RawValue::get)] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Abilities = Abilities { elicitation: true, sampling: true, roots: true };

    fn raw(value: &Value) -> Box<RawValue> {
        RawValue::from_string(value.to_string()).unwrap()
    }

    fn question(name: &'static str) -> Question {
        Question { name, wish: Wish::Elicitation, params: json!({ "message": name }) }
    }

    #[test]
    fn answers_travel_sealed_from_round_to_round() {
        let (seal, who) = (Seal::default(), Principal::anonymous());
        let first = Rounds::new(ALL, Map::new());
        assert_eq!(first.ask(&[question("a")]), Err(Unanswered::Later));
        assert_eq!(first.wanted().unwrap()["a"]["method"], "elicitation/create");
        let state = seal.close(&who, "call", &first);

        let answer = json!({ "a": { "action": "accept", "content": { "x": 1 } } });
        let given = seal.open(&who, "call", Some(&raw(&json!(state))), Some(&raw(&answer))).unwrap();
        let second = Rounds::new(ALL, given);
        assert_eq!(second.ask(&[question("a")]).unwrap()[0]["content"]["x"], 1);
        assert_eq!(second.ask(&[question("b")]), Err(Unanswered::Later));
        let next = seal.close(&who, "call", &second);
        assert_ne!(state, next);
        let given = seal.open(&who, "call", Some(&raw(&json!(next))), None).unwrap();
        assert!(given.contains_key("a"), "the first answer need not be sent again");
    }

    #[test]
    fn a_state_fits_one_request_of_one_principal_unchanged() {
        let (seal, who) = (Seal::default(), Principal::anonymous());
        let state = seal.close(&who, "call", &Rounds::new(ALL, Map::new()));
        let open = |who: &Principal, request: &str, state: &str| {
            seal.open(who, request, Some(&raw(&json!(state))), None).is_ok()
        };
        assert!(open(&who, "call", &state));
        assert!(!open(&who, "other", &state));
        assert!(!open(&Principal::local(7), "call", &state));
        for broken in [format!("{state}-TAMPERED"), state.replacen('e', "f", 1), String::new(), "a.b".into()]
        {
            assert!(!open(&who, "call", &broken), "{broken}");
        }
        assert!(Seal::default().open(&who, "call", Some(&raw(&json!(state))), None).is_err());
    }

    #[test]
    fn an_answer_of_the_wrong_shape_is_asked_for_again() {
        for wrong in [json!("yes"), json!({ "action": "accept" }), json!({ "action": "perhaps" })] {
            let given = Map::from_iter([("a".to_owned(), wrong)]);
            assert_eq!(Rounds::new(ALL, given).ask(&[question("a")]), Err(Unanswered::Later));
        }
        let none = Rounds::new(Abilities::default(), Map::new());
        assert_eq!(none.ask(&[question("a")]), Err(Unanswered::Unable(Wish::Elicitation)));
        assert_eq!(none.unable(), Some(Wish::Elicitation));
    }
}
