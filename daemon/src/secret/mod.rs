//! What must not be seen or changed: the type that cannot be printed, files of random bytes, and whose files are.

mod custody;
mod key_file;
mod text;

pub use custody::own_uid;
pub(crate) use custody::{
    OpenFolder, folder_of, is_trusted, look_at_folder, others_may_write, private_folder,
};
pub(crate) use key_file::{existing_key, handed_key, key_file};
pub use text::Secret;
