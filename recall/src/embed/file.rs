//! The model file: a safetensors file whose metadata names the model, the layout of its tensors and their origin.
//! Nothing in it is trusted: every size is checked against the file's own before memory is taken for it.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

/// The layout this program reads; `packaging/model/build` writes the same number.
const MODEL_FORMAT: &str = "1";

/// Bytes of a header at most: ours has five thousand.
const LONGEST_HEADER: u64 = 64 * 1024;

/// Bytes of a file at most: ours has 37 million.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

/// Entries of one dimension at most, for layers; the work of one token grows with it.
const WIDEST: usize = 4096;

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// It cannot be opened.
    #[error("cannot open the model {}", path.display())]
    Open {
        /// The path asked for.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It was opened and cannot be read.
    #[error("cannot read the model")]
    Read(#[from] io::Error),
    /// It is something else.
    #[error("not a model file: {reason}")]
    NotAModel {
        /// What gives it away.
        reason: &'static str,
    },
    /// It is a model for another version of this program.
    #[error("the model has format {found:?}, this version reads format {MODEL_FORMAT}; build it anew")]
    OtherFormat {
        /// The format it says to have.
        found: String,
    },
    /// It ends too early, as after a download that broke off.
    #[error("the model is truncated: it should have {expected} bytes and has {found}")]
    Truncated {
        /// Its length by its own header.
        expected: u64,
        /// Its length.
        found: u64,
    },
    /// One of its parts is missing or wrong.
    #[error("the model's {name} {problem}")]
    Tensor {
        /// The part.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// An open model file whose header holds together.
pub(super) struct ModelFile<S> {
    source: S,
    header: Metadata,
    /// Where the tensors begin.
    data: u64,
}

impl<S: Read + Seek> ModelFile<S> {
    /// Reads the header; `length` is that of the whole file.
    pub(super) fn open(mut source: S, length: u64) -> Result<Self, ModelError> {
        let reject = |reason| ModelError::NotAModel { reason };
        if length < 8 {
            return Err(reject("it is too short"));
        }
        if length > LARGEST_FILE {
            return Err(reject("it is larger than any model"));
        }
        let mut size = [0; 8];
        source.read_exact(&mut size)?;
        let size = u64::from_le_bytes(size);
        if size > LONGEST_HEADER {
            return Err(reject("it does not begin as a safetensors file"));
        }
        let data = 8 + size;
        if data > length {
            return Err(ModelError::Truncated { expected: data, found: length });
        }
        let mut text = vec![0; size as usize];
        source.read_exact(&mut text)?;
        let header: Metadata =
            serde_json::from_slice(&text).map_err(|_| reject("its safetensors header cannot be read"))?;
        let file = Self { source, header, data };
        // Before the length: a file of another format is better told so than called damaged.
        file.is_of_our_format()?;
        let expected = data.saturating_add(file.header.data_len() as u64);
        match expected {
            _ if expected > length => Err(ModelError::Truncated { expected, found: length }),
            _ if expected < length => Err(reject("it goes on after its last tensor")),
            _ => Ok(file),
        }
    }

    fn is_of_our_format(&self) -> Result<(), ModelError> {
        match self.about("format") {
            Some(MODEL_FORMAT) => Ok(()),
            Some(found) => Err(ModelError::OtherFormat { found: found.chars().take(20).collect() }),
            None => Err(ModelError::NotAModel { reason: "its metadata names no format" }),
        }
    }

    fn about(&self, key: &str) -> Option<&str> {
        self.header.metadata().as_ref()?.get(key).map(String::as_str)
    }

    /// Returns the name of the model.
    pub(super) fn model(&self) -> Result<String, ModelError> {
        match self.about("model") {
            Some(name) if (1..=64).contains(&name.len()) => Ok(name.to_owned()),
            _ => Err(ModelError::NotAModel { reason: "its metadata names no model" }),
        }
    }

    /// Checks that the metadata says `value` of `key`.
    pub(super) fn declares(&self, key: &str, value: &str) -> Result<(), ModelError> {
        match self.about(key) {
            Some(found) if found == value => Ok(()),
            found => Err(wrong(key, format!("should be {value}, not {}", found.unwrap_or("missing")))),
        }
    }

    /// Returns the shape of a layer, whose dimensions are multiples of eight within bounds.
    pub(super) fn shape(&self, name: &str) -> Result<(usize, usize), ModelError> {
        let fits = |&size: &usize| size > 0 && size <= WIDEST && size.is_multiple_of(8);
        match self.info(name)?.shape.as_slice() {
            [rows, columns] if fits(rows) && fits(columns) => Ok((*rows, *columns)),
            other => Err(wrong(name, format!("has the shape {other:?}, which no layer has"))),
        }
    }

    /// Returns the two dimensions of a table, whatever they are.
    pub(super) fn table(&self, name: &str) -> Result<(usize, usize), ModelError> {
        match self.info(name)?.shape.as_slice() {
            [rows, columns] => Ok((*rows, *columns)),
            other => Err(wrong(name, format!("has the shape {other:?}, which no table has"))),
        }
    }

    /// Returns the length of a vector.
    pub(super) fn len(&self, name: &str) -> Result<usize, ModelError> {
        match self.info(name)?.shape.as_slice() {
            [length] if *length > 0 => Ok(*length),
            other => Err(wrong(name, format!("has the shape {other:?}, which no vector has"))),
        }
    }

    /// Reads finite numbers.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let bytes = self.read(name, Dtype::F32, shape)?;
        let values: Vec<f32> = quads(&bytes).map(f32::from_le_bytes).collect();
        // Beyond a million nothing was ever trained, and sums of products could leave what f32 holds.
        if values.iter().all(|value| value.abs() < 1e6) {
            return Ok(values);
        }
        Err(wrong(name, "holds numbers that are out of range".to_owned()))
    }

    /// Reads unsigned words.
    pub(super) fn words(&mut self, name: &str, shape: &[usize]) -> Result<Vec<u32>, ModelError> {
        let bytes = self.read(name, Dtype::U32, shape)?;
        Ok(quads(&bytes).map(u32::from_le_bytes).collect())
    }

    /// Reads bytes.
    pub(super) fn bytes(&mut self, name: &str, shape: &[usize]) -> Result<Vec<u8>, ModelError> {
        self.read(name, Dtype::U8, shape)
    }

    /// Reads signed bytes.
    pub(super) fn signed(&mut self, name: &str, shape: &[usize]) -> Result<Vec<i8>, ModelError> {
        Ok(self.read(name, Dtype::I8, shape)?.into_iter().map(u8::cast_signed).collect())
    }

    fn info(&self, name: &str) -> Result<&TensorInfo, ModelError> {
        self.header.info(name).ok_or_else(|| wrong(name, "is missing".to_owned()))
    }

    fn read(&mut self, name: &str, kind: Dtype, shape: &[usize]) -> Result<Vec<u8>, ModelError> {
        let info = self.info(name)?;
        if info.dtype != kind || info.shape != shape {
            let (found, given) = (info.dtype, &info.shape);
            return Err(wrong(name, format!("is {found} {given:?}, expected {kind} {shape:?}")));
        }
        // The header was checked: the offsets are in order, fit the shape and end with the file.
        let (start, end) = info.data_offsets;
        let mut bytes = vec![0; end - start];
        self.source.seek(SeekFrom::Start(self.data + start as u64))?;
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Says what is wrong with one part of a model.
pub(super) fn wrong(name: &str, problem: String) -> ModelError {
    ModelError::Tensor { name: name.to_owned(), problem }
}

fn quads(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> {
    bytes.as_chunks::<4>().0.iter().copied()
}
