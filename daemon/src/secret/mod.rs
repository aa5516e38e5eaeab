//! What must not be seen: the type that cannot be printed, and files of random bytes.

mod key_file;
mod text;

pub(crate) use key_file::key_file;
pub use text::Secret;
