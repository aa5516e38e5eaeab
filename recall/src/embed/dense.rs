//! Layers: matrices of 8-bit weights with one step each, as the model was quantised, and normalisation. Plain loops
//! that the compiler turns into vector instructions: a matrix library would want `unsafe` calls.

use std::io::{Read, Seek};

use super::file::{ModelError, ModelFile};

/// Columns computed together: two vector registers of four numbers.
const WIDE: usize = 8;

/// Rows computed together: with eight columns each their sums fill half the registers there are everywhere.
const TALL: usize = 4;

/// As in the reference: keeps the root of a variance of zero away from a division.
const EPSILON: f32 = 1e-12;

/// A matrix that rows of numbers are multiplied by.
pub(super) struct Matrix {
    columns: usize,
    /// Row after row.
    weights: Vec<i8>,
    step: f32,
}

impl Matrix {
    /// Reads `name.weight` and `name.scale`.
    pub(super) fn load(
        file: &mut ModelFile<impl Read + Seek>,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Self, ModelError> {
        let weights = file.signed(&format!("{name}.weight"), &[rows, columns])?;
        let step = file.floats(&format!("{name}.scale"), &[1])?;
        Ok(Self { columns, weights, step: step.first().copied().unwrap_or_default() })
    }

    /// Returns the products of each row of `input`, which has as many numbers a row as this has rows.
    pub(super) fn multiply(&self, input: &[f32]) -> Vec<f32> {
        let rows = self.weights.len() / self.columns;
        let count = input.len() / rows;
        let mut product = vec![0.0; count * self.columns];
        let mut panel = vec![[0.0; WIDE]; rows];
        for column in (0..self.columns).step_by(WIDE) {
            // The weights of a few columns as f32: made once for all rows, and small enough for the nearest cache.
            for (wide, weights) in panel.iter_mut().zip(self.weights.chunks_exact(self.columns)) {
                for (wide, weight) in wide.iter_mut().zip(&weights[column..column + WIDE]) {
                    *wide = f32::from(*weight);
                }
            }
            let mut write = |row: usize, sums: [f32; WIDE]| {
                let at = row * self.columns + column;
                product[at..at + WIDE].copy_from_slice(&sums.map(|sum| sum * self.step));
            };
            let mut groups = input.chunks_exact(TALL * rows);
            let mut row = 0;
            for group in &mut groups {
                for sums in sums::<TALL>(&panel, group) {
                    write(row, sums);
                    row += 1;
                }
            }
            for single in groups.remainder().chunks_exact(rows) {
                for sums in sums::<1>(&panel, single) {
                    write(row, sums);
                    row += 1;
                }
            }
        }
        product
    }
}

/// Returns the sums of products of `N` rows, which stand one after the other, with the columns of a panel.
fn sums<const N: usize>(panel: &[[f32; WIDE]], rows: &[f32]) -> [[f32; WIDE]; N] {
    let length = panel.len();
    // Slices of known length spare the loop its checks.
    let rows: [&[f32]; N] = std::array::from_fn(|row| &rows[row * length..][..length]);
    let mut sums = [[0.0; WIDE]; N];
    for (index, weights) in panel.iter().enumerate() {
        for (row, sums) in rows.iter().zip(&mut sums) {
            let value = row[index];
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
    }
    sums
}

/// Normalisation of each row to mean 0 and variance 1, then to what was learnt.
pub(super) struct Norm {
    gain: Vec<f32>,
    shift: Vec<f32>,
}

impl Norm {
    pub(super) fn new(gain: Vec<f32>, shift: Vec<f32>) -> Self {
        Self { gain, shift }
    }

    /// Normalises every row of `values` in place.
    pub(super) fn apply(&self, values: &mut [f32]) {
        for row in values.chunks_exact_mut(self.gain.len()) {
            let count = row.len() as f32;
            let mean = row.iter().sum::<f32>() / count;
            let variance = row.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>() / count;
            let factor = (variance + EPSILON).sqrt().recip();
            for ((value, gain), shift) in row.iter_mut().zip(&self.gain).zip(&self.shift) {
                *value = (*value - mean) * factor * gain + shift;
            }
        }
    }
}

/// Returns the values at length 1; those that have no direction become the first axis.
pub(super) fn unit(mut values: Vec<f32>) -> Vec<f32> {
    let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if norm.is_finite() && norm > 1e-6 {
        values.iter_mut().for_each(|value| *value /= norm);
    } else {
        values.fill(0.0);
        values.iter_mut().take(1).for_each(|first| *first = 1.0);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_that_of_the_definition_for_any_number_of_rows() {
        let weights: Vec<i8> = (0..48).map(|index| (index * 29 % 17) as i8 - 8).collect();
        let matrix = Matrix { columns: 16, weights: weights.clone(), step: 0.5 };
        for count in 0..10 {
            let input: Vec<f32> = (0..count * 3).map(|index| index as f32 - 4.0).collect();
            let product = matrix.multiply(&input);
            assert_eq!(product.len(), count * 16);
            for (index, found) in product.iter().enumerate() {
                let (row, column) = (index / 16, index % 16);
                let expected: f32 =
                    (0..3).map(|k| input[row * 3 + k] * f32::from(weights[k * 16 + column]) * 0.5).sum();
                assert_eq!(*found, expected);
            }
        }
    }

    #[test]
    fn a_row_is_normalised_by_itself() {
        let mut values = [1.0, 3.0, 10.0, 10.0];
        Norm::new(vec![1.0, 2.0], vec![0.0, 5.0]).apply(&mut values);
        assert_eq!(values, [-1.0, 7.0, 0.0, 5.0]);
    }

    #[test]
    fn what_has_no_direction_gets_one() {
        assert_eq!(unit(vec![3.0, 4.0]), [0.6, 0.8]);
        assert_eq!(unit(vec![0.0, 0.0]), [1.0, 0.0]);
        assert_eq!(unit(vec![f32::NAN, 1.0]), [1.0, 0.0]);
    }
}
