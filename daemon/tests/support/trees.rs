//! Source trees that tests make, and the daemons that may read them.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{Daemon, Peer, ROOMY};

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
