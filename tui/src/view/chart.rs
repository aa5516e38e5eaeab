//! Charts over the last ten minutes: bars for what adds up, lines for what does not. Each line is named at its end, so
//! that it is known without its colour. Where nothing was seen, nothing is drawn.

use ratatui::{
    layout::Rect,
    style::Color,
    symbols::Marker,
    widgets::canvas::{Canvas as Plot, Line},
};

use super::{
    canvas::Canvas,
    figures::{ceiling, short, short_millis},
};
use crate::{
    app::history::{History, Point, REACH},
    theme::Tone,
};

/// Cells of the figures beside the vertical axis.
const AXIS: u16 = 6;
/// Cells of the names at the ends of the lines.
const NAMES: u16 = 4;
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// A chart's parts.
struct Parts {
    title: Rect,
    plot: Rect,
}

fn parts(area: Rect, names: u16) -> Parts {
    let plot = Rect {
        x: area.x + AXIS + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(AXIS + 1 + names),
        height: area.height.saturating_sub(2),
    };
    Parts { title: Rect { height: 1, ..area }, plot }
}

/// Draws requests per second as bars.
pub(super) fn rate(canvas: &mut Canvas<'_>, area: Rect, history: &History) {
    let parts = parts(area, 0);
    canvas.runs(parts.title, &[("Requests per second", Tone::Strong)]);
    let slots = slots(history, parts.plot.width.into(), |point| Some(point.rate), mean);
    let top = ceiling(slots.iter().flatten().copied().fold(0.0, f64::max), 1.0);
    axes(canvas, parts.plot, top, short);
    for (column, value) in slots.iter().enumerate() {
        let Some(value) = value else { continue };
        let eighths = (value / top * f64::from(parts.plot.height) * 8.0).round() as usize;
        // A request that came must not look like none.
        let eighths = if *value > 0.0 { eighths.max(1) } else { 0 };
        for row in 0..parts.plot.height {
            let part = eighths.saturating_sub(usize::from(row) * 8).min(8);
            let at = (parts.plot.x + column as u16, parts.plot.bottom() - 1 - row);
            canvas.put(at, 1, EIGHTHS[part], Tone::Series(0));
        }
    }
}

/// Draws p50, p95 and p99 as lines.
pub(super) fn latency(canvas: &mut Canvas<'_>, area: Rect, history: &History) {
    let parts = parts(area, NAMES);
    canvas.runs(parts.title, &[("Latency", Tone::Strong), (", the slowest of each moment", Tone::Quiet)]);
    let plot = parts.plot;
    // Braille has two dots per cell.
    let dots = usize::from(plot.width) * 2;
    let lines = [0, 1, 2]
        .map(|which| slots(history, dots, |point| point.latency.map(|latency| latency[which]), largest));
    let most = lines.iter().flatten().flatten().copied().fold(0.0, f64::max);
    let top = ceiling(most, 0.1);
    axes(canvas, plot, top, short_millis);
    let drawn: Vec<Line> = lines
        .iter()
        .enumerate()
        .flat_map(|(which, line)| {
            let colour = canvas.style(Tone::Series(which as u8)).fg.unwrap_or(Color::Reset);
            joined(line, colour)
        })
        .collect();
    let widget = Plot::default()
        .marker(Marker::Braille)
        .x_bounds([0.0, (dots.max(2) - 1) as f64])
        .y_bounds([0.0, top])
        .paint(|context| drawn.iter().for_each(|line| context.draw(line)));
    canvas.picture(plot, widget);
    if canvas.is_old {
        let style = canvas.style(Tone::Plain);
        canvas.fill(plot, style);
    }
    names(canvas, plot, &lines, top);
}

/// Returns the strokes of one line. Neighbours are joined; a gap stays one, with a dot at its edge.
fn joined(values: &[Option<f64>], color: Color) -> Vec<Line> {
    let points = values.iter().enumerate().filter_map(|(dot, value)| Some((dot as f64, (*value)?)));
    let points: Vec<(f64, f64)> = points.collect();
    let strokes = points.iter().zip(points.iter().skip(1).chain(points.last()));
    let strokes = strokes.map(|(&(x1, y1), &(x2, y2))| {
        let (x2, y2) = if x2 - x1 > 1.5 { (x1, y1) } else { (x2, y2) };
        Line { x1, y1, x2, y2, color }
    });
    strokes.collect()
}

/// Writes the name of each line beside its end, one below the other where they meet.
fn names(canvas: &mut Canvas<'_>, plot: Rect, lines: &[Vec<Option<f64>>; 3], top: f64) {
    let height = plot.height;
    let row_of = |value: f64| {
        let from_bottom = (value / top * f64::from(height)).ceil().max(1.0) as u16;
        height - from_bottom.min(height)
    };
    let ends = lines.each_ref().map(|line| line.iter().rev().flatten().next().copied());
    let (mut next, mut rows) = (0, Vec::new());
    for (which, name) in [(2, "p99"), (1, "p95"), (0, "p50")] {
        let Some(end) = ends[which] else { return };
        let row = row_of(end).max(next);
        next = row + 1;
        rows.push((row, which, name));
    }
    let over = next.saturating_sub(height);
    for (row, which, name) in rows {
        // Where the lowest would fall off, all that stand in its way move up.
        let row = row.min(height.saturating_sub(1 + which as u16)).max(row.saturating_sub(over));
        canvas.put((plot.right() + 1, plot.y + row), NAMES - 1, name, Tone::Series(which as u8));
    }
}

fn axes(canvas: &mut Canvas<'_>, plot: Rect, top: f64, words: fn(f64) -> String) {
    let left = plot.x.saturating_sub(AXIS + 1);
    let (middle, last) = (plot.height / 2, plot.height.saturating_sub(1));
    for row in 0..plot.height {
        let mark = if row == 0 || row == middle { "┤" } else { "│" };
        canvas.put((plot.x - 1, plot.y + row), 1, mark, Tone::Quiet);
    }
    canvas.right((left, plot.y), AXIS, &words(top), Tone::Quiet);
    if plot.height >= 5 {
        canvas.right((left, plot.y + middle), AXIS, &words(top / 2.0), Tone::Quiet);
    }
    canvas.right((left, plot.y + last), AXIS, "0", Tone::Quiet);
    let y = plot.bottom();
    canvas.put((plot.x, y), plot.width, "10m ago", Tone::Quiet);
    canvas.put((plot.x + plot.width / 2 - 1, y), 6, "5m", Tone::Quiet);
    canvas.right((plot.x, y), plot.width, "now", Tone::Quiet);
}

/// Returns `count` values over the last ten minutes, oldest first; none where nothing was seen. The slots begin at
/// multiples of their length, so that a chart moves by whole columns instead of shivering.
fn slots(
    history: &History,
    count: usize,
    value: impl Fn(&Point) -> Option<f64>,
    join: fn(&[f64]) -> f64,
) -> Vec<Option<f64>> {
    let mut seen: Vec<Vec<f64>> = vec![Vec::new(); count];
    let Some(newest) = history.picture().map(|picture| picture.at) else { return vec![None; count] };
    let length = (REACH / count.max(1) as i64).max(1);
    let end = (newest + length - 1).div_euclid(length) * length;
    let begin = end - length * count as i64;
    for point in history.points() {
        let Some(value) = value(point) else { continue };
        let first = (point.from - begin).div_euclid(length);
        let last = (point.at - 1 - begin).div_euclid(length);
        for slot in first.max(0)..=last.min(count as i64 - 1) {
            if let Some(slot) = seen.get_mut(slot as usize) {
                slot.push(value);
            }
        }
    }
    seen.iter().map(|values| (!values.is_empty()).then(|| join(values))).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::sample::{NOW, picture};

    #[test]
    fn slots_hold_what_fell_into_them_and_gaps_stay_empty() {
        let mut history = History::default();
        for second in 0..20 {
            history.take(Box::new(picture(NOW + second * 1000, second as u64 * 10)));
        }
        history.interrupt();
        for second in 100..120 {
            history.take(Box::new(picture(NOW + second * 1000, second as u64 * 10)));
        }
        let slots = slots(&history, 60, |point| Some(point.rate), mean);
        let shown: String = slots.iter().map(|slot| if slot.is_some() { '#' } else { '.' }).collect();
        assert_eq!(shown, format!("{}##........##", ".".repeat(48)));
        assert_eq!(slots[59], Some(10.0));
    }
}
