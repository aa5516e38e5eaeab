//! Trees that are not on this machine: a client offers what it has, sends what is missing, and says when that is all.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use mcpd_codegraph::{
    Language,
    survey::{self, Hash},
};
use parking_lot::Mutex;

use super::{Code, CodeError, Job, contents::Origin};
use crate::store::{NewTree, Owner, StoreError, TreeSource};

/// Time without a word after which a push is forgotten.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// Pushes under way at a time.
const MOST: usize = 32;
/// Of these, of one operator or key.
const MOST_OF_ONE: usize = 4;
/// Longest path, in bytes.
const LONGEST_PATH: usize = 1024;

/// Pushes under way.
#[derive(Default)]
pub(super) struct Pushes(Mutex<HashMap<String, Push>>);

struct Push {
    owner: Owner,
    project: String,
    title: Option<String>,
    /// Our id of the project, once something of it is stored.
    id: Option<String>,
    offered: BTreeMap<String, (Hash, u64)>,
    last: Instant,
}

/// A file that a client has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Its path in the tree.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its content.
    pub hash: Hash,
}

/// What is refused of what was offered or sent, and what is wanted or taken of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Paths that are wanted, or were taken.
    pub paths: Vec<String>,
    /// Paths that were refused, and why.
    pub refused: Vec<(String, String)>,
}

impl Code {
    /// Begins a push and returns its name. Nothing of the project changes before its end.
    pub fn push_begin(
        &self,
        owner: Owner,
        project: String,
        title: Option<String>,
    ) -> Result<String, CodeError> {
        let mut pushes = self.pushes.0.lock();
        let left: Vec<String> =
            pushes.extract_if(|_, push| push.last.elapsed() > IDLE).filter_map(|(_, push)| push.id).collect();
        for project in left {
            self.drop_what_was_left(project);
        }
        let own = pushes.values().filter(|push| push.owner == owner).count();
        if pushes.len() >= MOST || own >= MOST_OF_ONE {
            return Err(CodeError::TooMuch("too many pushes are under way; try again later".to_owned()));
        }
        // Not to be guessed: whoever knows it goes on with the push.
        let name = format!("push_{:032x}", rand::random::<u128>());
        let push = Push { owner, project, title, id: None, offered: BTreeMap::new(), last: Instant::now() };
        pushes.insert(name.clone(), push);
        Ok(name)
    }

    /// Returns whose project a push is for.
    pub fn push_tenant(&self, name: &str) -> Option<String> {
        self.pushes.0.lock().get(name).map(|push| push.owner.tenant.clone())
    }

    /// Takes what a client has, and returns what it is to send.
    pub async fn push_offer(
        &self,
        owner: &Owner,
        name: &str,
        files: Vec<Offered>,
    ) -> Result<Pushed, CodeError> {
        let limits = self.config.borrow().code.clone();
        let mut answer = Pushed::default();
        let mut good = Vec::new();
        for file in files {
            match refusal(&file.path, file.size, limits.max_file) {
                Some(why) => answer.refused.push((file.path, why)),
                None => good.push(file),
            }
        }
        let (project, id) = self.pushes.with(owner, name, |push| {
            let most = (limits.max_files as usize, limits.max_tree);
            let count = push.offered.len()
                + good.iter().filter(|file| !push.offered.contains_key(&file.path)).count();
            let known: u64 = push.offered.values().map(|(_, size)| size).sum();
            let bytes = good.iter().fold(known, |sum, file| sum.saturating_add(file.size));
            if count > most.0 || bytes > most.1 {
                let told = format!("a tree has at most {} files and {} bytes together", most.0, most.1);
                return Err(CodeError::TooMuch(told));
            }
            for file in &good {
                push.offered.insert(file.path.clone(), (file.hash, file.size));
            }
            Ok((push.project.clone(), push.id.clone()))
        })??;
        let id = match id {
            Some(id) => Some(id),
            None => match self.store.projects().find(&owner.tenant, &project).await {
                Ok(row) => Some(row.id),
                Err(StoreError::NotFound) => None,
                Err(error) => return Err(error.into()),
            },
        };
        let hashes: Vec<Hash> = good.iter().map(|file| file.hash).collect();
        let known = match &id {
            Some(id) => self.store.code().known_texts(id, &hashes).await?,
            None => Vec::new(),
        };
        let missing = good.into_iter().filter(|file| !known.contains(&file.hash));
        answer.paths = missing.map(|file| file.path).collect();
        Ok(answer)
    }

    /// Takes contents that were offered before.
    pub async fn push_files(
        &self,
        owner: &Owner,
        name: &str,
        files: Vec<(String, String)>,
    ) -> Result<Pushed, CodeError> {
        let mut answer = Pushed::default();
        let mut texts = Vec::new();
        let (project, title, id) = self.pushes.with(owner, name, |push| {
            for (path, content) in files {
                let hash = survey::hash(content.as_bytes());
                match push.offered.get(&path) {
                    None => answer.refused.push((path, "it was not offered".to_owned())),
                    Some((offered, size)) if *offered != hash || *size != content.len() as u64 => {
                        answer.refused.push((path, "its content is not the one that was offered".to_owned()));
                    }
                    Some(_) => {
                        texts.push((hash, content.into_bytes()));
                        answer.paths.push(path);
                    }
                }
            }
            (push.project.clone(), push.title.clone(), push.id.clone())
        })?;
        if texts.is_empty() {
            return Ok(answer);
        }
        let id = match id {
            Some(id) => id,
            None => {
                let id = self.hold(owner, &project, title).await?;
                self.pushes.with(owner, name, |push| push.id = Some(id.clone()))?;
                id
            }
        };
        self.store.code().put_texts(&id, texts).await?;
        Ok(answer)
    }

    /// Makes what was offered the whole tree of the project, and begins to analyse it.
    pub async fn push_end(&self, owner: &Owner, name: &str) -> Result<(String, Arc<Job>), CodeError> {
        let push = self.pushes.take(owner, name)?;
        let name = push.project.clone();
        let tree =
            NewTree { owner: push.owner, name, title: push.title, source: TreeSource::Push, root: None };
        let id = self.store.code().claim(tree).await?;
        let files = push.offered.into_iter().map(|(path, (hash, size))| (path, hash, size)).collect();
        Ok((push.project, self.run(&id, Origin::Sent(files))))
    }

    /// Drops the contents of a push that never ended, and the tree it was to be if there is none.
    fn drop_what_was_left(&self, project: String) {
        let Some(code) = self.itself.upgrade() else { return };
        self.tasks.spawn(async move {
            if let Err(error) = code.store.code().drop_unused(&project).await {
                tracing::warn!(project, %error, "what a push left could not be dropped");
            }
        });
    }

    /// Returns the id of a project that contents can be kept for; its tree stays what it is.
    async fn hold(&self, owner: &Owner, project: &str, title: Option<String>) -> Result<String, CodeError> {
        match self.tree(&owner.tenant, project).await {
            Ok(tree) => Ok(tree.project),
            Err(CodeError::UnknownProject(_) | CodeError::NotIndexed(_)) => {
                let (owner, name) = (owner.clone(), project.to_owned());
                let tree = NewTree { owner, name, title, source: TreeSource::Push, root: None };
                Ok(self.store.code().claim(tree).await?)
            }
            Err(error) => Err(error),
        }
    }
}

impl Pushes {
    /// Answers whether contents are being sent for a project.
    pub(super) fn concern(&self, project: &str) -> bool {
        let is_of = |push: &Push| push.id.as_deref() == Some(project) && push.last.elapsed() < IDLE;
        self.0.lock().values().any(is_of)
    }

    /// Reaches a push of an owner; another's answers like one that is not there.
    fn with<T>(&self, owner: &Owner, name: &str, reach: impl FnOnce(&mut Push) -> T) -> Result<T, CodeError> {
        let mut pushes = self.0.lock();
        let push = pushes.get_mut(name).filter(|push| push.owner == *owner);
        let push = push.ok_or_else(|| CodeError::UnknownPush(name.to_owned()))?;
        push.last = Instant::now();
        Ok(reach(push))
    }

    fn take(&self, owner: &Owner, name: &str) -> Result<Push, CodeError> {
        self.with(owner, name, |_| ())?;
        self.0.lock().remove(name).ok_or_else(|| CodeError::UnknownPush(name.to_owned()))
    }
}

/// Returns why a file is not taken.
fn refusal(path: &str, size: u64, most: u64) -> Option<String> {
    let is_bad = |part: &str| part.is_empty() || part == "." || part == "..";
    if path.len() > LONGEST_PATH || path.contains(['\0', '\\']) || path.split('/').any(is_bad) {
        return Some("its path is none of a file in a tree".to_owned());
    }
    if Language::of_path(path).is_none() {
        return Some("its language is not known".to_owned());
    }
    (size > most).then(|| format!("it has {size} bytes, and one file may have {most}"))
}
