//! The table of embeddings, one row of levels for each token. A row is kept in as many bits a value as it needs, which
//! is 3.75 on average and loses nothing; decoding it costs a few microseconds.

use std::io::{Read, Seek};

use super::file::{ModelError, ModelFile, wrong};

/// Values that one byte of a plane holds a bit of.
const LANES: usize = 8;

/// The rows as bit planes.
pub(super) struct Table {
    /// Bytes of one plane.
    plane: usize,
    /// Bit `j` of a plane belongs to value `j`; the first plane of a row holds the lowest bits.
    planes: Vec<u8>,
    /// Where each row begins, in planes, and where the last one ends.
    starts: Vec<u32>,
    /// The lowest level of each row, which is left out of its planes.
    bases: Vec<u8>,
    /// Step and lowest value of the grid a row is on; row `i` is on grid `i` modulo their number.
    grids: Vec<(f32, f32)>,
}

impl Table {
    pub(super) fn load(file: &mut ModelFile<impl Read + Seek>, rows: usize) -> Result<Self, ModelError> {
        let (count, plane) = file.table("embedding.planes")?;
        if plane == 0 || plane > 512 {
            return Err(wrong("embedding.planes", format!("has rows of {plane} bytes")));
        }
        let starts = file.words("embedding.starts", &[rows + 1])?;
        let in_order = starts.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= u8::BITS);
        if !in_order || starts.first() != Some(&0) || starts.last().map(|last| *last as usize) != Some(count)
        {
            return Err(wrong("embedding.starts", "does not fit its planes".to_owned()));
        }
        let grids = file.len("embedding.scales")?;
        let steps = file.floats("embedding.scales", &[grids])?;
        let lows = file.floats("embedding.lows", &[grids])?;
        Ok(Self {
            plane,
            planes: file.bytes("embedding.planes", &[count, plane])?,
            starts,
            bases: file.bytes("embedding.bases", &[rows])?,
            grids: steps.into_iter().zip(lows).collect(),
        })
    }

    /// Returns the number of values in a row.
    pub(super) fn width(&self) -> usize {
        self.plane * LANES
    }

    /// Writes the row of a token, which is below the number of rows.
    pub(super) fn row(&self, token: u32, out: &mut [f32]) {
        let token = token as usize;
        let (start, end) = (self.starts[token] as usize, self.starts[token + 1] as usize);
        let planes = &self.planes[start * self.plane..end * self.plane];
        let base = u32::from(self.bases[token]);
        let (step, low) = self.grids[token % self.grids.len()];
        for (index, values) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let mut levels = [base; LANES];
            for (bit, plane) in planes.chunks_exact(self.plane).enumerate() {
                let bits = u32::from(plane[index]);
                for (lane, level) in levels.iter_mut().enumerate() {
                    *level += (bits >> lane & 1) << bit;
                }
            }
            *values = levels.map(|level| level as f32 * step + low);
        }
    }
}
