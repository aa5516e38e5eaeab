//! Plans: several todos that wait for each other, made together or not at all.

use futures::FutureExt;
use sqlx::SqliteConnection;

use super::{
    NewTodo, Owner, StoreError, Todo, TodoRepository,
    changes::{Part, Telling},
    dependencies, todos,
};

/// Todos to make together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Whose and by whom.
    pub owner: Owner,
    /// The caller's `project_id`.
    pub project: String,
    /// The todos, each after those it waits for.
    pub todos: Vec<PlannedTodo>,
    /// A todo of the project that waits for all of them, if there is one.
    pub waiting: Option<String>,
}

/// A todo of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedTodo {
    /// Short title.
    pub title: String,
    /// Details.
    pub description: Option<String>,
    /// Kind of task.
    pub category: String,
    /// 1 lowest to 5 highest.
    pub priority: i64,
    /// Whole hours.
    pub estimated_hours: Option<i64>,
    /// Places in the plan, from 0, of earlier todos that must be finished first. One that is no earlier place does not
    /// count.
    pub after: Vec<usize>,
}

impl TodoRepository<'_> {
    /// Makes the todos of a plan. An unknown todo that is to wait for them fails as `NotFound`, and makes none.
    pub async fn plan(&self, plan: Plan) -> Result<Vec<Todo>, StoreError> {
        self.0.writer.run_telling(move |connection, telling| make(connection, telling, plan).boxed()).await
    }
}

async fn make(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    plan: Plan,
) -> Result<Vec<Todo>, StoreError> {
    let Plan { owner, project, todos: planned, waiting } = plan;
    if let Some(id) = &waiting {
        check_waiting(connection, &owner.tenant, id, &planned).await?;
    }
    let mut made: Vec<Todo> = Vec::with_capacity(planned.len());
    for one in planned {
        let depends_on = one.after.iter().filter_map(|place| made.get(*place)).map(|todo| todo.id.clone());
        let new = NewTodo {
            owner: owner.clone(),
            project: project.clone(),
            title: one.title,
            description: one.description,
            category: one.category,
            priority: one.priority,
            estimated_hours: one.estimated_hours,
            depends_on: depends_on.collect(),
        };
        made.push(todos::create(connection, telling, new).await?);
    }
    if let Some(id) = waiting {
        let known = todos::fetch(connection, &owner.tenant, &id).await?;
        let ids: Vec<String> = made.iter().map(|todo| todo.id.clone()).collect();
        dependencies::depend(connection, &owner.tenant, &known.id, &ids).await?;
        telling.tell(&owner.tenant, &known.project, || Part::Todos);
    }
    Ok(made)
}

/// Checks that a todo can wait for what is planned: it is not over, and waits for none of that yet.
async fn check_waiting(
    connection: &mut SqliteConnection,
    tenant: &str,
    id: &str,
    planned: &[PlannedTodo],
) -> Result<(), StoreError> {
    let is_over = |status: &str| matches!(status, "completed" | "cancelled");
    let todo = todos::fetch(connection, tenant, id).await?;
    if is_over(&todo.status) {
        return Err(StoreError::Settled(format!("the todo {id:?} is {}", todo.status)));
    }
    for before in &todo.depends_on {
        let before = todos::fetch(connection, tenant, before).await?;
        if !is_over(&before.status) && planned.iter().any(|one| one.title == before.title) {
            return Err(StoreError::Settled(format!("the todo {id:?} waits for {:?} already", before.title)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, TodoChange};

    fn planned(title: &str, after: &[usize]) -> PlannedTodo {
        PlannedTodo {
            title: title.into(),
            description: None,
            category: "feature".into(),
            priority: 3,
            estimated_hours: Some(2),
            after: after.to_vec(),
        }
    }

    #[tokio::test]
    async fn a_plan_is_made_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
        let owner = Owner { tenant: "default".into(), author: "a".into() };
        let plan = |waiting: Option<&str>| Plan {
            owner: owner.clone(),
            project: "p".into(),
            todos: vec![planned("one", &[]), planned("two", &[0]), planned("three", &[0, 1, 2, 9])],
            waiting: waiting.map(str::to_owned),
        };
        let failed = store.todos().plan(plan(Some("nowhere"))).await;
        assert!(matches!(failed, Err(StoreError::NotFound)), "{failed:?}");
        assert!(store.projects().find("default", "p").await.is_err(), "nothing was made");

        let titled = |prefix: &str, waiting: Option<&str>| {
            let mut plan = plan(waiting);
            plan.todos.iter_mut().for_each(|todo| todo.title.insert_str(0, prefix));
            plan
        };
        let first = store.todos().plan(plan(None)).await.unwrap();
        let ids: Vec<String> = first.iter().map(|todo| todo.id.clone()).collect();
        assert_eq!(first[1].depends_on, ids[..1]);
        assert_eq!(first[2].depends_on, ids[..2]);
        let second = store.todos().plan(titled("step ", Some(&ids[2]))).await.unwrap();
        let waiting = store.todos().get("default", &ids[2]).await.unwrap();
        assert_eq!(waiting.depends_on.len(), 5);
        assert!(second.iter().all(|todo| waiting.depends_on.contains(&todo.id)));
        let again = store.todos().plan(titled("step ", Some(&ids[2]))).await;
        assert!(matches!(again, Err(StoreError::Settled(_))), "{again:?}");
        let over = TodoChange {
            status: "completed".into(),
            progress: None,
            completion_note: None,
            depends_on: None,
            completed: true,
        };
        store.todos().change("default", &second[0].id, over).await.unwrap();
        let finished = store.todos().plan(plan(Some(&second[0].id))).await;
        assert!(matches!(finished, Err(StoreError::Settled(_))), "{finished:?}");
        let foreign =
            Plan { owner: Owner { tenant: "other".into(), author: "b".into() }, ..plan(Some(&ids[2])) };
        assert!(matches!(store.todos().plan(foreign).await, Err(StoreError::NotFound)));
    }
}
