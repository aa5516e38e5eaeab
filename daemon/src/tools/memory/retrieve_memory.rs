//! `retrieve_memory`: finds the memories most relevant to a question.

use mcpd_recall::{Candidate, Query};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MemoryLevel;
use crate::{
    auth::Principal,
    store::{Memory, MemoryFilter, Store, StoreError},
    tools::{Family, Tool, ToolError, params::ProjectId, time, tool::Effect},
};

/// Memories returned when nobody asks for another number.
const TOP: u16 = 5;

/// Finds memories.
pub(super) struct RetrieveMemory {
    pub(super) store: Store,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// identifier of the project the record belongs to
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
    /// what to know about an empty answer
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    memory_id: String,
    content: String,
    /// 0 to 1, BM25 over the best such a question could score
    relevance_score: f64,
    /// words of the question that occur in it
    why_matched: Vec<String>,
    memory_level: MemoryLevel,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    tags: Vec<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
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

    async fn call(&self, who: &Principal, args: Args) -> Result<Output, ToolError> {
        let project = match self.store.projects().find(&who.tenant, &args.project_id.0).await {
            Err(StoreError::NotFound) => return Ok(nothing(&args.project_id.0)),
            other => other?,
        };
        let filter = MemoryFilter { level: args.memory_level.map(Into::into), category: args.category };
        let query = Query::new(&args.query);
        let memories = self.store.memories();
        let candidates = memories.candidates(&project.id, query.keys(), &filter).await?;
        let corpus = memories.corpus(&project.id).await?;
        let texts: Vec<Candidate<'_>> =
            candidates.iter().map(|memory| Candidate { terms: &memory.terms }).collect();
        let mut ranked = query.rank(&texts, usize::try_from(corpus.count).unwrap_or(0));
        ranked.truncate(args.top_k.unwrap_or(TOP).into());
        let returned: i64 = ranked.iter().map(|one| candidates[one.index].tokens).sum();
        let found: Vec<Found> =
            ranked.into_iter().map(|one| found(&candidates[one.index], one.score, one.matched)).collect();
        let note = found.is_empty().then(|| {
            let told = "no word of the question occurs in the memories asked about";
            format!("{told}; the project has {} in all", corpus.count)
        });
        Ok(Output {
            count: found.len(),
            memories: found,
            total_token_saved: corpus.tokens - returned,
            cache_hit: false,
            note,
        })
    }
}

fn nothing(project: &str) -> Output {
    let note = format!(
        "no project {project:?} is known yet: it is made by the first call that stores something in it"
    );
    Output { count: 0, memories: Vec::new(), total_token_saved: 0, cache_hit: false, note: Some(note) }
}

fn found(memory: &Memory, score: f64, matched: Vec<String>) -> Found {
    Found {
        memory_id: memory.id.clone(),
        content: memory.content.clone(),
        relevance_score: (score * 1e4).round() / 1e4,
        why_matched: matched,
        memory_level: memory.level.into(),
        category: memory.category.clone(),
        confidence: memory.confidence,
        tags: memory.tags.clone(),
        created_at: time::text(memory.created_at),
        expires_at: time::text_of(memory.expires_at),
    }
}
