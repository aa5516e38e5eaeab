//! Functions that are copies of each other: their sketches are compared, in which identifiers and literals are alike.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    Measure, Severity, Smell, SmellKind,
    looked::{Looked, Running},
    some,
};
use crate::likeness;

/// Functions that share one hash, at most: what more have tells nothing, and would cost a comparison of each with each.
const COMMON: usize = 64;
/// Fewest hashes of a sketch. Runs of tokens that repeat (a table, a list of cases) leave few, and any two such are
/// alike.
const TELLING: usize = 24;
/// Tokens of the shorter of two, in hundredths of the longer, at least.
const SHORTER: u32 = 70;

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
    let mut groups = Groups((0..functions.len()).collect());
    for (one, other) in candidates(&functions, &mut groups) {
        let likeness = likeness(&functions[one].metrics.sketch, &functions[other].metrics.sketch);
        if likeness * 100.0 >= f64::from(limits.duplicate_likeness) {
            groups.join(one, other);
        }
    }
    let mut members: BTreeMap<usize, Vec<Running<'_>>> = BTreeMap::new();
    for (index, function) in functions.iter().enumerate() {
        members.entry(groups.of(index)).or_default().push(*function);
    }
    members.into_values().filter(|group| group.len() > 1).map(|group| smell(looked, group)).collect()
}

/// Joins what has the very same sketch, and returns pairs of the rest that share a hash.
fn candidates(functions: &[Running<'_>], groups: &mut Groups) -> Vec<(usize, usize)> {
    let mut same: HashMap<&[u32], usize> = HashMap::new();
    let mut sharing: HashMap<u32, Vec<usize>> = HashMap::new();
    for (index, function) in functions.iter().enumerate() {
        match same.get(&*function.metrics.sketch) {
            Some(first) => groups.join(*first, index),
            None => {
                same.insert(&function.metrics.sketch, index);
                for hash in &function.metrics.sketch {
                    sharing.entry(*hash).or_default().push(index);
                }
            }
        }
    }
    let mut pairs: HashSet<(usize, usize)> = HashSet::new();
    for alike in sharing.values().filter(|alike| alike.len() <= COMMON) {
        for (at, one) in alike.iter().enumerate() {
            let is_near = |other: &&usize| {
                let (one, other) = (functions[*one].metrics.tokens, functions[**other].metrics.tokens);
                u64::from(one.min(other)) * 100 >= u64::from(one.max(other)) * u64::from(SHORTER)
            };
            pairs.extend(alike[at + 1..].iter().filter(is_near).map(|other| (*one, *other)));
        }
    }
    let mut pairs: Vec<(usize, usize)> = pairs.into_iter().collect();
    pairs.sort_unstable();
    pairs
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
            "{} is alike {second}{more} but for names: {} tokens each, {least} % alike",
            graph.qualified(first.node),
            first.metrics.tokens
        ),
        suggestion: "keep one, and give it what differs as parameters",
    }
}
