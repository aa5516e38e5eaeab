//! `retrieve_memory`: finds the memories most relevant to a question.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MemoryLevel;
use crate::{
    memory::{Asked, How, Memories, Recollection},
    store::{Store, StoreError},
    tools::{Call, Family, Tool, ToolError, params::ProjectId, time, tool::Effect},
};

/// Memories returned when nobody asks for another number.
const TOP: u16 = 5;

/// Bytes of content in one answer, the first memory aside.
const ANSWER: usize = 4 << 20;

/// Finds memories.
pub(super) struct RetrieveMemory {
    pub(super) store: Store,
    pub(super) memories: Arc<Memories>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// question or keywords, Chinese and English mixed allowed
    #[schemars(length(min = 1, max = 8192), regex(pattern = r"\S"))]
    query: String,
    /// maximum number of memories returned, 5 when absent
    #[schemars(range(min = 1, max = 100))]
    top_k: Option<u16>,
    /// only memories of this level
    memory_level: Option<MemoryLevel>,
    /// only memories of this category
    category: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// memories returned
    count: usize,
    /// best first
    memories: Vec<Found>,
    /// estimated tokens not returned: those of all the project's memories less those of the ones here
    total_token_saved: i64,
    /// always false: answers are computed from the store, so a memory is found in the call after its store
    cache_hit: bool,
    /// memories that matched too but would have made the answer longer than 4 MiB
    omitted: usize,
    /// "words", or "words and meaning" where a sentence model compared the memories too
    compared_by: &'static str,
    /// what to know about the answer: why it is empty, or that the sentence model is away
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    memory_id: String,
    content: String,
    /// 0 to 1, the estimated chance that it answers the question
    relevance_score: f64,
    /// the parts of the score
    score_parts: Parts,
    /// words of the question that occur in it
    why_matched: Vec<String>,
    /// word stems that occur in it and that the best memories have in common
    related_terms: Vec<String>,
    memory_level: MemoryLevel,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    tags: Vec<String>,
    /// who stored it
    author: String,
    /// the development session it was stored in
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Parts {
    /// BM25 over the best score such a question can have, 0 to 1
    words: f64,
    /// how much more like the question in meaning than the mean of the project, in cosines; absent where no sentence
    /// model compared it
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<f64>,
}

impl Tool for RetrieveMemory {
    const NAME: &'static str = "retrieve_memory";
    const FAMILY: Family = Family::Memory;
    const TITLE: &'static str = "Retrieve memories";
    const DESCRIPTION: &'static str = "Find the stored memories of a project most relevant to a question or keywords, \
        best first, with a score from 0 to 1 and the words that matched. English and Chinese may be mixed.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let project = match self.store.projects().find(&who.tenant, &args.project_id.0).await {
            Err(StoreError::NotFound) => return Ok(nothing(&args.project_id.0)),
            other => other?,
        };
        let asked = Asked {
            text: args.query,
            level: args.memory_level.map(Into::into),
            category: args.category,
            count: usize::from(args.top_k.unwrap_or(TOP)),
            counts: true,
        };
        let recalled = self.memories.recall(&project.id, asked).await?;
        let mut found = Vec::with_capacity(recalled.found.len());
        let (mut bytes, mut returned, mut omitted) = (0, 0, 0);
        for one in recalled.found {
            bytes += one.memory.content.len();
            if bytes > ANSWER && !found.is_empty() {
                omitted += 1;
                continue;
            }
            returned += one.memory.tokens;
            found.push(view(one));
        }
        let empty = found.is_empty().then(|| {
            let told = "no memory asked about holds a telling word of the question";
            format!("{told}; the project has {} memories in all", recalled.living)
        });
        let (compared_by, away) = match recalled.how {
            How::Words => ("words", None),
            How::Hybrid(some) if some < recalled.living => {
                let told = format!("{some} of {} memories are compared by meaning so far", recalled.living);
                ("words and meaning", Some(told))
            }
            How::Hybrid(_) => ("words and meaning", None),
            How::Away(reason) => {
                ("words", Some(format!("compared by words only: the sentence model is away ({reason})")))
            }
        };
        let notes: Vec<String> = empty.into_iter().chain(away).collect();
        Ok(Output {
            count: found.len(),
            memories: found,
            total_token_saved: recalled.tokens - returned,
            cache_hit: false,
            omitted,
            compared_by,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
        })
    }
}

fn nothing(project: &str) -> Output {
    let note = format!(
        "no project {project:?} is known yet: it is made by the first call that stores something in it"
    );
    Output {
        count: 0,
        memories: Vec::new(),
        total_token_saved: 0,
        cache_hit: false,
        omitted: 0,
        compared_by: "words",
        note: Some(note),
    }
}

fn view(one: Recollection) -> Found {
    let short = |value: f32| (f64::from(value) * 1e4).round() / 1e4;
    let Recollection { memory, score, lexical, semantic, matched, related } = one;
    Found {
        memory_id: memory.id,
        content: memory.content,
        relevance_score: short(score),
        score_parts: Parts { words: short(lexical), meaning: semantic.map(short) },
        why_matched: matched,
        related_terms: related,
        memory_level: memory.level.into(),
        category: memory.category,
        confidence: memory.confidence,
        tags: memory.tags,
        author: memory.author,
        session_id: memory.session,
        created_at: time::text(memory.created_at),
        expires_at: time::text_of(memory.expires_at),
    }
}
