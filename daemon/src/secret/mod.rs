//! What must not be seen: the type that cannot be printed, files of random bytes, and what looks like a secret.

mod forms;
mod key_file;
mod text;

pub(crate) use forms::suspicion;
pub(crate) use key_file::key_file;
pub use text::Secret;
