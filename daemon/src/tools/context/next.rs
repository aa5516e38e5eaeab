//! Which todo to take next: what waits for nothing, by priority, then by how much it sets free, then by age.

use std::collections::HashMap;

use crate::store::Todo;

/// The choice among a project's open todos.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The todo to take, if one is ready.
    pub(crate) next: Option<Todo>,
    /// Todos that wait only for it.
    pub(crate) sets_free: usize,
    /// Pending todos with the titles of what they wait for.
    pub(crate) waiting: Vec<(Todo, Vec<String>)>,
    /// Todos somebody works on.
    pub(crate) in_progress: Vec<Todo>,
}

/// Chooses among todos that are neither completed nor cancelled, given oldest first.
///
/// What is completed or cancelled no longer blocks, so only dependencies among these count.
pub(super) fn choose(open: Vec<Todo>) -> Choice {
    let titles: HashMap<&str, &str> =
        open.iter().map(|todo| (todo.id.as_str(), todo.title.as_str())).collect();
    let waits_for = |todo: &Todo| -> Vec<String> {
        todo.depends_on
            .iter()
            .filter_map(|id| titles.get(id.as_str()))
            .map(|title| (*title).to_owned())
            .collect()
    };
    // How many todos wait for this one alone, counted once for all.
    let mut alone: HashMap<&str, usize> = HashMap::new();
    for todo in &open {
        let mut blockers = todo.depends_on.iter().filter(|id| titles.contains_key(id.as_str()));
        if let (Some(only), None) = (blockers.next(), blockers.next()) {
            *alone.entry(only).or_default() += 1;
        }
    }
    let sets_free = |id: &str| alone.get(id).copied().unwrap_or(0);
    let ready = open.iter().filter(|todo| todo.status == "pending" && waits_for(todo).is_empty());
    // `max_by_key` keeps the last of equals and the list is oldest first, hence the reversal.
    let best = ready.rev().max_by_key(|todo| (todo.priority, sets_free(&todo.id)));
    let waiting = open.iter().filter(|todo| todo.status == "pending").filter_map(|todo| {
        let blockers = waits_for(todo);
        (!blockers.is_empty()).then(|| (todo.clone(), blockers))
    });
    Choice {
        sets_free: best.map_or(0, |todo| sets_free(&todo.id)),
        waiting: waiting.collect(),
        in_progress: open.iter().filter(|todo| todo.status == "in_progress").cloned().collect(),
        next: best.cloned(),
    }
}

impl Choice {
    /// Says why this one, or why none.
    pub(crate) fn reason(&self) -> String {
        match &self.next {
            Some(todo) => {
                let mut reason = format!("priority {} and nothing left to wait for", todo.priority);
                if self.sets_free > 0 {
                    reason.push_str(&format!("; finishing it sets {} more free", self.sets_free));
                }
                reason
            }
            None if !self.waiting.is_empty() => "every pending todo waits for another one".to_owned(),
            None if !self.in_progress.is_empty() => {
                "nothing is pending; some todos are in progress".to_owned()
            }
            None => "no todo is pending".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn todo(id: &str, priority: i64, depends_on: &[&str]) -> Todo {
        Todo {
            id: id.into(),
            project: "p".into(),
            title: format!("do {id}"),
            description: None,
            category: "feature".into(),
            priority,
            estimated_hours: None,
            status: "pending".into(),
            progress: 0,
            completion_note: None,
            depends_on: depends_on.iter().map(|id| (*id).to_owned()).collect(),
            created_at: 0,
            completed_at: None,
        }
    }

    fn next(open: Vec<Todo>) -> Option<String> {
        choose(open).next.map(|todo| todo.id)
    }

    #[test]
    fn what_waits_is_passed_over_however_urgent() {
        let open = vec![todo("a", 1, &[]), todo("b", 5, &["a"])];
        assert_eq!(next(open.clone()).unwrap(), "a");
        let choice = choose(open);
        assert_eq!(choice.waiting[0].1, ["do a"]);
        assert_eq!(choice.sets_free, 1);
    }

    #[test]
    fn priority_then_what_it_sets_free_then_age() {
        assert_eq!(next(vec![todo("old", 3, &[]), todo("high", 4, &[])]).unwrap(), "high");
        assert_eq!(next(vec![todo("old", 3, &[]), todo("new", 3, &[])]).unwrap(), "old");
        let key = vec![todo("old", 3, &[]), todo("key", 3, &[]), todo("locked", 1, &["key"])];
        assert_eq!(next(key).unwrap(), "key");
    }

    #[test]
    fn a_dependency_that_is_done_or_cancelled_no_longer_blocks() {
        assert_eq!(next(vec![todo("b", 1, &["finished"])]).unwrap(), "b");
    }

    #[test]
    fn none_is_explained() {
        assert_eq!(choose(Vec::new()).reason(), "no todo is pending");
    }
}
