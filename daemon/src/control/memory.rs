//! What projects remember, looked after by operators: every tenant's memories, page by page, and the model that finds
//! them by meaning.

use std::path::PathBuf;

use futures::future::join_all;
use mcpd_ipc::{
    Fault, FaultKind,
    memory::{
        MemoryDelete, MemoryDeleted, MemoryEntry, MemoryExport, MemoryImport, MemoryImported, MemoryInfo,
        MemoryLevel, MemoryLevelSet, MemoryLimits, MemoryLimitsShow, MemoryList, MemoryModelInstall,
        MemoryModelRemove, MemoryModelReport, MemoryModelShow, MemoryPage, MemoryRefused, MemoryShow,
        MemorySuspicious, ModelState,
    },
};

use super::{Hands, Operator, dispatch::internal, keys::word};
use crate::{
    auth::Principal,
    memory::{MemoryError, ModelState as State, Wish},
    store::{Browsed, Browsing, Level, Owner, StoreError},
    telemetry::{MemoriesChanged, ModelChanged},
};

/// Characters of a text that a list shows.
const BEGINNING: usize = 200;

/// A page ends before it grows over this, unless one memory alone does; in bytes.
const PAGE: usize = 1 << 20;

/// Memories of a page at most.
const MANY: u32 = 1_000;

/// Memories read at a time: each may be as large as a memory may be.
const STEP: i64 = 32;

/// Memories stored at a time: so many share a write.
const AT_ONCE: usize = 64;

/// Bounds of what `store_memory` takes, as its schema has them.
const LONGEST_PROJECT: usize = 128;

pub(super) async fn list(hands: &Hands, ask: MemoryList) -> Result<MemoryPage, Fault> {
    let level = ask.level.map(level_of);
    let wanted = Browsing { tenant: ask.tenant, project: ask.project, level, after: ask.after };
    page(hands, wanted, ask.limit, beginning).await
}

pub(super) async fn export(hands: &Hands, ask: MemoryExport) -> Result<MemoryPage, Fault> {
    let wanted = Browsing { tenant: ask.tenant, project: ask.project, level: None, after: ask.after };
    page(hands, wanted, ask.limit, info).await
}

pub(super) async fn show(hands: &Hands, ask: MemoryShow) -> Result<MemoryInfo, Fault> {
    found(hands, &ask.id).await
}

pub(super) async fn delete(
    hands: &Hands,
    operator: Operator,
    ask: MemoryDelete,
) -> Result<MemoryDeleted, Fault> {
    let deleted = hands.store.memories().delete(ask.ids).await.map_err(|error| internal(&error))?;
    let deleted = deleted as u64;
    changed("deleted", deleted, operator);
    Ok(MemoryDeleted { deleted })
}

pub(super) async fn set_level(
    hands: &Hands,
    operator: Operator,
    ask: MemoryLevelSet,
) -> Result<MemoryInfo, Fault> {
    // Looked for first: one whose time is over and that still has its row is not to live again.
    found(hands, &ask.id).await?;
    match hands.memories.set_level(&ask.id, level_of(ask.level)).await {
        Err(MemoryError::Store(StoreError::NotFound)) => return Err(unknown(&ask.id)),
        set => set.map_err(|error| internal(&error))?,
    }
    changed("given another level", 1, operator);
    found(hands, &ask.id).await
}

pub(super) fn limits(hands: &Hands, _: MemoryLimitsShow) -> Result<MemoryLimits, Fault> {
    let config = hands.config.borrow();
    Ok(MemoryLimits { content: config.memory.max_content, frame: config.control.frame_limit })
}

pub(super) async fn import(
    hands: &Hands,
    operator: Operator,
    ask: MemoryImport,
) -> Result<MemoryImported, Fault> {
    let MemoryImport { tenant, project, entries } = ask;
    let tenant = word("tenant", tenant.unwrap_or_else(|| "default".to_owned()))?;
    if project.trim().is_empty() || project.chars().count() > LONGEST_PROJECT {
        let rule = format!("a project's name has 1 to {LONGEST_PROJECT} characters, not all of them blank");
        return Err(Fault::new(FaultKind::Usage, rule));
    }
    let owner = Owner { tenant, author: Principal::local(operator.uid).author() };
    let mut done = MemoryImported { stored: 0, known: 0, refused: Vec::new(), suspicious: Vec::new() };
    let mut wishes = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        match wish(entry, &owner, &project) {
            Ok(wish) => wishes.push((index as u64, wish)),
            Err(reason) => done.refused.push(MemoryRefused { index: index as u64, reason }),
        }
    }
    while !wishes.is_empty() {
        let some = wishes.drain(..wishes.len().min(AT_ONCE)).map(async |(index, wish)| {
            let remembered = hands.memories.remember(wish).await;
            (index, remembered)
        });
        for (index, remembered) in join_all(some).await {
            let remembered = match remembered {
                Ok(remembered) => remembered,
                Err(error) => {
                    done.refused.push(MemoryRefused { index, reason: reason(error)? });
                    continue;
                }
            };
            if remembered.stored.deduplicated {
                done.known += 1;
            } else {
                done.stored += 1;
            }
            let looks_like = remembered.suspicion.map(str::to_owned);
            done.suspicious.extend(looks_like.map(|looks_like| MemorySuspicious { index, looks_like }));
        }
    }
    done.refused.sort_by_key(|refused| refused.index);
    changed("imported", done.stored, operator);
    Ok(done)
}

pub(super) async fn model(hands: &Hands, _: MemoryModelShow) -> Result<MemoryModelReport, Fault> {
    report(hands).await
}

pub(super) async fn install(
    hands: &Hands,
    operator: Operator,
    ask: MemoryModelInstall,
) -> Result<MemoryModelReport, Fault> {
    let path = PathBuf::from(&ask.path);
    if !path.is_absolute() {
        return Err(Fault::new(FaultKind::Usage, format!("{:?} is not an absolute path", ask.path)));
    }
    let _alone = hands.caring.lock().await;
    hands.memories.install_model(path).await.map_err(|error| model_fault(&error))?;
    model_changed("installed", operator);
    report(hands).await
}

pub(super) async fn remove(
    hands: &Hands,
    operator: Operator,
    _: MemoryModelRemove,
) -> Result<MemoryModelReport, Fault> {
    let _alone = hands.caring.lock().await;
    if !hands.memories.remove_model().await.map_err(|error| model_fault(&error))? {
        let fault = Fault::new(FaultKind::Refused, "no model was installed here");
        return Err(fault.hint("mcpctl memory model shows where the one in use lies, if there is one"));
    }
    model_changed("removed", operator);
    report(hands).await
}

/// Reads on until there are enough memories for a page, and says whether others follow.
async fn page(
    hands: &Hands,
    mut wanted: Browsing,
    limit: u32,
    shown: fn(Browsed) -> MemoryInfo,
) -> Result<MemoryPage, Fault> {
    let limit = limit.clamp(1, MANY) as usize;
    let frame = usize::try_from(hands.config.borrow().control.frame_limit).unwrap_or(usize::MAX);
    // A reply may have sixteen frames, and a character six times its length when JSON escapes it.
    let room = PAGE.min(frame.saturating_mul(2));
    let (mut memories, mut bytes) = (Vec::new(), 0);
    loop {
        let some = hands.store.memories().browse(&wanted, STEP).await.map_err(|error| internal(&error))?;
        let is_last = (some.len() as i64) < STEP;
        for memory in some {
            wanted.after = Some(memory.memory.id.clone());
            let memory = shown(memory);
            bytes += memory.content.len() + memory.tags.iter().map(String::len).sum::<usize>();
            if memories.len() == limit || (bytes > room && !memories.is_empty()) {
                return Ok(MemoryPage { memories, more: true });
            }
            memories.push(memory);
        }
        if is_last {
            return Ok(MemoryPage { memories, more: false });
        }
    }
}

async fn found(hands: &Hands, id: &str) -> Result<MemoryInfo, Fault> {
    match hands.store.memories().by_id(id).await {
        Err(StoreError::NotFound) => Err(unknown(id)),
        found => found.map(info).map_err(|error| internal(&error)),
    }
}

fn unknown(id: &str) -> Fault {
    Fault::not_found("memory", id).hint("mcpctl memory list shows them with their whole ids")
}

/// Checks what a client's call is checked for by the schema of `store_memory`.
fn wish(entry: MemoryEntry, owner: &Owner, project: &str) -> Result<Wish, String> {
    let MemoryEntry { content, level, tags, category, confidence, created_at } = entry;
    if content.trim().is_empty() {
        return Err("a memory's content says something".to_owned());
    }
    if confidence.is_some_and(|trust| !(0.0..=1.0).contains(&trust)) {
        return Err("confidence is a number from 0 to 1".to_owned());
    }
    if created_at.is_some_and(|then| then < 0) {
        return Err("created_at is milliseconds since 1970".to_owned());
    }
    let level = level_of(level.unwrap_or(MemoryLevel::Mid));
    let (owner, project) = (owner.clone(), project.to_owned());
    Ok(Wish { owner, project, level, content, tags, category, confidence, created_at })
}

/// Says why a memory was not taken; a failure of ours ends the import instead.
fn reason(error: MemoryError) -> Result<String, Fault> {
    match error {
        MemoryError::TooLarge { .. }
        | MemoryError::Labels(_)
        | MemoryError::Secret(_)
        | MemoryError::Store(StoreError::Quota(_)) => Ok(error.to_string()),
        MemoryError::Store(_) | MemoryError::Model(_) | MemoryError::Unfinished(_) => Err(internal(&error)),
    }
}

/// Says what is wrong with a model file: the operator named it, and may know.
fn model_fault(error: &MemoryError) -> Fault {
    match error {
        MemoryError::Model(_) => {
            let fault = Fault::new(FaultKind::Refused, error.to_string());
            fault.hint("nothing was changed; docs/operations.md says where the file comes from")
        }
        MemoryError::Store(_)
        | MemoryError::Unfinished(_)
        | MemoryError::TooLarge { .. }
        | MemoryError::Labels(_)
        | MemoryError::Secret(_) => internal(error),
    }
}

async fn report(hands: &Hands) -> Result<MemoryModelReport, Fault> {
    let (view, embedded) = hands.memories.model().await.map_err(|error| internal(&error))?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(MemoryModelReport {
        state: match view.state {
            State::Off => ModelState::Off,
            State::Ready => ModelState::Ready,
            State::Away => ModelState::Away,
        },
        id: view.id,
        dimensions: view.dimensions.and_then(|length| u32::try_from(length).ok()),
        source: view.source,
        embedded: count(embedded.done),
        all: count(embedded.all),
        reason: view.reason,
    })
}

fn changed(change: &'static str, memories: u64, operator: Operator) {
    if memories > 0 {
        MemoriesChanged { change, memories, operator: operator.uid }.emit();
    }
}

fn model_changed(change: &'static str, operator: Operator) {
    ModelChanged { change, operator: operator.uid }.emit();
}

fn level_of(level: MemoryLevel) -> Level {
    match level {
        MemoryLevel::Short => Level::Short,
        MemoryLevel::Mid => Level::Mid,
        MemoryLevel::Long => Level::Long,
    }
}

fn word_of(level: Level) -> MemoryLevel {
    match level {
        Level::Short => MemoryLevel::Short,
        Level::Mid => MemoryLevel::Mid,
        Level::Long => MemoryLevel::Long,
    }
}

/// Returns a memory with the beginning of its text.
fn beginning(browsed: Browsed) -> MemoryInfo {
    let mut memory = info(browsed);
    if let Some((end, _)) = memory.content.char_indices().nth(BEGINNING) {
        memory.content.truncate(end);
        memory.cut = true;
    }
    memory
}

fn info(browsed: Browsed) -> MemoryInfo {
    let Browsed { tenant, project, memory } = browsed;
    MemoryInfo {
        id: memory.id,
        tenant,
        project,
        level: word_of(memory.level),
        content: memory.content,
        cut: false,
        tokens: memory.tokens,
        tags: memory.tags,
        category: memory.category,
        confidence: memory.confidence,
        author: memory.author,
        session: memory.session,
        found: memory.found,
        created_at: memory.created_at,
        expires_at: memory.expires_at,
    }
}
