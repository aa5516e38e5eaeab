//! What must not be seen: the type that cannot be printed, and files of random bytes.

mod key_file;
mod owner;
mod text;

pub(crate) use key_file::{handed_key, key_file};
pub use owner::own_uid;
pub use text::Secret;
