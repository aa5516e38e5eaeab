//! The library: what clients read instead of calling tools. Resources, prompts, and the completion of both, each bound
//! to the caller's tenant and to the tools the caller may call.

use std::sync::Arc;

use crate::{
    auth::{Need, Principal, Scope},
    memory::Memories,
    store::Store,
    tools::Family,
};

/// Resources, prompts and completions over the store.
pub struct Library {
    pub(super) store: Store,
    pub(super) memories: Arc<Memories>,
}

impl Library {
    /// Makes the library.
    pub fn new(store: Store, memories: Arc<Memories>) -> Self {
        Self { store, memories }
    }
}

/// Answers whether `who` may see what a tool that only reads would return: a key that must not call it must not get at
/// its data by another way.
pub(super) fn may_see(who: &Principal, tool: &str, family: Family) -> bool {
    who.may(Need::Tool { name: tool, family: family.as_str(), scope: Scope::Read })
}

#[cfg(test)]
pub(super) mod fixture {
    //! A library over a store of its own, and what tests put into it.

    use super::*;
    use crate::store::{Level, NewDecision, NewMemory, NewTodo, Owner, Quota};

    /// A library and the directory its store lives in.
    pub(in crate::mcp) struct Shelf {
        pub(in crate::mcp) library: Library,
        _dir: tempfile::TempDir,
    }

    impl Shelf {
        pub(in crate::mcp) async fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(&dir.path().join("mcpd.db"), 2).await.unwrap();
            let config = Arc::new(mcpd_config::Config::load(None, &[]).unwrap());
            // The sender is gone: the configuration stays as it is.
            let memories =
                Memories::new(store.clone(), tokio::sync::watch::channel(config).1, "models".into());
            Self { library: Library::new(store, Arc::new(memories)), _dir: dir }
        }

        pub(in crate::mcp) async fn memory(&self, project: &str, content: &str) -> String {
            let memory = NewMemory {
                owner: owner(),
                project: project.into(),
                level: Level::Long,
                content: content.into(),
                terms: content.into(),
                tags: vec!["tag".into()],
                category: None,
                confidence: None,
                tokens: 1,
                expires_at: None,
                quota: Quota::default(),
                created_at: None,
            };
            self.library.store.memories().put(memory).await.unwrap().id
        }

        pub(in crate::mcp) async fn todo(&self, project: &str, title: &str, depends_on: &[String]) -> String {
            let todo = NewTodo {
                owner: owner(),
                project: project.into(),
                title: title.into(),
                description: None,
                category: "feature".into(),
                priority: 3,
                estimated_hours: None,
                depends_on: depends_on.to_vec(),
            };
            self.library.store.todos().create(todo).await.unwrap().id
        }

        pub(in crate::mcp) async fn decision(
            &self,
            project: &str,
            title: &str,
            supersedes: &[String],
        ) -> String {
            let decision = NewDecision {
                owner: owner(),
                project: project.into(),
                title: title.into(),
                category: "architecture".into(),
                description: None,
                reasoning: "because".into(),
                alternatives: "[]".into(),
                impact_scope: None,
                supersedes: supersedes.to_vec(),
            };
            self.library.store.decisions().create(decision).await.unwrap().0
        }
    }

    /// Returns whoever may see the data of the tests.
    pub(in crate::mcp) fn me() -> Principal {
        Principal::anonymous()
    }

    /// Returns somebody of another tenant.
    pub(in crate::mcp) fn stranger() -> Principal {
        let mut who = Principal::anonymous();
        who.tenant = "another".to_owned();
        who
    }

    /// Returns somebody who may not call one tool.
    pub(in crate::mcp) fn without(tool: &str) -> Principal {
        let mut who = Principal::anonymous();
        who.tools.deny = vec![tool.to_owned()];
        who
    }

    fn owner() -> Owner {
        Owner { tenant: me().tenant, author: "me".into() }
    }
}
