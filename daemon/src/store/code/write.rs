//! Writing source trees: facts in portions, then one write that makes them the tree.

use mcpd_codegraph::{survey::Hash, tree::Stamp};
use sqlx::SqliteConnection;

use super::{CodeRepository, EXTRACTION, TreeSource};
use crate::store::{Owner, StoreError, changes::Telling, now, projects};

/// Files named in one write.
const ROWS: usize = 500;
/// Facts that no file has any more, and texts, removed in one write.
const SWEEP: i64 = 200;

/// The tree a project is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTree {
    /// Whose and by whom.
    pub owner: Owner,
    /// The caller's `project_id`.
    pub name: String,
    /// Name for people; absent leaves the one it has.
    pub title: Option<String>,
    /// Where it comes from.
    pub source: TreeSource,
    /// Its folder.
    pub root: Option<String>,
}

/// What a content says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFacts {
    /// Path of the file.
    pub path: String,
    /// Its content.
    pub hash: Hash,
    /// What it says.
    pub facts: Vec<u8>,
}

/// A file that is part of the tree from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its path.
    pub path: String,
    /// Word of its language.
    pub language: &'static str,
    /// Its content.
    pub hash: Hash,
    /// When and how large it was.
    pub stamp: Stamp,
    /// Why it was passed over, when it was.
    pub why: Option<String>,
}

/// An analysis that has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// The analysis it began from; another one in between makes this one void.
    pub base: i64,
    /// Files that are new or changed.
    pub files: Vec<NewFile>,
    /// Files that were looked at again and are as they were, but for their stamps.
    pub touched: Vec<(String, Stamp)>,
    /// Files that are gone.
    pub gone: Vec<String>,
    /// Commit that is checked out.
    pub commit: Option<String>,
    /// Branch that is checked out.
    pub branch: Option<String>,
    /// Name of the linked worktree it is.
    pub worktree: Option<String>,
    /// What a limit left out.
    pub cut: Option<String>,
    /// JSON of what the walk passed over; absent leaves what is known.
    pub skipped: Option<String>,
}

impl CodeRepository<'_> {
    /// Names the tree of a project, making the project if it is new. Returns the project's id.
    pub async fn claim(&self, tree: NewTree) -> Result<String, StoreError> {
        let NewTree { owner, name, title, source, root } = tree;
        let work = async move |connection: &mut SqliteConnection,
                               telling: &mut Telling|
                    -> Result<String, StoreError> {
            let project = projects::ensure(connection, telling, &owner.tenant, &name).await?;
            sqlx::query(
                "INSERT INTO code_trees (project, title, source, root) VALUES (?, ?, ?, ?) \
                 ON CONFLICT (project) DO UPDATE SET title = coalesce(excluded.title, title), \
                   source = excluded.source, root = excluded.root, \
                   watched = CASE excluded.source WHEN 'push' THEN 0 ELSE watched END",
            )
            .bind(&project)
            .bind(title)
            .bind(source.as_str())
            .bind(root)
            .execute(connection)
            .await?;
            Ok(project)
        };
        self.0.writer.run_telling(move |connection, telling| Box::pin(work(connection, telling))).await
    }

    /// Keeps what contents say; it counts for nothing yet.
    pub async fn put_facts(&self, project: &str, facts: Vec<NewFacts>) -> Result<(), StoreError> {
        let project = project.to_owned();
        let work = async move |connection: &mut SqliteConnection| -> Result<(), StoreError> {
            for one in facts {
                sqlx::query(
                    "INSERT INTO code_facts (project, path, hash, extraction, facts) VALUES (?, ?, ?, ?, ?) \
                     ON CONFLICT (project, path, hash) DO UPDATE SET extraction = excluded.extraction, \
                       facts = excluded.facts",
                )
                .bind(&project)
                .bind(one.path)
                .bind(one.hash.as_slice())
                .bind(EXTRACTION)
                .bind(one.facts)
                .execute(&mut *connection)
                .await?;
            }
            Ok(())
        };
        self.0.writer.run(move |connection| Box::pin(work(connection))).await
    }

    /// Makes an analysis the tree of its project and returns its number.
    ///
    /// Fails with `Duplicate` when another one ended since it began.
    pub async fn commit_code(&self, project: &str, mut commit: Commit) -> Result<i64, StoreError> {
        // Many files in several writes, so that others get their turn. Until the last one they belong to a revision that
        // is not there yet, and each row is true by itself, whenever this ends.
        while commit.files.len() > ROWS {
            let (project, base) = (project.to_owned(), commit.base);
            let files = commit.files.split_off(commit.files.len() - ROWS);
            self.0
                .writer
                .run(move |connection| Box::pin(write_files(connection, project, base, files)))
                .await?;
        }
        let project = project.to_owned();
        self.0.writer.run(move |connection| Box::pin(write_commit(connection, project, commit))).await
    }

    /// Removes what no file of the tree says any more, some of it; `true` when there was as much as one write takes.
    pub async fn sweep_code(&self, project: &str) -> Result<bool, StoreError> {
        let project = project.to_owned();
        self.0.writer.run(move |connection| Box::pin(sweep(connection, project))).await
    }

    /// Removes what belongs to no file of a project, and its tree if it was never analysed.
    pub async fn drop_unused(&self, project: &str) -> Result<(), StoreError> {
        while self.sweep_code(project).await? {}
        let project = project.to_owned();
        let work = async move |connection: &mut SqliteConnection| -> Result<(), StoreError> {
            sqlx::query("DELETE FROM code_trees WHERE project = ? AND revision = 0 AND source = 'push'")
                .bind(project)
                .execute(connection)
                .await?;
            Ok(())
        };
        self.0.writer.run(move |connection| Box::pin(work(connection))).await
    }

    /// Keeps contents that were sent.
    pub async fn put_texts(&self, project: &str, texts: Vec<(Hash, Vec<u8>)>) -> Result<(), StoreError> {
        let project = project.to_owned();
        let work = async move |connection: &mut SqliteConnection| -> Result<(), StoreError> {
            for (hash, text) in texts {
                sqlx::query("INSERT OR IGNORE INTO code_texts (project, hash, text) VALUES (?, ?, ?)")
                    .bind(&project)
                    .bind(hash.as_slice())
                    .bind(text)
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(())
        };
        self.0.writer.run(move |connection| Box::pin(work(connection))).await
    }

    /// Keeps how much there is of everything, as JSON.
    pub async fn set_figures(&self, project: &str, figures: String) -> Result<(), StoreError> {
        let project = project.to_owned();
        let work = async move |connection: &mut SqliteConnection| -> Result<(), StoreError> {
            sqlx::query("UPDATE code_trees SET figures = ? WHERE project = ?")
                .bind(figures)
                .bind(project)
                .execute(connection)
                .await?;
            Ok(())
        };
        self.0.writer.run(move |connection| Box::pin(work(connection))).await
    }

    /// Notes whether a tree is watched.
    pub async fn set_watched(&self, project: &str, watched: bool) -> Result<(), StoreError> {
        let project = project.to_owned();
        let work = async move |connection: &mut SqliteConnection| -> Result<(), StoreError> {
            let done = sqlx::query("UPDATE code_trees SET watched = ? WHERE project = ?")
                .bind(i64::from(watched))
                .bind(project)
                .execute(connection)
                .await?;
            if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
        };
        self.0.writer.run(move |connection| Box::pin(work(connection))).await
    }

    /// Forgets the tree of a project: at once for whoever asks, its texts and facts portion by portion. Returns how
    /// many files it had.
    pub async fn forget_code(&self, project: &str) -> Result<u64, StoreError> {
        let id = project.to_owned();
        let files = self.0.writer.run(move |connection| Box::pin(forget(connection, id))).await?;
        while self.sweep_code(project).await? {}
        self.0.writer.owe_a_clean_log();
        Ok(files)
    }
}

async fn sweep(connection: &mut SqliteConnection, project: String) -> Result<bool, StoreError> {
    let mut most = 0;
    for sql in [
        "DELETE FROM code_facts WHERE id IN (SELECT id FROM code_facts a WHERE a.project = ?1 AND NOT EXISTS \
           (SELECT 1 FROM code_files f WHERE f.project = a.project AND f.path = a.path AND f.hash = a.hash) LIMIT ?2)",
        "DELETE FROM code_texts WHERE id IN (SELECT id FROM code_texts t WHERE t.project = ?1 AND NOT EXISTS \
           (SELECT 1 FROM code_files f WHERE f.project = t.project AND f.hash = t.hash) LIMIT ?2)",
    ] {
        let gone = sqlx::query(sql).bind(&project).bind(SWEEP).execute(&mut *connection).await?;
        most = most.max(gone.rows_affected());
    }
    Ok(most as i64 == SWEEP)
}

async fn forget(connection: &mut SqliteConnection, project: String) -> Result<u64, StoreError> {
    let files = sqlx::query("DELETE FROM code_files WHERE project = ?")
        .bind(&project)
        .execute(&mut *connection)
        .await?;
    // What was found in it names its files and definitions.
    for sql in [
        "DELETE FROM quality_issues WHERE project = ?",
        "DELETE FROM quality_snapshots WHERE project = ?",
        "DELETE FROM quality_runs WHERE project = ?",
    ] {
        sqlx::query(sql).bind(&project).execute(&mut *connection).await?;
    }
    sqlx::query("DELETE FROM code_trees WHERE project = ?").bind(&project).execute(connection).await?;
    Ok(files.rows_affected())
}

/// Writes files of the revision after `base`, if that is still the last one; returns their revision.
async fn write_files(
    connection: &mut SqliteConnection,
    project: String,
    base: i64,
    files: Vec<NewFile>,
) -> Result<i64, StoreError> {
    let last: Option<i64> = sqlx::query_scalar("SELECT revision FROM code_trees WHERE project = ?")
        .bind(&project)
        .fetch_optional(&mut *connection)
        .await?;
    if last.ok_or(StoreError::NotFound)? != base {
        return Err(StoreError::Duplicate);
    }
    let revision = base + 1;
    for file in files {
        let Stamp { size, modified, changed, inode } = file.stamp;
        sqlx::query(
            "INSERT OR REPLACE INTO code_files \
               (project, path, revision, language, hash, size, modified, changed, inode, why) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&project)
        .bind(file.path)
        .bind(revision)
        .bind(file.language)
        .bind(file.hash.as_slice())
        .bind(size as i64)
        .bind(modified)
        .bind(changed)
        .bind(inode as i64)
        .bind(file.why)
        .execute(&mut *connection)
        .await?;
    }
    Ok(revision)
}

async fn write_commit(
    connection: &mut SqliteConnection,
    project: String,
    commit: Commit,
) -> Result<i64, StoreError> {
    let revision = write_files(connection, project.clone(), commit.base, commit.files).await?;
    for (path, stamp) in commit.touched {
        sqlx::query(
            "UPDATE code_files SET revision = ?, size = ?, modified = ?, changed = ?, inode = ? \
             WHERE project = ? AND path = ?",
        )
        .bind(revision)
        .bind(stamp.size as i64)
        .bind(stamp.modified)
        .bind(stamp.changed)
        .bind(stamp.inode as i64)
        .bind(&project)
        .bind(path)
        .execute(&mut *connection)
        .await?;
    }
    for path in commit.gone {
        sqlx::query("DELETE FROM code_files WHERE project = ? AND path = ?")
            .bind(&project)
            .bind(path)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query(
        "UPDATE code_trees SET revision = ?, indexed_at = ?, commit_id = ?, branch = ?, worktree = ?, cut = ?, \
           skipped = coalesce(?, skipped) WHERE project = ?",
    )
    .bind(revision)
    .bind(now())
    .bind(commit.commit)
    .bind(commit.branch)
    .bind(commit.worktree)
    .bind(commit.cut)
    .bind(commit.skipped)
    .bind(&project)
    .execute(connection)
    .await?;
    Ok(revision)
}
