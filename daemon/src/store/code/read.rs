//! Reading source trees.

use futures::TryStreamExt;
use mcpd_codegraph::{survey::Hash, tree::Stamp};
use sqlx::Row;

use super::{CodeRepository, EXTRACTION, TreeSource};
use crate::store::{StoreError, words_to_text};

/// The tree of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeTree {
    /// Our id of the project.
    pub project: String,
    /// Whose.
    pub tenant: String,
    /// The caller's `project_id`.
    pub name: String,
    /// Name for people.
    pub title: Option<String>,
    /// Where it comes from.
    pub source: TreeSource,
    /// Its folder.
    pub root: Option<String>,
    /// Counts its analyses; 0 before the first has ended.
    pub revision: i64,
    /// When the last one ended, UTC milliseconds.
    pub indexed_at: Option<i64>,
    /// Commit that was checked out.
    pub commit: Option<String>,
    /// Branch that was checked out.
    pub branch: Option<String>,
    /// Name of the linked worktree it is.
    pub worktree: Option<String>,
    /// Whether it is watched.
    pub watched: bool,
    /// What a limit left out.
    pub cut: Option<String>,
    /// JSON of what the walk passed over.
    pub skipped: String,
    /// JSON of how much there is of everything.
    pub figures: String,
}

/// A file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFile {
    /// Its path.
    pub path: String,
    /// Analysis that read it.
    pub revision: i64,
    /// Its content.
    pub hash: Hash,
    /// When and how large it was.
    pub stamp: Stamp,
    /// Why it was passed over, when it was.
    pub why: Option<String>,
}

/// What is kept of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The file.
    pub file: CodeFile,
    /// Word of its language.
    pub language: String,
    /// Its facts, unless they are of another extraction.
    pub facts: Option<Vec<u8>>,
}

const TREES: &str = "SELECT t.*, p.tenant, p.name FROM code_trees t JOIN projects p ON p.id = t.project";

impl CodeRepository<'_> {
    /// Returns the tree of a project.
    pub async fn tree(&self, project: &str) -> Result<CodeTree, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{TREES} WHERE t.project = ?"));
        tree(&sqlx::query(sql).bind(project).fetch_one(&self.0.readers).await?)
    }

    /// Returns all trees, of one tenant or of everybody, in the order of their names.
    pub async fn trees(&self, tenant: Option<&str>) -> Result<Vec<CodeTree>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!(
            "{TREES} WHERE ?1 IS NULL OR p.tenant = ?1 ORDER BY p.tenant, p.name"
        ));
        sqlx::query(sql).bind(tenant).fetch_all(&self.0.readers).await?.iter().map(tree).collect()
    }

    /// Returns the number of a project's last analysis, 0 when there is none.
    pub async fn code_revision(&self, project: &str) -> Result<i64, StoreError> {
        let revision = sqlx::query_scalar("SELECT revision FROM code_trees WHERE project = ?");
        Ok(revision.bind(project).fetch_optional(&self.0.readers).await?.unwrap_or(0))
    }

    /// Returns the files of a project, in the order of their paths.
    pub async fn files(&self, project: &str) -> Result<Vec<CodeFile>, StoreError> {
        let rows = sqlx::query("SELECT * FROM code_files WHERE project = ? ORDER BY path");
        rows.bind(project).fetch_all(&self.0.readers).await?.iter().map(file).collect()
    }

    /// Calls `visit` with every file that was read after an analysis, and what is kept of it. Returns the paths of all
    /// files and the number of the last analysis, as they were at the same moment.
    pub async fn code_since(
        &self,
        project: &str,
        since: i64,
        mut visit: impl FnMut(Kept) + Send,
    ) -> Result<(i64, Vec<String>), StoreError> {
        let mut snapshot = self.0.readers.begin().await?;
        let revision: i64 = sqlx::query_scalar("SELECT revision FROM code_trees WHERE project = ?")
            .bind(project)
            .fetch_optional(&mut *snapshot)
            .await?
            .unwrap_or(0);
        let paths = sqlx::query_scalar("SELECT path FROM code_files WHERE project = ?")
            .bind(project)
            .fetch_all(&mut *snapshot)
            .await?;
        let mut rows = sqlx::query(
            "SELECT f.*, a.facts FROM code_files f LEFT JOIN code_facts a ON a.project = f.project \
               AND a.path = f.path AND a.hash = f.hash AND a.extraction = ? \
             WHERE f.project = ? AND f.revision > ?",
        )
        .bind(EXTRACTION)
        .bind(project)
        .bind(since)
        .fetch(&mut *snapshot);
        while let Some(row) = rows.try_next().await? {
            visit(Kept {
                file: file(&row)?,
                language: row.try_get("language")?,
                facts: row.try_get("facts")?,
            });
        }
        Ok((revision, paths))
    }

    /// Returns which of some contents of files are known by what they say, as (path, hash).
    pub async fn known_facts(&self, project: &str) -> Result<Vec<(String, Hash)>, StoreError> {
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("SELECT path, hash FROM code_facts WHERE project = ? AND extraction = ?")
                .bind(project)
                .bind(EXTRACTION)
                .fetch_all(&self.0.readers)
                .await?;
        rows.into_iter().map(|(path, bytes)| Ok((path, hash(&bytes)?))).collect()
    }

    /// Returns which of some contents were sent before.
    pub async fn known_texts(&self, project: &str, hashes: &[Hash]) -> Result<Vec<Hash>, StoreError> {
        let words: Vec<String> = hashes.iter().map(hex).collect();
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT hash FROM (SELECT unhex(value) AS wanted FROM json_each(?)) \
             CROSS JOIN code_texts ON project = ? AND hash = wanted",
        )
        .bind(words_to_text(&words))
        .bind(project)
        .fetch_all(&self.0.readers)
        .await?;
        rows.iter().map(|bytes| hash(bytes)).collect()
    }

    /// Returns a content that was sent.
    pub async fn text(&self, project: &str, hash: &Hash) -> Result<Vec<u8>, StoreError> {
        let text = sqlx::query_scalar("SELECT text FROM code_texts WHERE project = ? AND hash = ?");
        Ok(text.bind(project).bind(hash.as_slice()).fetch_one(&self.0.readers).await?)
    }

    /// Returns the bytes of all contents a project was sent.
    pub async fn text_bytes(&self, project: &str) -> Result<i64, StoreError> {
        let sum =
            sqlx::query_scalar("SELECT coalesce(sum(length(text)), 0) FROM code_texts WHERE project = ?");
        Ok(sum.bind(project).fetch_one(&self.0.readers).await?)
    }
}

fn tree(row: &sqlx::sqlite::SqliteRow) -> Result<CodeTree, StoreError> {
    let source: String = row.try_get("source")?;
    Ok(CodeTree {
        project: row.try_get("project")?,
        tenant: row.try_get("tenant")?,
        name: row.try_get("name")?,
        title: row.try_get("title")?,
        source: if source == "push" { TreeSource::Push } else { TreeSource::Tree },
        root: row.try_get("root")?,
        revision: row.try_get("revision")?,
        indexed_at: row.try_get("indexed_at")?,
        commit: row.try_get("commit_id")?,
        branch: row.try_get("branch")?,
        worktree: row.try_get("worktree")?,
        watched: row.try_get::<i64, _>("watched")? != 0,
        cut: row.try_get("cut")?,
        skipped: row.try_get("skipped")?,
        figures: row.try_get("figures")?,
    })
}

fn file(row: &sqlx::sqlite::SqliteRow) -> Result<CodeFile, StoreError> {
    Ok(CodeFile {
        path: row.try_get("path")?,
        revision: row.try_get("revision")?,
        hash: hash(row.try_get("hash")?)?,
        stamp: Stamp {
            // Kept as SQLite has numbers: the bits are the same.
            size: row.try_get::<i64, _>("size")? as u64,
            modified: row.try_get("modified")?,
            changed: row.try_get("changed")?,
            inode: row.try_get::<i64, _>("inode")? as u64,
        },
        why: row.try_get("why")?,
    })
}

fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt("a hash"))
}

fn hex(hash: &Hash) -> String {
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
        text
    })
}
