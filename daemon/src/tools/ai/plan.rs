//! Plans that follow from where something happens, without a model: what to change is named by the graph, and nothing
//! else is made up. Hours come from the size of what is concerned, by a rule that stands here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{draft::Draft, places::Place, reading, thinking::Spoken};
use crate::{
    store::PlannedTodo,
    tools::{code::Fresh, context::TodoCategory},
};

/// Todos of a plan.
const MOST: usize = 30;
/// Lines that are worked through in an hour, by the rule.
const LINES_AN_HOUR: u32 = 50;
/// Decisions that take as long again, by the rule.
const DECISIONS: u32 = 20;
/// Longest estimate of the rule, in hours.
const LONGEST: u32 = 40;
/// Characters of a title.
const TITLE: usize = 120;

/// What the rule is, for who reads an estimate.
pub(super) const BASIS: &str = "estimated_hours of a template: one for each 50 lines concerned, times 1 + cyclomatic/20; \
    a rule of thumb, not a measurement";

/// What is told beside a plan.
#[derive(Serialize, JsonSchema)]
pub(super) struct Beside {
    /// ids of the todos that were created, in the same order
    pub(super) created: Vec<String>,
    /// what was decided and remembered that may bear on it
    pub(super) context: Vec<String>,
    /// how the estimates of a template come about
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) estimates: Option<&'static str>,
    /// what to know
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    #[serde(flatten)]
    pub(super) spoken: Spoken,
    /// absent when the code is not indexed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) freshness: Option<Fresh>,
}

/// Todos that lead to a goal.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct Todos {
    #[schemars(length(min = 1, max = 30))]
    pub(super) todos: Vec<Planned>,
}

/// A todo that leads to a goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Planned {
    #[schemars(length(min = 1, max = 512), regex(pattern = r"\S"))]
    pub(super) title: String,
    #[serde(default)]
    #[schemars(length(max = 8000))]
    pub(super) description: String,
    #[serde(default = "feature")]
    pub(super) category: TodoCategory,
    /// 1 lowest to 5 highest
    #[serde(default = "middle")]
    #[schemars(range(min = 1, max = 5))]
    pub(super) priority: u8,
    /// 1 easiest to 5 hardest
    #[serde(default = "middle")]
    #[schemars(range(min = 1, max = 5))]
    pub(super) estimated_difficulty: u8,
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub(super) estimated_hours: u32,
    /// places, from 1, of earlier todos of this list
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub(super) depends_on: Vec<usize>,
    #[serde(default)]
    #[schemars(length(max = 10))]
    pub(super) risks: Vec<String>,
}

fn feature() -> TodoCategory {
    TodoCategory::Feature
}

fn middle() -> u8 {
    3
}

impl Draft for Todos {
    fn check(&self) -> Result<(), String> {
        let wrong = (1..).zip(&self.todos).find_map(|(place, todo)| {
            let ahead = todo.depends_on.iter().find(|on| **on == 0 || **on >= place)?;
            Some(format!("todo {place} waits for {ahead}, which is no earlier one"))
        });
        wrong.map_or(Ok(()), Err)
    }
}

/// Steps that a todo takes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct Steps {
    #[schemars(length(min = 1, max = 30))]
    pub(super) steps: Vec<Step>,
}

impl Draft for Steps {}

/// A step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Step {
    #[schemars(length(min = 1, max = 512), regex(pattern = r"\S"))]
    pub(super) title: String,
    #[serde(default)]
    #[schemars(length(max = 8000))]
    pub(super) description: String,
    /// what it begins from
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub(super) input: String,
    /// what there is when it is done
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub(super) output: String,
    /// how to tell that it is done
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub(super) validation: String,
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub(super) estimated_hours: u32,
}

/// Returns the todos that follow from where a goal happens.
pub(super) fn todos(goal: &str, places: &[Place]) -> Vec<Planned> {
    if places.is_empty() {
        return Vec::new();
    }
    let goal = title(goal);
    let mut all = vec![Planned {
        title: format!("Settle what must hold for: {goal}"),
        description: format!(
            "Read what it is about, and write down what changes and what must not.\n{}",
            listed(places)
        ),
        category: TodoCategory::Documentation,
        priority: 4,
        estimated_difficulty: 2,
        estimated_hours: hours(&Place {
            lines: places.iter().map(|place| place.lines).sum::<u32>() / 3,
            ..Place::default()
        }),
        depends_on: Vec::new(),
        risks: Vec::new(),
    }];
    for place in places {
        all.push(Planned {
            title: format!("Change {} for: {goal}", place.path),
            description: format!("Definitions concerned:\n{}", super::lines(&place.definitions)),
            category: TodoCategory::Feature,
            priority: 3,
            estimated_difficulty: difficulty(place),
            estimated_hours: hours(place),
            depends_on: vec![1],
            risks: risks(place),
        });
    }
    let changes: Vec<usize> = (2..=all.len()).collect();
    all.push(Planned {
        title: format!("Test: {goal}"),
        description: tests(places),
        category: TodoCategory::Test,
        priority: 3,
        estimated_difficulty: places.iter().map(difficulty).max().unwrap_or(1),
        estimated_hours: places.iter().map(hours).sum::<u32>().div_ceil(2).min(LONGEST),
        depends_on: changes,
        risks: Vec::new(),
    });
    all
}

/// Returns the steps that follow from a todo's own list, or from where it happens.
pub(super) fn steps(about: &str, description: Option<&str>, places: &[Place]) -> Vec<Step> {
    let items = description.map(reading::items).unwrap_or_default();
    if !items.is_empty() {
        let step = |item: String| Step {
            description: "An item of the todo's own list.".to_owned(),
            input: "the item before it is done".to_owned(),
            output: item.clone(),
            validation: "the item can be ticked off by who reads the todo".to_owned(),
            title: item,
            ..Step::default()
        };
        return items.into_iter().take(MOST).map(step).collect();
    }
    let plan = todos(about, places);
    let step = |todo: &Planned| {
        let (output, validation) = match todo.category {
            TodoCategory::Documentation => (
                "a list of what changes and what must not",
                "every caller that find_dependencies names is on one side of the list",
            ),
            TodoCategory::Test => {
                ("tests of the new behaviour", "they fail without the change and pass with it")
            }
            TodoCategory::Feature | TodoCategory::Bugfix | TodoCategory::Refactor => {
                ("the changed definitions", "the tests that reach the file pass")
            }
        };
        let before = todo.depends_on.iter().filter_map(|place| plan.get(place - 1));
        let before: Vec<&str> = before.map(|todo| todo.title.as_str()).collect();
        Step {
            title: todo.title.clone(),
            description: todo.description.clone(),
            input: if before.is_empty() { "the todo as it stands".to_owned() } else { before.join("; ") },
            output: output.to_owned(),
            validation: validation.to_owned(),
            estimated_hours: todo.estimated_hours,
        }
    };
    plan.iter().map(step).collect()
}

/// Turns todos into a plan of the store.
pub(super) fn planned(todos: &[Planned]) -> Vec<PlannedTodo> {
    let one = |todo: &Planned| {
        let risks = match todo.risks.is_empty() {
            true => String::new(),
            false => format!("\nRisks:\n{}", super::lines(&todo.risks)),
        };
        let description = format!("{}{risks}", todo.description).trim().to_owned();
        PlannedTodo {
            title: todo.title.clone(),
            description: (!description.is_empty()).then_some(description),
            category: todo.category.as_str().to_owned(),
            priority: todo.priority.into(),
            estimated_hours: (todo.estimated_hours > 0).then_some(todo.estimated_hours.into()),
            after: todo.depends_on.iter().map(|place| place.saturating_sub(1)).collect(),
        }
    };
    todos.iter().map(one).collect()
}

/// Turns steps into a plan of the store, one after the other.
pub(super) fn in_turn(steps: &[Step], category: &str, priority: i64) -> Vec<PlannedTodo> {
    let one = |(place, step): (usize, &Step)| {
        let said = [
            ("", &step.description),
            ("Begins from: ", &step.input),
            ("Brings: ", &step.output),
            ("Done when: ", &step.validation),
        ];
        let said: Vec<String> = said
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(label, text)| format!("{label}{text}"))
            .collect();
        PlannedTodo {
            title: step.title.clone(),
            description: (!said.is_empty()).then(|| said.join("\n")),
            category: category.to_owned(),
            priority,
            estimated_hours: (step.estimated_hours > 0).then_some(step.estimated_hours.into()),
            after: place.checked_sub(1).into_iter().collect(),
        }
    };
    steps.iter().enumerate().map(one).collect()
}

fn title(goal: &str) -> String {
    let flat = goal.split_whitespace().collect::<Vec<_>>().join(" ");
    flat.chars().take(TITLE).collect()
}

fn listed(places: &[Place]) -> String {
    super::lines(places.iter().flat_map(|place| &place.definitions))
}

fn tests(places: &[Place]) -> String {
    let line = |place: &Place| match place.tests.as_slice() {
        [] => format!("{}: no test refers to it yet", place.path),
        tests => format!("{}: beside what {} hold", place.path, tests.join(", ")),
    };
    super::lines(places.iter().map(line))
}

fn risks(place: &Place) -> Vec<String> {
    let mut risks = Vec::new();
    if place.used_by > 0 {
        risks.push(format!("{} other files refer to {}", place.used_by, place.path));
    }
    if place.cyclomatic > super::facts::COMPLEX {
        risks
            .push(format!("its most complex definition has a cyclomatic complexity of {}", place.cyclomatic));
    }
    if place.tests.is_empty() {
        risks.push("no test refers to it".to_owned());
    }
    if place.in_cycle {
        risks.push("it is part of a circle of files that depend on each other".to_owned());
    }
    risks
}

fn difficulty(place: &Place) -> u8 {
    match place.cyclomatic {
        0..=5 => 1,
        6..=10 => 2,
        11..=20 => 3,
        21..=50 => 4,
        51.. => 5,
    }
}

fn hours(place: &Place) -> u32 {
    let work = u64::from(place.lines) * u64::from(DECISIONS.saturating_add(place.cyclomatic));
    let hours = work.div_ceil(u64::from(LINES_AN_HOUR * DECISIONS));
    u32::try_from(hours).unwrap_or(LONGEST).clamp(1, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            path: "app/store.py".into(),
            definitions: vec!["app/store.py#method:Store.put (line 3) def put(self)".into()],
            lines: 120,
            cyclomatic: 12,
            used_by: 3,
            tests: Vec::new(),
            in_cycle: true,
        }
    }

    #[test]
    fn a_plan_names_what_the_graph_names_and_keeps_its_own_rules() {
        let plan = todos(
            "retry\n payments",
            &[place(), Place { path: "b.py".into(), lines: 10, ..Place::default() }],
        );
        assert_eq!(plan.len(), 4);
        assert_eq!(plan[1].title, "Change app/store.py for: retry payments");
        assert_eq!((plan[1].estimated_hours, plan[1].estimated_difficulty), (4, 3));
        assert_eq!(plan[1].risks.len(), 4);
        assert_eq!(plan[3].depends_on, [2, 3]);
        assert!(Todos { todos: plan.clone() }.check().is_ok());
        assert!(todos("anything", &[]).is_empty(), "nothing is made up");
        let kept = planned(&plan);
        assert_eq!((&kept[0].after, &kept[3].after), (&vec![], &vec![1, 2]));
        assert!(kept[1].description.as_deref().unwrap().contains("Risks:\n- 3 other files"));
    }

    #[test]
    fn a_list_that_waits_for_later_ones_is_none() {
        for on in [0, 1, 2] {
            let mut todos = Todos { todos: todos("x", &[place()]) };
            todos.todos[0].depends_on = vec![on];
            assert!(todos.check().is_err(), "{on}");
        }
    }

    #[test]
    fn steps_follow_the_todos_own_list_first() {
        let own = steps("x", Some("To do:\n- one\n- two"), &[place()]);
        assert_eq!(own.iter().map(|step| step.title.as_str()).collect::<Vec<_>>(), ["one", "two"]);
        let found = steps("x", Some("no list"), &[place()]);
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|step| !step.validation.is_empty() && !step.input.is_empty()));
        assert!(steps("x", None, &[]).is_empty());
        let kept = in_turn(&found, "bugfix", 5);
        assert_eq!((&kept[0].after, &kept[2].after), (&vec![], &vec![1]));
    }
}
