//! One look at the graph of a project: what smells, how much of it tests reach, what is written. Everything that judges
//! begins with it, so that lists and scores cannot disagree.

use std::collections::{BTreeMap, HashSet};

use mcpd_codegraph::{
    Graph, Reach, Written,
    smells::{Measure, Severity, Smell, SmellKind, Thresholds},
};
use mcpd_config::Quality as Settings;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::hours;
use crate::{
    code::{Freshness, LeftOut, Scene},
    store::{Closing, FoundIssue, Issue},
};

/// Characters of a fingerprint.
const FINGERPRINT: usize = 32;

/// What one look shows.
pub(super) struct Measured {
    /// Our id of the project.
    pub(super) project: String,
    pub(super) found: Vec<FoundIssue>,
    /// Whether there is more than is told.
    pub(super) cut: bool,
    pub(super) reach: Reach,
    pub(super) written: Written,
    /// Files, by path.
    pub(super) files: BTreeMap<String, FileFigures>,
    /// How fresh it is.
    pub(super) fresh: Freshness,
    /// What was looked for.
    pub(super) kinds: Vec<SmellKind>,
    /// What the index does not have.
    pub(super) left_out: LeftOut,
}

/// What is known of a file besides its issues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FileFigures {
    /// Files that refer to it.
    pub(super) fan_in: usize,
    /// The largest cyclomatic complexity of its functions.
    pub(super) complexity: u32,
    /// Its lines.
    pub(super) lines: u32,
}

/// Returns the thresholds that the settings ask for.
pub(super) fn thresholds(settings: &Settings, partial: bool) -> Thresholds {
    Thresholds {
        tests: settings.tests,
        partial,
        function_lines: settings.function_lines,
        complexity: settings.complexity,
        nesting: settings.nesting,
        parameters: settings.parameters,
        class_complexity: settings.class_complexity,
        class_methods: settings.class_methods,
        class_foreign: settings.class_foreign,
        coupling: settings.coupling,
        duplicate_tokens: settings.duplicate_tokens,
        duplicate_likeness: settings.duplicate_likeness,
        dead_confidence: settings.dead_confidence,
    }
}

impl Measured {
    /// Looks at everything.
    pub(super) fn of(scene: &Scene<'_>, thresholds: &Thresholds, kinds: Vec<SmellKind>) -> Self {
        let graph = scene.graph;
        let smells = graph.smells(thresholds, &kinds);
        let mut files: BTreeMap<String, FileFigures> = BTreeMap::new();
        for leaning in &scene.shape().files {
            let metrics = graph.inside(leaning.node).into_iter().filter_map(|node| graph.about(node).metrics);
            let figures = FileFigures {
                fan_in: leaning.fan_in,
                complexity: metrics.map(|metrics| metrics.cyclomatic).max().unwrap_or(0),
                lines: graph.file_facts(leaning.node).lines,
            };
            files.insert(graph.path(leaning.node).to_owned(), figures);
        }
        Self {
            project: String::new(),
            found: smells.found.iter().map(|smell| issue(graph, smell)).collect(),
            cut: smells.cut,
            reach: graph.reach(),
            written: graph.remarks(),
            files,
            fresh: scene.fresh.clone(),
            kinds,
            left_out: LeftOut::default(),
        }
    }

    /// Returns what tells whether an issue that was not found is gone: not where something was left out that it could
    /// be in.
    pub(super) fn closing(&self) -> Closing {
        let left_out = self.left_out.clone();
        let there: HashSet<String> = self.files.keys().cloned().collect();
        let changed: HashSet<String> = self.fresh.changed.iter().cloned().collect();
        let is_cut = self.cut;
        Box::new(move |issue: &Issue| {
            let is_local = SmellKind::of_word(&issue.kind).is_some_and(SmellKind::is_local);
            let is_seen = |path: &String| {
                // A file that is not in the index was removed, unless it was left out or waits to be read again.
                let is_elsewhere = left_out.files.contains(path) || left_out.more || left_out.cut;
                there.contains(path) || !(is_elsewhere || changed.contains(path))
            };
            !is_cut && (is_local || !left_out.cut) && issue.files.iter().all(is_seen)
        })
    }
}

fn issue(graph: &Graph, smell: &Smell) -> FoundIssue {
    let all = [smell.node].into_iter().chain(smell.others.iter().copied());
    let mut files: Vec<String> = all.map(|node| graph.path(node).to_owned()).collect();
    // What a type or file uses is not where the fault is.
    if smell.kind == SmellKind::TightCoupling {
        files.truncate(1);
    }
    files.sort();
    files.dedup();
    FoundIssue {
        fingerprint: fingerprint(smell),
        kind: smell.kind.as_str(),
        severity: smell.severity.as_str(),
        severity_rank: rank(smell.severity),
        title: smell.title.clone(),
        suggestion: smell.suggestion,
        entity: graph.id(smell.node),
        path: graph.path(smell.node).to_owned(),
        line: graph.about(smell.node).line.into(),
        files,
        measures: measures(&smell.measures),
        confidence: smell.confidence.into(),
        hours: hours::of(smell),
    }
}

/// Returns what names an issue within its project.
fn fingerprint(smell: &Smell) -> String {
    let digest = Sha256::digest(format!("{}\n{}", smell.kind.as_str(), smell.key));
    let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    text[..FINGERPRINT].to_owned()
}

fn rank(severity: Severity) -> i64 {
    match severity {
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

fn measures(measures: &[Measure]) -> String {
    let told = |one: &Measure| (one.name.to_owned(), json!({ "value": one.value, "limit": one.limit }));
    serde_json::Value::Object(measures.iter().map(told).collect()).to_string()
}
