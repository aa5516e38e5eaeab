//! What is measured of one function: its lines, its ways, its depth, its parameters.

use super::{
    Measure, Severity, Smell, SmellKind,
    looked::{Looked, Running},
};
use crate::{Graph, facts::Kind};

/// Finds functions that are too long. What is defined inside counts for itself, and so does what is written about it.
pub(super) fn long(looked: &Looked<'_>) -> Vec<Smell> {
    let limit = looked.limits.function_lines;
    let measured = |one: &Running<'_>| Measure { name: "lines", value: lines(looked.graph, one), limit };
    let of = Of {
        kind: SmellKind::LongFunction,
        says: |value| format!("{value} lines long"),
        suggestion: "split it by what its parts are for, each a function with a name",
    };
    over(looked, &of, &measured)
}

/// Finds functions with too many ways through them (McCabe, "A Complexity Measure", 1976).
pub(super) fn complex(looked: &Looked<'_>) -> Vec<Smell> {
    let limit = looked.limits.complexity;
    let measured = |one: &Running<'_>| Measure { name: "cyclomatic", value: one.metrics.cyclomatic, limit };
    let of = Of {
        kind: SmellKind::HighComplexity,
        says: |value| format!("a cyclomatic complexity of {value}"),
        suggestion: "return early, move branches into functions of their own, or look cases up in a table",
    };
    over(looked, &of, &measured)
}

/// Finds functions whose decisions and loops stand too deep in one another.
pub(super) fn nested(looked: &Looked<'_>) -> Vec<Smell> {
    let limit = looked.limits.nesting;
    let measured = |one: &Running<'_>| Measure { name: "nesting", value: one.metrics.nesting, limit };
    let of = Of {
        kind: SmellKind::DeepNesting,
        says: |value| format!("decisions and loops {value} deep"),
        suggestion: "turn conditions round and leave early, or make the inner block a function",
    };
    over(looked, &of, &measured)
}

/// Finds functions that take too much. What overrides another has to take what that takes; constructors are free.
pub(super) fn greedy(looked: &Looked<'_>) -> Vec<Smell> {
    let limit = looked.limits.parameters;
    let measured = |one: &Running<'_>| {
        let is_bound = one.entity.kind == Kind::Method
            && !looked.graph.is_constructor(one.node)
            && looked.overrides(one.node, one.entity.name);
        let value = if is_bound { 0 } else { one.metrics.parameters };
        Measure { name: "parameters", value, limit }
    };
    let of = Of {
        kind: SmellKind::LongParameterList,
        says: |value| format!("{value} parameters"),
        suggestion: "put what belongs together into one object",
    };
    over(looked, &of, &measured)
}

/// What is said of functions over a limit.
struct Of {
    kind: SmellKind,
    says: fn(u32) -> String,
    suggestion: &'static str,
}

fn over(looked: &Looked<'_>, of: &Of, measured: &dyn Fn(&Running<'_>) -> Measure) -> Vec<Smell> {
    let functions = looked.running().map(|one| (one, measured(&one)));
    let too_much = functions.filter(|(_, measure)| measure.value > measure.limit);
    too_much
        .map(|(one, measure)| Smell {
            kind: of.kind,
            severity: Severity::of(measure.value, measure.limit),
            node: one.node,
            others: Vec::new(),
            key: looked.graph.id(one.node),
            title: format!(
                "{}: {}, {} at most",
                looked.graph.qualified(one.node),
                (of.says)(measure.value),
                measure.limit
            ),
            measures: vec![measure],
            confidence: 100,
            suggestion: of.suggestion,
        })
        .collect()
}

fn lines(graph: &Graph, one: &Running<'_>) -> u32 {
    let length = |start: u32, end: u32| end.saturating_sub(start) + 1;
    let inside: u32 = graph
        .children(one.node)
        .into_iter()
        .filter_map(|child| graph.entity(child))
        .filter(|child| child.kind.is_callable() || child.kind.is_type())
        .map(|child| length(child.start, child.end))
        .sum();
    length(one.entity.line, one.entity.end).saturating_sub(inside + one.metrics.doc_lines)
}
