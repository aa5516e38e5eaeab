//! What must not be seen: the type that cannot be printed, and files of random bytes.

mod key_file;
mod text;

pub(crate) use key_file::{handed_key, key_file};
pub use text::Secret;
