//! What must not be seen or changed: the type that cannot be printed, files of random bytes, and whose files are.

mod custody;
mod key_file;
mod text;

pub use custody::own_uid;
pub(crate) use custody::{
    OTHERS, OTHERS_WRITE, OpenFolder, UnsafeFile, folder_of, is_trusted, private_folder, quoted, refuse_open,
    refuse_replaceable, refuse_unsafe,
};
pub(crate) use key_file::{existing_key, handed_key, key_file};
pub use text::Secret;
