//! `retrieve_memory`: finds the memories most relevant to a question.

use mcpd_recall::{Candidate, Query, Ranked};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MemoryLevel;
use crate::{
    store::{CandidateRow, Memory, MemoryFilter, Store, StoreError},
    tools::{Call, Family, Tool, ToolError, params::ProjectId, time, tool::Effect},
};

/// Memories returned when nobody asks for another number.
const TOP: u16 = 5;

/// Bytes of content in one answer, the first memory aside.
const ANSWER: usize = 4 << 20;

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
    /// memories that matched too but would have made the answer longer than 4 MiB
    omitted: usize,
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

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let project = match self.store.projects().find(&who.tenant, &args.project_id.0).await {
            Err(StoreError::NotFound) => return Ok(nothing(&args.project_id.0)),
            other => other?,
        };
        let filter = MemoryFilter { level: args.memory_level.map(Into::into), category: args.category };
        let query = Query::new(&args.query);
        let top = usize::from(args.top_k.unwrap_or(TOP));
        let memories = self.store.memories();
        let candidates = memories.candidates(&project.id, query.keys(), &filter, top as i64).await?;
        let corpus = memories.corpus(&project.id).await?;
        let ranked = ranked(query, candidates, usize::try_from(corpus.count).unwrap_or(0), top).await?;
        let seqs: Vec<i64> = ranked.iter().map(|(seq, _)| *seq).collect();
        let mut found = Vec::with_capacity(seqs.len());
        let (mut bytes, mut returned, mut omitted) = (0, 0, 0);
        for (seq, memory) in memories.texts(&seqs).await? {
            bytes += memory.content.len();
            if bytes > ANSWER && !found.is_empty() {
                omitted += 1;
                continue;
            }
            if let Some((_, one)) = ranked.iter().find(|(other, _)| *other == seq) {
                returned += memory.tokens;
                found.push(view(memory, one));
            }
        }
        let note = found.is_empty().then(|| {
            let told = "no word of the question occurs in the memories asked about";
            format!("{told}; the project has {} in all", corpus.count)
        });
        Ok(Output {
            count: found.len(),
            memories: found,
            total_token_saved: corpus.tokens - returned,
            cache_hit: false,
            omitted,
            note,
        })
    }
}

/// Ranks away from the threads that serve: long memories take a while.
async fn ranked(
    query: Query,
    candidates: Vec<CandidateRow>,
    corpus: usize,
    top: usize,
) -> Result<Vec<(i64, Ranked)>, ToolError> {
    let ranking = tokio::task::spawn_blocking(move || {
        let terms: Vec<Candidate<'_>> =
            candidates.iter().map(|row| Candidate { terms: &row.terms }).collect();
        let mut ranked = query.rank(&terms, corpus);
        ranked.truncate(top);
        ranked.into_iter().map(|one| (candidates[one.index].seq, one)).collect()
    });
    ranking.await.map_err(|error| ToolError::internal(&error))
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
        note: Some(note),
    }
}

fn view(memory: Memory, ranked: &Ranked) -> Found {
    Found {
        memory_id: memory.id,
        content: memory.content,
        relevance_score: (ranked.score * 1e4).round() / 1e4,
        why_matched: ranked.matched.clone(),
        memory_level: memory.level.into(),
        category: memory.category,
        confidence: memory.confidence,
        tags: memory.tags,
        created_at: time::text(memory.created_at),
        expires_at: time::text_of(memory.expires_at),
    }
}
