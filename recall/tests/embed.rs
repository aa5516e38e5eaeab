//! The encoder beside the reference, the Python package the weights come from: the same tokens, the same vectors.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mcpd_recall::{Encoder, cosine};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    sentences: Vec<Sentence>,
    cosines: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Sentence {
    text: String,
    tokens: Vec<u32>,
    /// The first components.
    vector: Vec<f32>,
}

static ENCODER: LazyLock<Encoder> = LazyLock::new(|| {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/use-multilingual-3.safetensors");
    let path = std::env::var_os("MCPD_MODEL").map_or(built, PathBuf::from);
    assert!(
        path.exists(),
        "there is no model at {}: run packaging/model/build target/tools/use-multilingual-3.safetensors",
        path.display()
    );
    Encoder::read(&path).unwrap()
});

fn reference() -> Reference {
    serde_json::from_str(include_str!("embed-reference.json")).unwrap()
}

#[test]
fn the_model_says_what_it_is() {
    assert_eq!((ENCODER.id(), ENCODER.dimensions()), ("use-multilingual-3", 512));
}

#[test]
fn tokens_are_those_of_the_reference() {
    for sentence in reference().sentences {
        assert_eq!(ENCODER.tokens(&sentence.text), sentence.tokens, "{}", sentence.text);
    }
}

#[test]
fn vectors_are_those_of_the_reference() {
    let Reference { sentences, cosines } = reference();
    let vectors: Vec<Vec<f32>> = sentences.iter().map(|sentence| ENCODER.embed(&sentence.text)).collect();
    for (sentence, vector) in sentences.iter().zip(&vectors) {
        let first = &vector[..sentence.vector.len()];
        assert!(cosine(first, &sentence.vector) >= 0.9995, "{}", sentence.text);
        let furthest = first.iter().zip(&sentence.vector).map(|(ours, theirs)| (ours - theirs).abs());
        assert!(furthest.fold(0.0, f32::max) < 1e-3, "{}", sentence.text);
    }
    for (left, row) in vectors.iter().zip(&cosines) {
        for (right, expected) in vectors.iter().zip(row) {
            assert!((cosine(left, right) - expected).abs() < 1e-3);
        }
    }
}

#[test]
fn a_question_finds_its_answer_in_the_other_language() {
    let notes = ["缓存使用 Redis，过期时间三十分钟", "午饭十二点开始", "数据库备份每天凌晨三点运行"];
    let question = ENCODER.embed("when does the database backup run?");
    let scores = notes.map(|note| cosine(&question, &ENCODER.embed(note)));
    assert!(scores[2] > scores[0] && scores[2] > scores[1], "{scores:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn any_text_has_a_vector_of_length_one(text in "(?s).{0,60}") {
        let norm: f32 = ENCODER.embed(&text).iter().map(|value| value * value).sum();
        prop_assert!((norm - 1.0).abs() < 1e-4, "{norm}");
    }
}
