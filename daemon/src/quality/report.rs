//! The report that people read: Markdown with tables, and a line of how the whole went.

use std::fmt::{Display, Write};

use mcpd_codegraph::smells::{Severity, SmellKind};

use super::{
    Dimension, Scored, Spots, Standing, Trends, days, hours,
    manifests::Dependencies,
    measure::Measured,
    rounded,
    score::{OVERALL, level},
    score_of, spots,
};
use crate::store::Scores;

/// Rows of the tables.
const ISSUES: usize = 20;
const SPOTS: usize = 10;
const MANIFESTS: usize = 20;
const SNAPSHOTS: usize = 10;
/// Snapshots of the line.
const SPARK: usize = 30;

/// What is told.
pub(super) struct Told<'a> {
    pub(super) project: &'a str,
    pub(super) scored: &'a [Scored],
    pub(super) scores: Scores,
    pub(super) standing: &'a [Standing],
    pub(super) spots: &'a Spots,
    pub(super) dependencies: Option<&'a Dependencies>,
    pub(super) trends: &'a Trends,
    pub(super) measured: &'a Measured,
}

/// Writes the report.
pub(super) fn written(told: &Told<'_>) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = head(&mut page, told)
        .and_then(|()| dimensions(&mut page, told))
        .and_then(|()| issues(&mut page, told))
        .and_then(|()| hot_spots(&mut page, told))
        .and_then(|()| manifests(&mut page, told))
        .and_then(|()| snapshots(&mut page, told))
        .and_then(|()| formulas(&mut page));
    page
}

fn head(page: &mut String, told: &Told<'_>) -> std::fmt::Result {
    writeln!(page, "# Quality of {}\n", cell(told.project))?;
    let overall = told.scores.overall;
    writeln!(page, "**{}**, debt {}", outcome(overall), level(overall))?;
    let history: Vec<f64> = told.trends.snapshots.iter().filter_map(|one| one.scores.overall).collect();
    let line = spark(&history[history.len().saturating_sub(SPARK)..]);
    if !line.is_empty() {
        let direction = told.trends.trend.direction.as_str().replace('_', " ");
        writeln!(page, "\n`{line}` over {} snapshots: {direction}", history.len())?;
    }
    let fresh = &told.measured.fresh;
    let commit = fresh.commit.as_deref().map_or(String::new(), |commit| {
        let dirty = if fresh.dirty.is_empty() { "" } else { " with changes" };
        format!(", commit {}{dirty}", &commit[..commit.len().min(12)])
    });
    writeln!(page, "\nRead {}{commit}.", time(fresh.indexed_at))?;
    if !fresh.changed.is_empty() {
        writeln!(page, "\n{} files changed since and are not judged as they are now.", fresh.changed.len())?;
    }
    if told.measured.left_out.cut {
        writeln!(page, "\nThe index is incomplete: what is not in it is not judged.")?;
    }
    Ok(())
}

fn dimensions(page: &mut String, told: &Told<'_>) -> std::fmt::Result {
    writeln!(
        page,
        "\n## Scores\n\n| Dimension | Score | Weight | Last snapshot | Measured |\n|---|---:|---:|---:|---|"
    )?;
    let last = told.trends.snapshots.last();
    for one in told.scored {
        let before = last.and_then(|last| score_of(&last.scores, one.dimension));
        let evidence: Vec<String> = one
            .evidence
            .iter()
            .filter(|(_, value)| !value.is_array())
            .map(|(name, value)| match value.as_str() {
                Some(text) => format!("{}: {text}", name.replace('_', " ")),
                None => format!("{} {value}", name.replace('_', " ")),
            })
            .collect();
        writeln!(
            page,
            "| {} | {} | {} % | {} | {} |",
            one.dimension.as_str().replace('_', " "),
            number(one.score),
            (one.dimension.weight() * 100.0).round(),
            number(before),
            cell(&evidence.join(", "))
        )?;
    }
    writeln!(
        page,
        "| **overall** | **{}** | | {} | |",
        number(told.scores.overall),
        number(last.and_then(|last| last.scores.overall))
    )
}

fn issues(page: &mut String, told: &Told<'_>) -> std::fmt::Result {
    let sum: f64 = told.standing.iter().map(|one| one.found.hours).sum();
    writeln!(page, "\n## Issues\n\n{} open, about {} days of work.", told.standing.len(), days(sum))?;
    if told.standing.is_empty() {
        return Ok(());
    }
    writeln!(page, "\n| Kind | Critical | High | Medium | Low |\n|---|---:|---:|---:|---:|")?;
    for kind in SmellKind::ALL {
        let count = |severity: Severity| {
            let is_it =
                |one: &&Standing| one.found.kind == kind.as_str() && one.found.severity == severity.as_str();
            told.standing.iter().filter(is_it).count()
        };
        let counts = Severity::ALL.map(count);
        if counts.iter().any(|count| *count > 0) {
            let cells = counts.map(|count| if count == 0 { "·".to_owned() } else { count.to_string() });
            writeln!(page, "| {} | {} |", kind.as_str().replace('_', " "), cells.join(" | "))?;
        }
    }
    writeln!(page, "\n| Worst | Where | What | Hours |\n|---|---|---|---:|")?;
    for one in told.standing.iter().take(ISSUES) {
        let found = &one.found;
        let place = format!("{}:{}", found.path, found.line);
        writeln!(
            page,
            "| {} | {} | {} | {} |",
            found.severity,
            cell(&place),
            cell(&found.title),
            found.hours
        )?;
    }
    rest(page, told.standing.len(), ISSUES, "list_quality_issues names them all")
}

fn hot_spots(page: &mut String, told: &Told<'_>) -> std::fmt::Result {
    let all = &told.spots.spots;
    if all.is_empty() {
        return Ok(());
    }
    writeln!(page, "\n## Hot spots\n")?;
    match &told.spots.history {
        Ok(history) => writeln!(
            page,
            "Commits looked at: {}; what ended the count: {}.",
            history.commits, history.ended
        )?,
        Err(why) => writeln!(page, "How often files changed is not known: {}.", why.as_str())?,
    }
    writeln!(
        page,
        "\n| File | Debt | Priority | Issues | Commits | Used by | Hours |\n|---|---:|---|---:|---:|---:|---:|"
    )?;
    for spot in all.iter().take(SPOTS) {
        let commits = spot.commits.map_or("unknown".to_owned(), |commits| commits.to_string());
        writeln!(
            page,
            "| {} | {} | {} | {} | {commits} | {} | {} |",
            cell(&spot.file),
            spot.debt_score,
            spot.priority,
            spot.issues.len(),
            spot.fan_in,
            spot.hours
        )?;
    }
    rest(page, all.len(), SPOTS, "identify_debt_hotspots names more")
}

fn manifests(page: &mut String, told: &Told<'_>) -> std::fmt::Result {
    let Some(found) = told.dependencies.filter(|found| !found.manifests.is_empty()) else { return Ok(()) };
    writeln!(
        page,
        "\n## Dependencies\n\n| Manifest | Declared | Without a bound | Locked |\n|---|---:|---:|---|"
    )?;
    for one in found.manifests.iter().take(MANIFESTS) {
        let locked = match one.locked {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not possible",
        };
        writeln!(page, "| {} | {} | {} | {locked} |", cell(&one.path), one.declared, one.unbounded)?;
    }
    rest(page, found.manifests.len(), MANIFESTS, "assess_technical_debt counts them all")?;
    if !found.names.is_empty() {
        writeln!(page, "\nWithout a bound: {}.", cell(&found.names.join(", ")))?;
    }
    Ok(())
}

fn snapshots(page: &mut String, told: &Told<'_>) -> std::fmt::Result {
    let all = &told.trends.snapshots;
    if all.is_empty() {
        return writeln!(page, "\n## Trend\n\nThere is no snapshot yet: assess_technical_debt takes one.");
    }
    writeln!(page, "\n## Trend\n\n| Taken | Overall | Issues | Days | Commit |\n|---|---:|---:|---:|---|")?;
    for one in &all[all.len().saturating_sub(SNAPSHOTS)..] {
        let commit = one.commit.as_deref().map_or("", |commit| &commit[..commit.len().min(12)]);
        let (overall, days) = (number(one.scores.overall), days(one.hours));
        writeln!(page, "| {} | {overall} | {} | {days} | {commit} |", time(one.taken_at), one.issues)?;
    }
    if let Some(slope) = told.trends.trend.slopes.overall {
        writeln!(page, "\nBy the line of least squares the whole changes by {slope} in 30 days.")?;
    }
    Ok(())
}

fn formulas(page: &mut String) -> std::fmt::Result {
    writeln!(page, "\n## How it is reckoned\n")?;
    for dimension in Dimension::ALL {
        writeln!(page, "- {}: {}", dimension.as_str().replace('_', " "), dimension.formula())?;
    }
    writeln!(page, "- overall: {OVERALL}\n- hours: {}\n- hot spots: {}", hours::FORMULA, spots::FORMULA)
}

fn rest(page: &mut String, count: usize, shown: usize, more: &str) -> std::fmt::Result {
    match count.checked_sub(shown).filter(|left| *left > 0) {
        Some(left) => writeln!(page, "\n… and {left} more; {more}."),
        None => Ok(()),
    }
}

fn outcome(overall: Option<f64>) -> String {
    overall.map_or("Nothing is known yet".to_owned(), |score| format!("{} of 10", rounded(score, 10.0)))
}

fn number<T: Display>(score: Option<T>) -> String {
    score.map_or("unknown".to_owned(), |score| score.to_string())
}

fn time(at: i64) -> String {
    chrono::DateTime::from_timestamp_millis(at)
        .map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
}

/// Writes a text so that it stays in its cell of a table.
fn cell(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', "\\|").replace('<', "&lt;")
}

/// Draws scores from 0 to 10 as a line of bars.
fn spark(scores: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |score: &f64| BARS[((score / 10.0 * 8.0) as usize).min(BARS.len() - 1)];
    scores.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_rise_with_scores() {
        assert_eq!(spark(&[0.0, 1.3, 2.6, 5.0, 9.0, 10.0]), "▁▂▃▅██");
        assert_eq!(spark(&[]), "");
    }

    #[test]
    fn a_cell_stays_one() {
        assert_eq!(cell("a|b\nc<d"), "a\\|b c&lt;d");
        assert_eq!((number::<f64>(None), number(Some(4.25))), ("unknown".to_owned(), "4.25".to_owned()));
    }
}
