//! Functions that are copies of each other: their sketches are compared, in which identifiers and literals are alike.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    Measure, Severity, Smell, SmellKind,
    looked::{Looked, Running},
    some,
};
use crate::likeness;

/// Functions kept of those that share one hash: what more have tells nothing, and would cost a comparison of each with
/// each.
const COMMON: usize = 32;
/// Fewest hashes of a sketch. Runs of tokens that repeat (a table, a list of cases) leave few, and any two such are
/// alike.
const TELLING: usize = 24;
/// Tokens of the shorter of two, in hundredths of the longer, at least.
const SHORTER: u64 = 70;

/// Functions by the group they are in.
struct Groups(Vec<usize>);

impl Groups {
    fn of(&mut self, mut one: usize) -> usize {
        while self.0[one] != one {
            self.0[one] = self.0[self.0[one]];
            one = self.0[one];
        }
        one
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        self.0[one.max(other)] = one.min(other);
    }
}

/// Finds groups of functions that are alike.
pub(super) fn duplicates(looked: &Looked<'_>) -> Vec<Smell> {
    let limits = looked.limits;
    let is_told = |one: &Running<'_>| {
        one.metrics.tokens >= limits.duplicate_tokens && one.metrics.sketch.len() >= TELLING
    };
    let functions: Vec<Running<'_>> = looked.running().filter(is_told).collect();
    let mut groups = grouped(&functions, limits.duplicate_likeness);
    let mut members: BTreeMap<usize, Vec<Running<'_>>> = BTreeMap::new();
    for (index, function) in functions.iter().enumerate() {
        members.entry(groups.of(index)).or_default().push(*function);
    }
    members.into_values().filter(|group| group.len() > 1).map(|group| smell(looked, group)).collect()
}

/// Joins what is alike: the very same sketches at once, others where they share a hash.
fn grouped(functions: &[Running<'_>], least: u32) -> Groups {
    let mut groups = Groups((0..functions.len()).collect());
    let mut same: HashMap<&[u32], usize> = HashMap::new();
    let mut sharing: HashMap<u32, Vec<usize>> = HashMap::new();
    for (index, function) in functions.iter().enumerate() {
        let sketch = function.metrics.sketch.as_slice();
        if let Some(first) = same.get(sketch) {
            groups.join(*first, index);
            continue;
        }
        same.insert(sketch, index);
        let mut compared: HashSet<usize> = HashSet::new();
        for hash in sketch {
            let alike = sharing.entry(*hash).or_default();
            for other in alike.iter().copied().filter(|other| compared.insert(*other)) {
                if groups.of(other) != groups.of(index) && are_alike(function, &functions[other], least) {
                    groups.join(other, index);
                }
            }
            if alike.len() < COMMON {
                alike.push(index);
            }
        }
    }
    groups
}

fn are_alike(one: &Running<'_>, other: &Running<'_>, least: u32) -> bool {
    let (tokens, others) = (u64::from(one.metrics.tokens), u64::from(other.metrics.tokens));
    tokens.min(others) * 100 >= tokens.max(others) * SHORTER
        && likeness(&one.metrics.sketch, &other.metrics.sketch) * 100.0 >= f64::from(least)
}

fn smell(looked: &Looked<'_>, group: Vec<Running<'_>>) -> Smell {
    let (graph, limits) = (looked.graph, looked.limits);
    let mut named: Vec<(String, Running<'_>)> =
        group.into_iter().map(|one| (graph.id(one.node), one)).collect();
    named.sort_by(|one, other| one.0.cmp(&other.0));
    let (key, first) = (named[0].0.clone(), named[0].1);
    let rest = &named[1..];
    // All but one could go.
    let extra: u32 = rest.iter().map(|(_, one)| one.metrics.tokens).fold(0, u32::saturating_add);
    let alike = |other: &(String, Running<'_>)| {
        (likeness(&first.metrics.sketch, &other.1.metrics.sketch) * 100.0).round() as u32
    };
    let least = rest.iter().map(alike).min().unwrap_or(100);
    let second = rest.first().map_or_else(String::new, |(_, one)| {
        let (path, name) = (graph.path(one.node), graph.qualified(one.node));
        if path == graph.path(first.node) { name } else { format!("{name} of {path}") }
    });
    let more = if rest.len() > 1 { format!(" and {} more", rest.len() - 1) } else { String::new() };
    Smell {
        kind: SmellKind::DuplicateCode,
        severity: Severity::of(extra, limits.duplicate_tokens),
        node: first.node,
        others: some(rest.iter().map(|(_, one)| one.node)),
        key,
        measures: vec![
            Measure { name: "extra_tokens", value: extra, limit: limits.duplicate_tokens },
            Measure { name: "copies", value: named.len() as u32, limit: 1 },
            Measure { name: "likeness_percent", value: least, limit: limits.duplicate_likeness },
        ],
        confidence: least.clamp(50, 95) as u8,
        title: format!(
            "{} and {second}{more} are {least} % alike, names left aside: {} tokens",
            graph.qualified(first.node),
            first.metrics.tokens
        ),
        suggestion: "keep one, and give it what differs as parameters",
    }
}
