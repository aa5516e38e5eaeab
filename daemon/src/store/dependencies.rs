//! What todos wait for, checked in the transaction that writes it: dependencies exist, in the same project, and never
//! lead back.

use std::collections::{HashMap, HashSet};

use sqlx::SqliteConnection;

use super::StoreError;

/// Writes down what a todo waits for.
pub(super) async fn depend(
    connection: &mut SqliteConnection,
    tenant: &str,
    todo: &str,
    depends_on: &[String],
) -> Result<(), StoreError> {
    let unique: HashSet<&String> = depends_on.iter().collect();
    for one in unique {
        sqlx::query("INSERT INTO todo_dependencies (tenant, todo, depends_on) VALUES (?, ?, ?)")
            .bind(tenant)
            .bind(todo)
            .bind(one)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Checks that every dependency is a todo of the project.
pub(super) async fn check_known(
    connection: &mut SqliteConnection,
    project: &str,
    depends_on: &[String],
) -> Result<(), StoreError> {
    let mut unknown = Vec::new();
    for id in depends_on {
        let known: Option<i64> = sqlx::query_scalar("SELECT 1 FROM todos WHERE project = ? AND id = ?")
            .bind(project)
            .bind(id)
            .fetch_optional(&mut *connection)
            .await?;
        if known.is_none() {
            unknown.push(id.clone());
        }
    }
    if unknown.is_empty() { Ok(()) } else { Err(StoreError::UnknownDependencies(unknown)) }
}

/// Checks that no way leads from the dependencies back to the todo.
pub(super) async fn check_acyclic(
    connection: &mut SqliteConnection,
    project: &str,
    todo: &str,
    depends_on: &[String],
) -> Result<(), StoreError> {
    let edges: Vec<(String, String)> = sqlx::query_as(
        "SELECT d.todo, d.depends_on FROM todo_dependencies d JOIN todos t ON t.id = d.todo \
         WHERE t.project = ? AND d.todo <> ?",
    )
    .bind(project)
    .bind(todo)
    .fetch_all(&mut *connection)
    .await?;
    let mut before: HashMap<&str, Vec<&str>> = HashMap::new();
    for (later, earlier) in &edges {
        before.entry(later).or_default().push(earlier);
    }
    match path_to(todo, depends_on, &before) {
        Some(cycle) => Err(StoreError::Cycle(cycle)),
        None => Ok(()),
    }
}

/// Returns a way from any of `start` back to `goal` along `before`, the goal included, if there is one.
fn path_to(goal: &str, start: &[String], before: &HashMap<&str, Vec<&str>>) -> Option<Vec<String>> {
    let mut seen = HashSet::new();
    let mut paths: Vec<Vec<&str>> = start.iter().map(|id| vec![id.as_str()]).collect();
    while let Some(path) = paths.pop() {
        let here = *path.last()?;
        if here == goal {
            return Some(path.into_iter().map(str::to_owned).collect());
        }
        if seen.insert(here) {
            for next in before.get(here).into_iter().flatten() {
                let mut longer = path.clone();
                longer.push(next);
                paths.push(longer);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_is_found_and_told() {
        let before = HashMap::from([("b", vec!["c"]), ("c", vec!["a"])]);
        assert_eq!(path_to("a", &["b".into()], &before).unwrap(), ["b", "c", "a"]);
        assert_eq!(path_to("d", &["b".into()], &before), None);
        assert_eq!(path_to("a", &["a".into()], &before).unwrap(), ["a"]);
    }
}
