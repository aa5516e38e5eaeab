//! Source trees that tests make, and the daemons that may read them.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use super::{Daemon, Peer, ROOMY, eventually};

/// A folder of sources in a root of its own.
pub struct Tree {
    root: tempfile::TempDir,
}

impl Tree {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self { root: tempfile::tempdir().unwrap() };
        fs::create_dir(tree.path()).unwrap();
        files.iter().for_each(|(path, text)| tree.write(path, text));
        tree
    }

    /// A small program: a store, what uses it, and a test of it.
    pub fn small() -> Self {
        Self::new(&[
            ("app/__init__.py", ""),
            ("app/store.py", STORE),
            ("app/main.py", MAIN),
            ("web/api.ts", API),
            ("README.md", "# not code\n"),
        ])
    }

    /// Returns the folder, which is inside a root.
    pub fn path(&self) -> std::path::PathBuf {
        self.root.path().join("tree")
    }

    /// Returns the root.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).unwrap();
    }

    /// Runs git in it, whatever the machine has configured, and returns what it prints.
    pub fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.path()).args(["-c", "user.name=t", "-c", "user.email=t@example.org"]);
        git.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let done = git.output().expect("install git");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// Returns the configuration of a daemon that may read it.
    pub fn config(&self) -> String {
        format!("{ROOMY}[code]\nroots = [{:?}]\n", self.root())
    }

    /// Starts a daemon that may read it.
    pub fn daemon(&self) -> Daemon {
        Daemon::start(&self.config())
    }

    /// Has it analysed as a project.
    pub async fn analyze(&self, peer: &Peer, project: &str) -> Value {
        let arguments =
            json!({ "project_id": project, "project_name": project, "project_path": self.path() });
        peer.tool("analyze_codebase", arguments).await
    }
}

/// Finds a definition of project `p`, until an answer has first read again what was written: a look over a tree that
/// took long counts for a while.
pub async fn find_anew(peer: &Peer, name: &str) -> Value {
    let mut found = Value::Null;
    eventually("what was written is read again for an answer", async || {
        found = peer.tool("find_entity", json!({ "project_id": "p", "entity_name": name })).await;
        found["freshness"]["refreshed"].as_u64() > Some(0)
    })
    .await;
    found
}

const STORE: &str = r#""""Keeps things."""


class Base:
    def close(self):
        """Ends it."""


class Store(Base):
    """A store of things."""

    def put(self, thing):
        if thing:
            self.log(thing)
        return thing

    def log(self, thing):
        print(thing)
"#;

const MAIN: &str = r#"from app.store import Store


def cached(function):
    return function


@cached
def run(count):
    store = Store()
    for number in range(count):
        store.put(number)
    store.close()
    return run(count - 1) if count else later()


if __name__ == "__main__":
    run(3)
"#;

const API: &str = r#"export interface Route { path: string }

/** Serves a route. */
export function serve(route: Route): string {
  return route.path.trim();
}
"#;
