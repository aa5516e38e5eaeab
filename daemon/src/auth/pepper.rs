//! Where the pepper lies: in a file of ours, or in a credential that the service manager hands over.

use std::path::{Path, PathBuf};

/// Name of the credential, and of the file.
const NAME: &str = "pepper";

/// Where the pepper was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PepperPlace {
    /// A file in the state directory, made on the first start.
    File(PathBuf),
    /// A credential of the service, which is only read.
    Credential {
        /// The credential.
        path: PathBuf,
        /// Where the file would be, and may still be from before.
        file: PathBuf,
    },
}

impl PepperPlace {
    /// Returns the credential if there is one in the service's directory of them, else the file of the state directory.
    pub fn find(state: &Path, credentials: Option<&Path>) -> Self {
        let file = state.join(NAME);
        let given = credentials.map(|credentials| credentials.join(NAME)).filter(|path| path.exists());
        match given {
            Some(path) => Self::Credential { path, file },
            None => Self::File(file),
        }
    }

    /// Returns where it is read.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Credential { path, .. } => path,
        }
    }

    /// Returns where the file is, or would be.
    pub fn file(&self) -> &Path {
        match self {
            Self::File(file) | Self::Credential { file, .. } => file,
        }
    }
}
