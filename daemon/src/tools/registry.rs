//! The ordered registry. Its list is what clients see, in this order, and its call is the only way to a tool: it takes
//! a permit, which only the guard makes.

mod arguments;
mod building;
mod switch;

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

pub use building::BadSchema;
pub(in crate::tools) use building::Building;
use bytes::Bytes;
use futures::FutureExt;
use jsonschema::Validator;
use mcpd_config::Config;
use parking_lot::RwLock;
use serde_json::value::RawValue;
pub use switch::{Standing, SwitchError, Switched};
use tokio::sync::{Mutex, watch};

use super::{Answer, Call, Code, Family, ToolError, Voice, context, firewall, memory, tool::AnyTool};
use crate::{
    ai,
    auth::{Need, Principal, Scope},
    code,
    guard::Permit,
    memory::Memories,
    quality::Quality,
    store::Store,
    telemetry::{CallFinished, Recorder, Summary, ToolMeter},
};

/// Arguments of a call as they came.
pub type Arguments = RawValue;

/// Every tool, in the order clients see them.
pub struct Registry {
    entries: Vec<Entry>,
    by_name: HashMap<&'static str, usize>,
    /// The array of `tools/list` with every tool that is offered, serialised once for each change.
    full_list: RwLock<Bytes>,
    config: watch::Receiver<Arc<Config>>,
    /// Counts how often the list changed.
    changes: watch::Sender<u64>,
    /// Held by who switches tools, so that what is written and what is in force never part.
    switching: Mutex<()>,
}

struct Entry {
    name: &'static str,
    family: Family,
    title: &'static str,
    scope: Scope,
    /// The tool's object in `tools/list`.
    published: String,
    /// The same with the schema of its results in full.
    reference: String,
    validator: Validator,
    /// Arguments mirrored in a header, with the header's name (`x-mcp-header` of MCP 2026-07-28).
    header_params: Vec<(String, String)>,
    /// Former names of arguments.
    aliases: &'static [(&'static str, &'static str)],
    meter: ToolMeter,
    tool: Box<dyn AnyTool>,
    /// What it costs a model.
    cost: Cost,
    /// Whether an operator switched it off.
    disabled: AtomicBool,
    /// Whether the configuration leaves its family out.
    left_out: AtomicBool,
}

/// Estimated tokens of what is published of tools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The whole object in `tools/list`.
    pub whole: u64,
    /// Name, description and input schema: what most clients give their model.
    pub input: u64,
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, one| Self {
            whole: sum.whole + one.whole,
            input: sum.input + one.input,
        })
    }
}

/// What tools take from and put on.
#[derive(Clone, Copy)]
pub struct Shelves<'a> {
    /// Everything that is kept.
    pub store: &'a Store,
    /// What projects remember.
    pub memories: &'a Arc<Memories>,
    /// The code of projects.
    pub code: &'a Arc<code::Code>,
    /// What is wrong with it.
    pub quality: &'a Arc<Quality>,
    /// The provider, if one is set up.
    pub ai: &'a Arc<ai::Ai>,
}

/// A tool with its figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Summarised {
    /// Its name.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    /// Title for people.
    pub title: &'static str,
    /// Whether it only reads.
    pub read_only: bool,
    /// Whether no operator switched it off.
    pub enabled: bool,
    /// Whether the configuration leaves its family out.
    pub left_out: bool,
    /// What it costs a model.
    pub cost: Cost,
    /// Calls finished.
    pub calls: u64,
    /// Of these, how many failed.
    pub errors: u64,
    /// How long they took.
    pub duration: Summary,
}

impl Registry {
    /// Builds every tool with what it uses.
    pub fn new(
        shelves: Shelves<'_>,
        config: watch::Receiver<Arc<Config>>,
        recorder: &Recorder,
    ) -> Result<Self, BadSchema> {
        let changes = watch::Sender::new(0);
        let mut building = Building::new(recorder, &changes);
        let Shelves { store, memories, code, quality, ai: _ } = shelves;
        memory::register(&mut building, store, memories)?;
        super::code::register(&mut building, code, &config)?;
        context::register(&mut building, store, memories)?;
        super::ai::register(&mut building, shelves)?;
        super::quality::register(&mut building, quality)?;
        firewall::register(&mut building, store, &config)?;
        #[cfg(feature = "testing")]
        super::fixtures::register(&mut building)?;
        let entries = building.entries();
        let families = config.borrow().tools.families.clone();
        for entry in &entries {
            entry.left_out.store(!entry.family.is_offered(families.as_deref()), Ordering::Relaxed);
        }
        let by_name = entries.iter().enumerate().map(|(index, entry)| (entry.name, index)).collect();
        let full_list = RwLock::new(Bytes::from(list(entries.iter().filter(|entry| entry.is_offered()))));
        Ok(Self { entries, by_name, full_list, config, changes, switching: Mutex::default() })
    }

    /// Returns a count that grows with every change of the list.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Returns what a call of `name` needs; a tool that is not offered needs what nobody has, as an unknown one.
    pub fn need<'n>(&self, name: &'n str) -> Need<'n> {
        self.offered(name).map_or(Need::NoSuchTool, |entry| entry.need(name))
    }

    /// Returns the array of tools `who` may call, in the fixed order.
    pub fn list(&self, who: &Principal) -> Bytes {
        let may = |entry: &&Entry| who.may(entry.need(entry.name));
        self.whole_list(who).unwrap_or_else(|| Bytes::from(list(self.all_offered().filter(may))))
    }

    /// Returns the array of all tools that are offered if `who` may call every one, the same memory until one is switched.
    pub fn whole_list(&self, who: &Principal) -> Option<Bytes> {
        let may = |entry: &Entry| who.may(entry.need(entry.name));
        (who.tools.is_open() && self.all_offered().all(may)).then(|| self.full_list.read().clone())
    }

    /// Returns how many tools are offered.
    pub fn len(&self) -> usize {
        self.all_offered().count()
    }

    /// Returns whether no tool is offered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether clients may have the tool of that name, if there is one.
    pub fn standing(&self, name: &str) -> Option<Standing> {
        self.find(name).map(Entry::standing)
    }

    /// Returns every tool with its figures, those too that are not offered.
    pub fn summaries(&self) -> Vec<Summarised> {
        let summary = |entry: &Entry| {
            let (calls, errors, duration) = entry.meter.read();
            let (enabled, left_out) = (entry.is_enabled(), entry.is_left_out());
            let Entry { name, family, title, cost, .. } = *entry;
            let read_only = entry.scope == Scope::Read;
            Summarised { name, family, title, read_only, enabled, left_out, cost, calls, errors, duration }
        };
        self.entries.iter().map(summary).collect()
    }

    /// Returns our own word for a tool of that name.
    pub fn known(&self, name: &str) -> Option<&'static str> {
        self.find(name).map(|entry| entry.name)
    }

    /// Returns the object `tools/list` publishes for a tool, with the schema of its results in full.
    pub fn reference(&self, name: &str) -> Option<&str> {
        self.find(name).map(|entry| entry.reference.as_str())
    }

    /// Returns the arguments of a tool that a header mirrors, with the header's name. No shipped tool marks any.
    pub fn header_params(&self, name: &str) -> &[(String, String)] {
        self.offered(name).map_or(&[], |entry| entry.header_params.as_slice())
    }

    /// Calls a tool under a permit. Every end is an answer: a panic, a revoked key and a passed deadline too.
    pub async fn call(
        &self,
        permit: &Permit,
        voice: &dyn Voice,
        name: &str,
        args: Option<&Arguments>,
    ) -> Answer {
        let Some(entry) = self.find(name) else {
            // The guard lets nobody near an unknown name; should it, the caller hears what it would hear there.
            return ToolError::not_found("tool", name, "tools/list names the tools").into();
        };
        let began = Instant::now();
        let deadline = self.config.borrow().server.call_deadline;
        let answer = self.bounded(entry, Call::new(permit.principal(), voice), args, deadline).await;
        let failed = answer.is_error();
        CallFinished { meter: &entry.meter, failed, duration: began.elapsed() }.emit();
        answer
    }

    async fn bounded(
        &self,
        entry: &Entry,
        call: Call<'_>,
        args: Option<&Arguments>,
        deadline: Duration,
    ) -> Answer {
        let checked = match entry.check(args) {
            Ok(checked) => checked,
            Err(error) => return error.into(),
        };
        let who = call.who;
        let call = AssertUnwindSafe(entry.tool.run(call, &checked)).catch_unwind();
        tokio::select! {
            ran = tokio::time::timeout(deadline, call) => match ran {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => ToolError::internal(&Panicked(entry.name)).into(),
                Err(_) => ToolError::new(
                    Code::DeadlineExceeded,
                    format!("the call took longer than the {}s that calls may take; what it was writing may have been written", deadline.as_secs_f64()),
                )
                .hint("ask for less, or have the operator raise server.call_deadline")
                .into(),
            },
            () = who.revoked.cancelled() => {
                ToolError::new(Code::Conflict, "the key of this call was revoked while it ran; what it was writing may have been written").into()
            }
        }
    }

    /// Returns a tool, also when it is disabled: what was let in before goes on, and operators see it.
    fn find(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|index| &self.entries[*index])
    }

    /// Returns a tool unless it is disabled or left out: to clients that is as if it were not there.
    fn offered(&self, name: &str) -> Option<&Entry> {
        self.find(name).filter(|entry| entry.is_offered())
    }

    fn all_offered(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_offered())
    }
}

#[cfg(test)]
impl Registry {
    /// Builds every tool on a store, with nothing else set up.
    pub(crate) fn on(store: &Store, config: &watch::Receiver<Arc<Config>>) -> Self {
        let recorder = Arc::new(Recorder::default());
        let memories = Arc::new(Memories::new(store.clone(), config.clone(), "models".into()));
        let code = code::Code::new(store.clone(), config.clone(), None);
        let quality = Quality::new(store.clone(), Arc::clone(&code), config.clone());
        let ai = Arc::new(ai::Ai::new(store.clone(), config.clone(), Arc::clone(&recorder)));
        let shelves = Shelves { store, memories: &memories, code: &code, quality: &quality, ai: &ai };
        Self::new(shelves, config.clone(), &recorder).unwrap()
    }
}

/// A tool that panicked, for the log.
#[derive(Debug, thiserror::Error)]
#[error("the tool {0} panicked")]
struct Panicked(&'static str);

impl Entry {
    fn is_enabled(&self) -> bool {
        !self.disabled.load(Ordering::Relaxed)
    }

    fn is_left_out(&self) -> bool {
        self.left_out.load(Ordering::Relaxed)
    }

    fn is_offered(&self) -> bool {
        self.standing() == Standing::Offered
    }

    fn standing(&self) -> Standing {
        match (self.is_enabled(), self.is_left_out()) {
            (true, false) => Standing::Offered,
            (false, _) => Standing::Disabled,
            (true, true) => Standing::LeftOut,
        }
    }

    /// Returns what a call needs; the name comes from who asks, and lives as long.
    fn need<'n>(&self, name: &'n str) -> Need<'n> {
        Need::Tool { name, family: self.family.as_str(), scope: self.scope }
    }
}

fn list<'e>(entries: impl Iterator<Item = &'e Entry>) -> String {
    let objects: Vec<&str> = entries.map(|entry| entry.published.as_str()).collect();
    format!("[{}]", objects.join(","))
}
