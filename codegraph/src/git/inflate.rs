//! Compressed bytes of a file, inflated into as much memory as was agreed on before.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use gix_zlib::{Decompress, FlushDecompress, Status};

use super::{GitError, broken};

/// Inflates one stream after another.
pub(super) struct Inflater {
    state: Decompress,
    input: Vec<u8>,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { state: Decompress::new(), input: vec![0; 16 * 1024] }
    }

    /// Begins the stream at `at`.
    pub(super) fn stream<'a>(&'a mut self, file: &'a File, at: u64) -> Stream<'a> {
        self.state.reset();
        Stream { inflater: self, file, at, ready: (0, 0), ended: false }
    }
}

/// A stream that is being inflated.
pub(super) struct Stream<'a> {
    inflater: &'a mut Inflater,
    file: &'a File,
    /// Where the file goes on after the bytes in hand.
    at: u64,
    /// The bytes in hand that are not inflated.
    ready: (usize, usize),
    ended: bool,
}

impl Stream<'_> {
    /// Fills `output` and returns how much of it: less only where the stream ends.
    pub(super) fn fill(&mut self, output: &mut [u8]) -> Result<usize, GitError> {
        let mut filled = 0;
        while filled < output.len() && !self.ended {
            if self.ready.0 == self.ready.1 {
                let read = self.file.read_at(&mut self.inflater.input, self.at)?;
                if read == 0 {
                    return Err(broken("an object ends early"));
                }
                self.at += read as u64;
                self.ready = (0, read);
            }
            let input = &self.inflater.input[self.ready.0..self.ready.1];
            let state = &mut self.inflater.state;
            let before = (state.total_in(), state.total_out());
            let status = state
                .decompress(input, &mut output[filled..], FlushDecompress::None)
                .map_err(|_| broken("an object cannot be inflated"))?;
            let taken = (state.total_in() - before.0) as usize;
            let given = (state.total_out() - before.1) as usize;
            self.ended = matches!(status, Status::StreamEnd);
            if taken == 0 && given == 0 && !self.ended {
                return Err(broken("an object cannot be inflated"));
            }
            self.ready.0 += taken;
            filled += given;
        }
        Ok(filled)
    }

    /// Returns the next `size` bytes, which must be there.
    pub(super) fn exactly(&mut self, size: usize) -> Result<Vec<u8>, GitError> {
        let mut bytes = vec![0; size];
        if self.fill(&mut bytes)? < size {
            return Err(broken("an object is shorter than it says"));
        }
        Ok(bytes)
    }
}
