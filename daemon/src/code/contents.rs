//! Where an analysis reads from: a folder, or what a client sent.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use mcpd_codegraph::{
    survey::{Hash, Source},
    tree::{Root, Stamp},
};

use super::{Code, analysis::Work};

/// Where the files of an analysis are.
pub(super) enum Origin {
    /// In a folder.
    Folder(Arc<Root>),
    /// In the store: path, content and size.
    Sent(Vec<(String, Hash, u64)>),
}

/// Contents of files, and which of them are known.
pub(super) struct Files {
    place: Contents,
    pub(super) known: HashSet<(String, Hash)>,
}

enum Contents {
    Folder(Arc<Root>, u64),
    Sent {
        hashes: HashMap<String, Hash>,
        store: crate::store::Store,
        project: String,
        runtime: tokio::runtime::Handle,
    },
}

impl Source for Files {
    fn read(&self, path: &str) -> Result<(Vec<u8>, Stamp), String> {
        match &self.place {
            Contents::Folder(root, most) => {
                let read = root.read(path, *most).map_err(|error| error.to_string())?;
                Ok((read.bytes, read.stamp))
            }
            Contents::Sent { hashes, store, project, runtime } => {
                let hash = hashes.get(path).ok_or("it was not sent")?;
                let text =
                    runtime.block_on(store.code().text(project, hash)).map_err(|_| "it was not sent")?;
                let stamp = Stamp { size: text.len() as u64, modified: 0, changed: 0, inode: 0 };
                Ok((text, stamp))
            }
        }
    }

    fn knows(&self, path: &str, hash: &Hash) -> bool {
        self.known.contains(&(path.to_owned(), *hash))
    }
}

impl Code {
    /// Returns where an analysis reads from.
    pub(super) fn contents(&self, work: &Work, known: HashSet<(String, Hash)>) -> Files {
        let most = self.config.borrow().code.max_file;
        match &work.origin {
            Origin::Folder(root) => Files { place: Contents::Folder(Arc::clone(root), most), known },
            Origin::Sent(files) => {
                let hashes = files.iter().map(|(path, hash, _)| (path.clone(), *hash)).collect();
                let runtime = tokio::runtime::Handle::current();
                let (store, project) = (self.store.clone(), work.project.clone());
                Files { place: Contents::Sent { hashes, store, project, runtime }, known }
            }
        }
    }
}
