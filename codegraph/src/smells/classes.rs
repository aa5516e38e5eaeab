//! Types that do too much, and types and files that use too many others.

use std::collections::BTreeSet;

use super::{Measure, Severity, Smell, SmellKind, looked::Looked, some};
use crate::{Node, facts::Kind};

/// Finds types whose methods are complex together and that are many, or use many others (after Lanza and Marinescu,
/// "Object-Oriented Metrics in Practice", 2006; what fields are touched is not known here, so that methods and used
/// types stand for it).
pub(super) fn gods(looked: &Looked<'_>) -> Vec<Smell> {
    let limits = looked.limits;
    let types = looked.entities().filter(|(_, entity)| entity.kind.is_type());
    let measured = types.filter_map(|(node, _)| {
        let methods: Vec<u32> = looked
            .graph
            .children(node)
            .into_iter()
            .filter_map(|child| looked.graph.entity(child))
            .filter(|child| child.has_body && child.kind.is_callable())
            .filter_map(|child| Some(child.metrics.as_ref()?.cyclomatic))
            .collect();
        let weight: u32 = methods.iter().sum();
        let foreign = looked.uses().get(&looked.unit(node)).map_or(0, BTreeSet::len) as u32;
        // Methods that decide nothing are an interface, or a row of accessors, however many.
        let is_plain = u64::from(weight) * 2 < methods.len() as u64 * 3;
        let is_wide = methods.len() as u32 > limits.class_methods || foreign > limits.class_foreign;
        (weight > limits.class_complexity && is_wide && !is_plain).then_some((
            node,
            weight,
            methods.len() as u32,
            foreign,
        ))
    });
    measured
        .map(|(node, weight, methods, foreign)| Smell {
            kind: SmellKind::GodClass,
            severity: Severity::of(weight, limits.class_complexity),
            node,
            others: Vec::new(),
            key: looked.graph.id(node),
            measures: vec![
                Measure { name: "weighted_methods", value: weight, limit: limits.class_complexity },
                Measure { name: "methods", value: methods, limit: limits.class_methods },
                Measure { name: "foreign", value: foreign, limit: limits.class_foreign },
            ],
            // Of the two signs beside its weight, one alone may be a type that is merely large.
            confidence: if methods > limits.class_methods && foreign > limits.class_foreign { 85 } else { 65 },
            title: format!(
                "{}: {methods} methods with a complexity of {weight} together, {} at most, using {foreign} other types \
                 and files",
                looked.graph.qualified(node),
                limits.class_complexity
            ),
            suggestion: "split it by what changes together, each part a type that owns its data",
        })
        .collect()
}

/// Finds types and files that use many others, each of which is counted once, however often it is called.
pub(super) fn couplings(looked: &Looked<'_>) -> Vec<Smell> {
    let limit = looked.limits.coupling;
    let too_many =
        looked.uses().iter().filter(|(unit, used)| used.len() as u32 > limit && !is_top(looked, **unit));
    too_many
        .map(|(unit, used)| {
            let count = used.len() as u32;
            Smell {
                kind: SmellKind::TightCoupling,
                severity: Severity::of(count, limit),
                node: *unit,
                others: some(used.iter().copied()),
                key: looked.graph.id(*unit),
                measures: vec![Measure { name: "used_units", value: count, limit }],
                confidence: 80,
                title: format!(
                    "{}: uses {count} other types and files, {limit} at most",
                    looked.graph.qualified(*unit)
                ),
                suggestion: "depend on fewer: group what is used together behind one type, or invert the dependency",
            }
        })
        .collect()
}

/// Answers whether a unit is where the parts of a program are put together: to know many is what it is for.
fn is_top(looked: &Looked<'_>, unit: Node) -> bool {
    let is_main = |node: Node| {
        looked.graph.kind(node) == Kind::Function && matches!(looked.graph.name(node), "main" | "Main")
    };
    unit.is_file()
        && (looked.graph.referring(unit.file).all(|place| place == unit.file || looked.graph.is_test(place))
            || looked.graph.children(unit).into_iter().any(is_main))
}
