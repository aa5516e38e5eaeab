//! One folder for each language: what its syntax means, and a file of it with the graph it is expected to give.

pub(crate) mod c;
pub(crate) mod cpp;
pub(crate) mod csharp;
pub(crate) mod go;
pub(crate) mod java;
pub(crate) mod javascript;
pub(crate) mod kotlin;
pub(crate) mod php;
pub(crate) mod python;
pub(crate) mod ruby;
pub(crate) mod rust;
pub(crate) mod swift;
pub(crate) mod typescript;
pub(crate) mod vue;

use crate::{Language, extract::Grammar};

/// Returns the grammar of a language.
pub(crate) fn grammar(language: Language) -> &'static Grammar {
    match language {
        Language::Python => &python::GRAMMAR,
        Language::JavaScript => &javascript::GRAMMAR,
        Language::TypeScript => &typescript::GRAMMAR,
        Language::Tsx => &typescript::TSX,
        Language::Rust => &rust::GRAMMAR,
        Language::Go => &go::GRAMMAR,
        Language::C => &c::GRAMMAR,
        Language::Cpp => &cpp::GRAMMAR,
        Language::Vue => &vue::GRAMMAR,
        Language::Java => &java::GRAMMAR,
        Language::Kotlin => &kotlin::GRAMMAR,
        Language::Swift => &swift::GRAMMAR,
        Language::CSharp => &csharp::GRAMMAR,
        Language::Php => &php::GRAMMAR,
        Language::Ruby => &ruby::GRAMMAR,
    }
}
