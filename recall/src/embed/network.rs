//! The forward pass: embeddings of the tokens, three convolutions of two, three and five tokens beside each other,
//! their sum over the text, and a head of four layers.

use std::io::{Read, Seek};

use super::dense::{Matrix, Norm, unit};
use super::file::{ModelError, ModelFile};
use super::table::Table;

/// Tokens each convolution sees, and how many of them lie before the one it is computed for.
const BRANCHES: [(usize, usize); 3] = [(2, 0), (3, 1), (5, 2)];

/// All layers.
pub(super) struct Network {
    table: Table,
    /// Numbers a token has within a branch.
    narrow: usize,
    dimensions: usize,
    branches: Vec<Branch>,
    /// Over the branches together.
    projected: Norm,
    /// Over the embedding and the branches together.
    features: Norm,
    pool: Matrix,
    pool_bias: Vec<f32>,
    head: Head,
}

/// One convolution with its residual, twice.
struct Branch {
    span: usize,
    before: usize,
    project: Matrix,
    project_bias: Vec<f32>,
    first: Matrix,
    first_bias: Vec<f32>,
    second: Matrix,
    second_bias: Vec<f32>,
}

/// The layers after the sum; `skip` ones take what went into the layer before.
struct Head {
    first: Matrix,
    second: Matrix,
    second_skip: Matrix,
    third: Matrix,
    last: Matrix,
    last_skip: Matrix,
}

impl Network {
    pub(super) fn load(file: &mut ModelFile<impl Read + Seek>, pieces: usize) -> Result<Self, ModelError> {
        let table = Table::load(file, pieces)?;
        let (_, narrow) = file.shape("project.2.weight")?;
        let (_, dimensions) = file.shape("pool.weight")?;
        let width = table.width() + BRANCHES.len() * narrow;
        let (mut branches, mut gain, mut shift) = (Vec::new(), Vec::new(), Vec::new());
        for (span, before) in BRANCHES {
            branches.push(Branch::load(file, (span, before), table.width(), narrow)?);
            gain.extend(file.floats(&format!("project.{span}.gain"), &[narrow])?);
            shift.extend(file.floats(&format!("project.{span}.shift"), &[narrow])?);
        }
        Ok(Self {
            table,
            narrow,
            dimensions,
            branches,
            projected: Norm::new(gain, shift),
            features: Norm::new(
                file.floats("features.gain", &[width])?,
                file.floats("features.shift", &[width])?,
            ),
            pool: Matrix::load(file, "pool", width, dimensions)?,
            pool_bias: file.floats("pool.bias", &[dimensions])?,
            head: Head::load(file, dimensions)?,
        })
    }

    /// Returns the length of a vector.
    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Returns the vector of some tokens, at length 1.
    pub(super) fn embed(&self, tokens: &[u32]) -> Vec<f32> {
        let wide = self.table.width();
        let mut embedded = vec![0.0; tokens.len() * wide];
        for (token, row) in tokens.iter().zip(embedded.chunks_exact_mut(wide)) {
            self.table.row(*token, row);
        }
        let projections: Vec<Vec<f32>> =
            self.branches.iter().map(|branch| branch.project(&embedded)).collect();
        let mut projected = beside(&projections, self.narrow);
        self.projected.apply(&mut projected);
        let mut parts = Vec::new();
        for (index, branch) in self.branches.iter().enumerate() {
            let rows = projected.chunks_exact(self.branches.len() * self.narrow);
            let own: Vec<f32> =
                rows.flat_map(|row| &row[index * self.narrow..(index + 1) * self.narrow]).copied().collect();
            parts.push(branch.convolve(own, self.narrow));
        }
        let mut features = join(&embedded, wide, &beside(&parts, self.narrow), parts.len() * self.narrow);
        self.features.apply(&mut features);
        self.head.apply(&self.sum(&features, tokens.len()))
    }

    /// Sums over the tokens, and only then multiplies: the same, and one row instead of many.
    fn sum(&self, features: &[f32], tokens: usize) -> Vec<f32> {
        let width = self.table.width() + self.branches.len() * self.narrow;
        let mut sum = vec![0.0; width];
        for row in features.chunks_exact(width) {
            add(&mut sum, row);
        }
        let mut pooled = self.pool.multiply(&sum);
        let count = tokens.max(1) as f32;
        for (value, bias) in pooled.iter_mut().zip(&self.pool_bias) {
            *value = (*value + count * bias) / count.sqrt();
        }
        pooled
    }
}

impl Branch {
    fn load(
        file: &mut ModelFile<impl Read + Seek>,
        (span, before): (usize, usize),
        wide: usize,
        narrow: usize,
    ) -> Result<Self, ModelError> {
        let mut layer = |part: &str, rows: usize| {
            let name = format!("{part}.{span}");
            let matrix = Matrix::load(file, &name, rows, narrow)?;
            Ok::<_, ModelError>((matrix, file.floats(&format!("{name}.bias"), &[narrow])?))
        };
        let (project, project_bias) = layer("project", wide)?;
        let (first, first_bias) = layer("first", span * narrow)?;
        let (second, second_bias) = layer("second", span * narrow)?;
        Ok(Self { span, before, project, project_bias, first, first_bias, second, second_bias })
    }

    fn project(&self, embedded: &[f32]) -> Vec<f32> {
        let mut projected = self.project.multiply(embedded);
        for row in projected.chunks_exact_mut(self.project_bias.len()) {
            add(row, &self.project_bias);
        }
        projected
    }

    fn convolve(&self, input: Vec<f32>, narrow: usize) -> Vec<f32> {
        let hidden = residual(self.first.multiply(&self.windows(&input, narrow)), &self.first_bias, &input);
        residual(self.second.multiply(&self.windows(&hidden, narrow)), &self.second_bias, &hidden)
    }

    /// Returns for each token the rows it sees, one after the other; beyond the text there are zeros.
    fn windows(&self, rows: &[f32], narrow: usize) -> Vec<f32> {
        let count = rows.len() / narrow;
        let mut windows = vec![0.0; count * self.span * narrow];
        for (token, window) in windows.chunks_exact_mut(self.span * narrow).enumerate() {
            for (place, slot) in window.chunks_exact_mut(narrow).enumerate() {
                let seen = (token + place).checked_sub(self.before).filter(|seen| *seen < count);
                if let Some(seen) = seen {
                    slot.copy_from_slice(&rows[seen * narrow..(seen + 1) * narrow]);
                }
            }
        }
        windows
    }
}

impl Head {
    fn load(file: &mut ModelFile<impl Read + Seek>, dimensions: usize) -> Result<Self, ModelError> {
        let (_, hidden) = file.shape("head.first.weight")?;
        Ok(Self {
            first: Matrix::load(file, "head.first", dimensions, hidden)?,
            second: Matrix::load(file, "head.second", hidden, hidden)?,
            second_skip: Matrix::load(file, "head.second_skip", dimensions, hidden)?,
            third: Matrix::load(file, "head.third", hidden, dimensions)?,
            last: Matrix::load(file, "head.last", dimensions, dimensions)?,
            last_skip: Matrix::load(file, "head.last_skip", hidden, dimensions)?,
        })
    }

    fn apply(&self, pooled: &[f32]) -> Vec<f32> {
        let first = positive(self.first.multiply(pooled));
        let mut second = self.second.multiply(&first);
        add(&mut second, &self.second_skip.multiply(pooled));
        let second = positive(second);
        let third = positive(self.third.multiply(&second));
        let mut last = self.last.multiply(&third);
        add(&mut last, &self.last_skip.multiply(&second));
        unit(last.into_iter().map(f32::tanh).collect())
    }
}

fn add(values: &mut [f32], other: &[f32]) {
    for (value, other) in values.iter_mut().zip(other) {
        *value += other;
    }
}

fn positive(mut values: Vec<f32>) -> Vec<f32> {
    values.iter_mut().for_each(|value| *value = value.max(0.0));
    values
}

/// Returns the positive part of each row with its bias, plus what went into the layer.
fn residual(mut values: Vec<f32>, bias: &[f32], input: &[f32]) -> Vec<f32> {
    for row in values.chunks_exact_mut(bias.len()) {
        add(row, bias);
    }
    let mut values = positive(values);
    add(&mut values, input);
    values
}

/// Returns rows of `width` side by side.
fn beside(parts: &[Vec<f32>], width: usize) -> Vec<f32> {
    let rows = parts.first().map_or(0, |part| part.len() / width);
    let mut joined = Vec::with_capacity(parts.len() * rows * width);
    for row in 0..rows {
        for part in parts {
            joined.extend_from_slice(&part[row * width..(row + 1) * width]);
        }
    }
    joined
}

/// Returns the rows of two side by side.
fn join(left: &[f32], left_width: usize, right: &[f32], right_width: usize) -> Vec<f32> {
    let rows = left.chunks_exact(left_width).zip(right.chunks_exact(right_width));
    rows.flat_map(|(left, right)| left.iter().chain(right)).copied().collect()
}
