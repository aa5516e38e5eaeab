//! Reads the answer of an endpoint: one vector for each text, or why that is not what came.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer};
use serde_json::{error::Category, value::RawValue};

use crate::outbound::{Said, Sent};

/// Numbers a vector may have; no model of today has more.
pub(super) const DIMENSIONS: RangeInclusive<usize> = 2..=4096;

/// Why an answer is not the vectors that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AnswerError {
    /// It cannot be read at all.
    #[error("it is not JSON (line {line}, column {column})")]
    NotJson {
        /// Where reading stopped.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// It is another document.
    #[error("it is no list of embeddings as numbers (line {line}, column {column})")]
    Shape {
        /// Where it differs.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// It is an error that came with a good status.
    #[error("it is an error{0}")]
    Refusal(Said),
    /// Not one vector for each text.
    #[error("it has {vectors} vectors for {texts} texts")]
    Count {
        /// Vectors that came.
        vectors: usize,
        /// Texts sent.
        texts: usize,
    },
    /// A vector does not say which text it is of.
    #[error("a vector has no index")]
    NoIndex,
    /// A vector is of no text.
    #[error("a vector has index {index}, with {texts} texts")]
    Index {
        /// Its number.
        index: u64,
        /// Texts sent.
        texts: usize,
    },
    /// Two vectors are of the same text.
    #[error("two vectors have index {0}")]
    Twice(usize),
    /// A vector is too short or too long.
    #[error("a vector has {0} numbers; from {first} to {last} can be kept", first = DIMENSIONS.start(), last = DIMENSIONS.end())]
    Dimensions(usize),
    /// Vectors of different lengths.
    #[error("its vectors have {0} and {1} numbers")]
    Mixed(usize, usize),
    /// A value that is no number.
    #[error("vector {0} holds a value that is no finite number")]
    NotFinite(usize),
    /// A vector that points nowhere.
    #[error("vector {0} is zero")]
    Zero(usize),
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    data: Option<Vec<Embedding>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Embedding {
    #[serde(default)]
    index: Option<u64>,
    embedding: Vec<Number>,
}

/// A number; `null`, as which NaN is written, is NaN again.
struct Number(f32);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        // Read as f64: whether an f32 that is too large is infinite or no JSON depends on a feature of serde_json.
        let number: Option<f64> = Option::deserialize(input)?;
        Ok(Self(number.map_or(f32::NAN, |number| number as f32)))
    }
}

/// Returns the vectors of an answer in the order of the texts, each of length 1.
pub(super) fn vectors(body: &[u8], sent: &Sent<'_>) -> Result<Vec<Vec<f32>>, AnswerError> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| unread(&error))?;
    if answer.data.is_none() && answer.error.is_some() {
        return Err(AnswerError::Refusal(Said::read(body, sent)));
    }
    let data = answer.data.unwrap_or_default();
    let texts = sent.texts.len();
    if data.len() != texts {
        return Err(AnswerError::Count { vectors: data.len(), texts });
    }
    // As many as there are texts and none twice: in the end no place is empty.
    let mut places: Vec<Option<Vec<f32>>> = vec![None; texts];
    let mut dimensions = None;
    for Embedding { index, embedding } in data {
        let index = index.ok_or(AnswerError::NoIndex)?;
        let at = usize::try_from(index).ok().filter(|at| *at < texts);
        let at = at.ok_or(AnswerError::Index { index, texts })?;
        let first = *dimensions.get_or_insert(embedding.len());
        if !DIMENSIONS.contains(&embedding.len()) {
            return Err(AnswerError::Dimensions(embedding.len()));
        }
        if embedding.len() != first {
            return Err(AnswerError::Mixed(first, embedding.len()));
        }
        if places[at].replace(normal(&embedding, at)?).is_some() {
            return Err(AnswerError::Twice(at));
        }
    }
    Ok(places.into_iter().flatten().collect())
}

/// Returns a vector of the same direction and of length 1.
fn normal(vector: &[Number], at: usize) -> Result<Vec<f32>, AnswerError> {
    // In f64, where the squares of no f32 overflow or vanish.
    let square: f64 = vector.iter().map(|number| f64::from(number.0).powi(2)).sum();
    if !square.is_finite() {
        return Err(AnswerError::NotFinite(at));
    }
    if square == 0.0 {
        return Err(AnswerError::Zero(at));
    }
    let length = square.sqrt();
    Ok(vector.iter().map(|number| (f64::from(number.0) / length) as f32).collect())
}

/// Says where reading stopped. What stands there is not repeated.
fn unread(error: &serde_json::Error) -> AnswerError {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Data => AnswerError::Shape { line, column },
        Category::Io | Category::Syntax | Category::Eof => AnswerError::NotJson { line, column },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(texts: usize, body: &str) -> Result<Vec<Vec<f32>>, AnswerError> {
        vectors(body.as_bytes(), &Sent { key: None, texts: &vec!["a text"; texts] })
    }

    fn data(items: &str) -> String {
        format!(
            r#"{{"object":"list","data":[{items}],"model":"m","usage":{{"prompt_tokens":1,"total_tokens":1}}}}"#
        )
    }

    fn item(index: &str, embedding: &str) -> String {
        format!(r#"{{"object":"embedding","index":{index},"embedding":[{embedding}]}}"#)
    }

    #[test]
    fn vectors_come_in_the_order_of_the_texts_with_length_1() {
        let body = data(&[item("1", "0.0, -2"), item("0", "3, 4e0")].join(","));
        assert_eq!(read(2, &body).unwrap(), [vec![0.6, 0.8], vec![0.0, -1.0]]);
    }

    #[test]
    fn the_largest_and_the_smallest_numbers_have_a_direction() {
        let body = data(&[item("0", "3e38, 3e38"), item("1", "1e-45, 1e-45")].join(","));
        for vector in read(2, &body).unwrap() {
            assert!(vector.iter().all(|number| (number - 0.5f32.sqrt()).abs() < 1e-6), "{vector:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let two = |first: String, second: String| read(2, &data(&format!("{first},{second}"))).unwrap_err();
        let one = |embedding: &str| read(1, &data(&item("0", embedding))).unwrap_err();
        let long = vec!["1"; 4097].join(",");
        let cases = [
            (read(2, &data(&item("0", "1,2"))).unwrap_err(), "it has 1 vectors for 2 texts"),
            (read(1, r#"{"object":"","data":null,"model":""}"#).unwrap_err(), "it has 0 vectors for 1 texts"),
            (read(1, "{}").unwrap_err(), "it has 0 vectors for 1 texts"),
            (two(item("0", "1,2"), item("0", "1,2")), "two vectors have index 0"),
            (two(item("0", "1,2"), item("2", "1,2")), "a vector has index 2, with 2 texts"),
            (two(item("0", "1,2"), item("null", "1,2")), "a vector has no index"),
            (two(item("0", "1,2"), item("1", "1,2,3")), "its vectors have 2 and 3 numbers"),
            (one("1"), "a vector has 1 numbers; from 2 to 4096 can be kept"),
            (one(&long), "a vector has 4097 numbers; from 2 to 4096 can be kept"),
            (one("null, 1"), "vector 0 holds a value that is no finite number"),
            (one("1e39, 1"), "vector 0 holds a value that is no finite number"),
            (one("0, -0.0"), "vector 0 is zero"),
            (one("NaN, 1"), "it is not JSON (line 1, column 71)"),
            (one("1e999, 1"), "it is not JSON (line 1, column 75)"),
            (one("\"a\", 1"), "it is no list of embeddings as numbers (line 1, column 73)"),
            (read(1, "<html>").unwrap_err(), "it is not JSON (line 1, column 1)"),
            (read(1, "").unwrap_err(), "it is not JSON (line 1, column 0)"),
            (read(1, r#"{"error":{"message":"overloaded"}}"#).unwrap_err(), "it is an error: overloaded"),
            (
                read(1, r#"{"error":"repeats a text"}"#).unwrap_err(),
                "it is an error (its message repeats what was sent, and is not shown)",
            ),
            (
                read(1, r#"{"data":[{"index":0,"embedding":"AACAPw=="}]}"#).unwrap_err(),
                "it is no list of embeddings as numbers (line 1, column 42)",
            ),
        ];
        for (error, words) in cases {
            assert_eq!(error.to_string(), words);
        }
    }

    #[test]
    fn depth_is_an_error_and_no_crash() {
        let deep = "[".repeat(1 << 20);
        for body in [deep.clone(), data(&deep), data(&item("0", &deep)), format!(r#"{{"more":{deep}"#)] {
            assert!(read(1, &body).is_err());
        }
    }

    fn well_formed(texts: usize, answer: Result<Vec<Vec<f32>>, AnswerError>) {
        let Ok(vectors) = answer else { return };
        assert_eq!(vectors.len(), texts);
        let dimensions = vectors.first().map_or(2, Vec::len);
        assert!(DIMENSIONS.contains(&dimensions));
        for vector in vectors {
            assert_eq!(vector.len(), dimensions);
            let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
            assert!((length - 1.0).abs() < 1e-5, "{length}");
        }
    }

    /// Bytes as they come, and texts made of what an answer is made of, which get further.
    fn bodies() -> impl Strategy<Value = Vec<u8>> {
        let tokens = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"data\"",
            "\"index\"",
            "\"embedding\"",
            "\"error\"",
            "null",
            "0",
            "1",
            "-0.5",
            "1e38",
            "1e-45",
            "1e400",
            "\"\\u0000\"",
        ]);
        let number =
            prop::sample::select(vec!["0", "1", "-0.5", "3e38", "1e39", "1e-45", "null", "\"\"", "[]"]);
        let item =
            (prop::sample::select(vec!["0", "1", "2", "-1", "null"]), prop::collection::vec(number, 0..4))
                .prop_map(|(index, numbers)| item(index, &numbers.join(",")));
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            prop::collection::vec(tokens, 0..40).prop_map(|tokens| tokens.concat().into_bytes()),
            prop::collection::vec(item, 0..4).prop_map(|items| data(&items.join(",")).into_bytes()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn any_answer_is_an_error_or_well_formed(texts in 1usize..4, body in bodies()) {
            let sent = Sent { key: Some("key"), texts: &vec!["a text"; texts] };
            well_formed(texts, vectors(&body, &sent));
            let _ = Said::read(&body, &sent);
        }

        #[test]
        fn any_numbers_are_an_error_or_well_formed(numbers in prop::collection::vec(any::<f32>(), 0..20)) {
            let numbers: Vec<String> = numbers.iter().map(|number| serde_json::to_string(number).unwrap()).collect();
            well_formed(1, read(1, &data(&item("0", &numbers.join(",")))));
        }
    }
}
