//! How long it takes to put an issue right: an estimate by kind and by how far a measure is beyond its limit.

use mcpd_codegraph::smells::{Severity, Smell, SmellKind};

/// The formula, as it is told.
pub const FORMULA: &str = "hours = base of the kind * min(5, value / limit) of its first measure; a day has 8 hours; \
    bases: circular_dependency 4, god_class 8, tight_coupling 4, duplicate_code 2, long_function 1, high_complexity 1.5, \
    deep_nesting 1, long_parameter_list 0.5; without the factor dead_code 0.25 and a circle that is low 2; they are estimates, not measurements";

/// Hours of a working day.
pub const DAY: f64 = 8.0;
/// Factor by which a measure counts at most.
const MOST: f64 = 5.0;

fn base(kind: SmellKind) -> f64 {
    match kind {
        SmellKind::CircularDependency | SmellKind::TightCoupling => 4.0,
        SmellKind::GodClass => 8.0,
        SmellKind::DuplicateCode => 2.0,
        SmellKind::HighComplexity => 1.5,
        SmellKind::LongFunction | SmellKind::DeepNesting => 1.0,
        SmellKind::LongParameterList => 0.5,
        SmellKind::DeadCode => 0.25,
    }
}

/// Estimates the hours that an issue takes.
pub(super) fn of(smell: &Smell) -> f64 {
    let base = base(smell.kind);
    match (smell.kind, smell.measures.first()) {
        (SmellKind::DeadCode, _) | (_, None) => base,
        (SmellKind::CircularDependency, _) if smell.severity == Severity::Low => base / 2.0,
        (
            SmellKind::CircularDependency
            | SmellKind::GodClass
            | SmellKind::TightCoupling
            | SmellKind::DuplicateCode
            | SmellKind::LongFunction
            | SmellKind::HighComplexity
            | SmellKind::DeepNesting
            | SmellKind::LongParameterList,
            Some(measure),
        ) => rounded(base * (f64::from(measure.value) / f64::from(measure.limit.max(1))).min(MOST), 100.0),
    }
}

/// Rounds to a part of one.
pub(crate) fn rounded(value: f64, parts: f64) -> f64 {
    // The sum of nothing is -0.0, which nobody wants to read.
    (value * parts).round() / parts + 0.0
}
