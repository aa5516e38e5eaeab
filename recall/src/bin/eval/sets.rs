//! Sets of documents and judged questions, and how they are indexed.

use std::{collections::HashMap, error::Error, path::Path};

use mcpd_recall::{Encoder, Index, Question, segment};
use serde_json::Value;

/// A set as its file has it.
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) documents: Vec<String>,
    pub(crate) questions: Vec<Judged>,
}

/// A question and the documents that answer it.
pub(crate) struct Judged {
    pub(crate) text: String,
    pub(crate) relevant: Vec<usize>,
    /// Of the essence and of the whole question.
    pub(crate) vectors: Option<(Vec<f32>, Vec<f32>)>,
}

/// A set, indexed once.
pub(crate) struct Indexed {
    pub(crate) index: Index,
    pub(crate) vectors: Vec<Vec<f32>>,
}

/// Reads a set.
pub(crate) fn read(file: &Path) -> Result<Set, Box<dyn Error>> {
    let json: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let documents = list(&json["documents"]);
    let places: HashMap<String, usize> =
        documents.iter().enumerate().map(|(place, one)| (text(&one["id"]), place)).collect();
    let judged = |one: &Value| Judged {
        text: text(&one["query"]),
        relevant: list(&one["relevant"]).iter().filter_map(|id| places.get(&text(id)).copied()).collect(),
        vectors: None,
    };
    let questions: Vec<Judged> = list(&json["queries"]).iter().map(judged).collect();
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Set { name, documents: documents.iter().map(|one| text(&one["text"])).collect(), questions })
}

/// Indexes a set, with the vectors of a model if there is one.
pub(crate) fn index(set: &mut Set, model: Option<&Encoder>) -> Indexed {
    let mut index = Index::new(model.map(Encoder::dimensions));
    let mut vectors = Vec::new();
    for text in &set.documents {
        let place = index.insert(&segment(text));
        if let Some(model) = model {
            let vector = model.embed(text);
            index.set_vector(place, Some(&vector));
            vectors.push(vector);
        }
    }
    if let Some(model) = model {
        for question in &mut set.questions {
            let essence = model.embed(Question::new(&question.text).essence());
            question.vectors = Some((essence, model.embed(&question.text)));
        }
    }
    Indexed { index, vectors }
}
