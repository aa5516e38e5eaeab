//! Complexity and likeness, counted while the tree is walked.

use crate::facts::Metrics;

/// Tokens that make one shingle.
const RUN: usize = 5;
/// Hashes kept of a function.
const KEPT: usize = 24;
/// Fewest tokens of a function whose likeness tells anything.
const FEWEST: u32 = 40;
/// What any identifier or literal counts as.
pub(super) const ALIKE: u32 = 0x9e37_79b9;

/// Counts one function.
pub(super) struct Meter {
    decisions: u32,
    depth: u32,
    deepest: u32,
    parameters: u32,
    doc_lines: u32,
    tokens: u32,
    window: [u32; RUN],
    /// The smallest hashes, a heap with the largest first.
    smallest: std::collections::BinaryHeap<u32>,
}

impl Meter {
    pub(super) fn new(parameters: u32, doc_lines: u32) -> Self {
        let smallest = std::collections::BinaryHeap::with_capacity(KEPT + 1);
        Self {
            decisions: 0,
            depth: 0,
            deepest: 0,
            parameters,
            doc_lines,
            tokens: 0,
            window: [0; RUN],
            smallest,
        }
    }

    pub(super) fn decide(&mut self) {
        self.decisions += 1;
    }

    pub(super) fn nest(&mut self) {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    pub(super) fn unnest(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(super) fn token(&mut self, token: u32) {
        self.window.rotate_left(1);
        self.window[RUN - 1] = token;
        self.tokens += 1;
        if (self.tokens as usize) < RUN {
            return;
        }
        let hash = self.window.iter().fold(0x811c_9dc5_u32, |hash, token| {
            (hash ^ token).wrapping_mul(0x0100_0193).rotate_left(13) ^ (hash >> 7)
        });
        // Half of all shingles fail this first test once the heap is full; the rest are rare.
        if self.smallest.len() == KEPT {
            if self.smallest.peek().is_some_and(|largest| hash >= *largest) {
                return;
            }
            if self.smallest.iter().any(|one| *one == hash) {
                return;
            }
            self.smallest.pop();
        } else if self.smallest.iter().any(|one| *one == hash) {
            return;
        }
        self.smallest.push(hash);
    }

    pub(super) fn finish(self) -> Metrics {
        let sketch = if self.tokens < FEWEST { Vec::new() } else { self.smallest.into_sorted_vec() };
        Metrics {
            cyclomatic: self.decisions + 1,
            nesting: self.deepest,
            parameters: self.parameters,
            doc_lines: self.doc_lines,
            tokens: self.tokens,
            sketch,
        }
    }
}

/// Estimates the share of shingles that two functions have in common, 0..1, from their sketches.
pub fn likeness(one: &[u32], other: &[u32]) -> f64 {
    if one.is_empty() || other.is_empty() {
        return 0.0;
    }
    let (mut left, mut right, mut union, mut both) = (0, 0, 0, 0);
    while union < KEPT && (left < one.len() || right < other.len()) {
        union += 1;
        match (one.get(left), other.get(right)) {
            (Some(a), Some(b)) if a == b => {
                both += 1;
                left += 1;
                right += 1;
            }
            (Some(a), Some(b)) if a < b => left += 1,
            (Some(_), None) => left += 1,
            (Some(_), Some(_)) | (None, _) => right += 1,
        }
    }
    f64::from(both) / union as f64
}

/// FNV-1a (Fowler, Noll, Vo), 32 bits.
pub(crate) fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
