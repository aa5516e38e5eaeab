use super::*;
use crate::store::{NewTodo, Owner, Page, Store, StoreError};

const ALL: Page = Page { limit: 100, offset: 0 };

async fn store(dir: &tempfile::TempDir) -> (Store, String) {
    let store = Store::open(&dir.path().join("mcpd.db"), 1).await.unwrap();
    let owner = Owner { tenant: "t".into(), author: "me".into() };
    let todo = NewTodo {
        owner,
        project: "p".into(),
        title: "make the project".into(),
        description: None,
        category: "feature".into(),
        priority: 3,
        estimated_hours: None,
        depends_on: Vec::new(),
    };
    store.todos().create(todo).await.unwrap();
    let project = store.projects().find("t", "p").await.unwrap().id;
    (store, project)
}

fn found(name: &str, line: i64) -> FoundIssue {
    FoundIssue {
        fingerprint: name.into(),
        kind: "long_function",
        severity: "high",
        severity_rank: 3,
        title: format!("{name} is long"),
        suggestion: "split it",
        entity: format!("a.py#function:{name}"),
        path: "a.py".into(),
        line,
        files: vec!["a.py".into()],
        measures: "[]".into(),
        confidence: 100,
        hours: 1.5,
    }
}

async fn run(store: &Store, project: &str, found: Vec<FoundIssue>) -> Reconciled {
    run_closing(store, project, found, Box::new(|_| true)).await
}

async fn run_closing(store: &Store, project: &str, found: Vec<FoundIssue>, closing: Closing) -> Reconciled {
    let run = Run {
        tenant: "t".into(),
        project: project.into(),
        commit: Some("abc".into()),
        kinds: vec!["long_function"],
        found,
        closing,
    };
    store.quality().reconcile(run).await.unwrap()
}

async fn issues(store: &Store, project: &str) -> Vec<Issue> {
    store.quality().issues(project, &IssueFilter::default(), ALL).await.unwrap().0
}

fn change(status: &'static str) -> StatusChange {
    StatusChange { status, resolves: status == "resolved", by: "me".into(), note: None }
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_a_moved_issue_is_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (store, project) = store(&dir).await;
    let first = run(&store, &project, vec![found("f", 1), found("g", 9)]).await;
    assert_eq!((first.new, first.unchanged, first.fixed), (2, 0, 0));
    let before = issues(&store, &project).await;
    let second = run(&store, &project, vec![found("g", 9), found("f", 1)]).await;
    assert_eq!((second.new, second.unchanged, second.fixed), (0, 2, 0));
    assert_eq!(issues(&store, &project).await, before);
    run(&store, &project, vec![found("f", 101), found("g", 109)]).await;
    let moved = issues(&store, &project).await;
    let ids = |issues: &[Issue]| issues.iter().map(|issue| issue.id.clone()).collect::<Vec<_>>();
    assert_eq!((ids(&moved), moved[0].line), (ids(&before), 101));
    assert!(store.quality().last_run(&project).await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_gone_closes_what_returns_opens_and_what_is_ignored_stays_so() {
    let dir = tempfile::tempdir().unwrap();
    let (store, project) = store(&dir).await;
    run(&store, &project, vec![found("f", 1), found("g", 2), found("h", 3)]).await;
    let id = |issues: &[Issue], name: &str| {
        issues.iter().find(|issue| issue.fingerprint == name).map(|issue| issue.id.clone()).unwrap()
    };
    let all = issues(&store, &project).await;
    let quality = store.quality();
    quality.set_status("t", &id(&all, "g"), change("ignored")).await.unwrap();
    let resolved = quality.set_status("t", &id(&all, "h"), change("resolved")).await.unwrap();
    assert!(resolved.resolved_at.is_some());
    let again = quality.set_status("t", &id(&all, "h"), change("resolved")).await.unwrap();
    assert_eq!(again.resolved_at, resolved.resolved_at, "the first time counts");

    let done = run(&store, &project, vec![found("g", 2), found("h", 3)]).await;
    assert_eq!((done.fixed, done.reopened, done.ignored, done.new), (1, 1, 1, 0));
    let status = async |name: &str| {
        let issues = issues(&store, &project).await;
        issues.into_iter().find(|issue| issue.fingerprint == name).unwrap().status
    };
    assert_eq!(
        (&*status("f").await, &*status("g").await, &*status("h").await),
        ("resolved", "ignored", "open")
    );
    run(&store, &project, Vec::new()).await;
    assert_eq!(status("g").await, "ignored", "gone, and still what somebody said of it");
    let back = run(&store, &project, vec![found("f", 1)]).await;
    assert_eq!((back.reopened, &*status("f").await), (1, "open"));
}

#[tokio::test]
async fn nothing_closes_that_was_not_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let (store, project) = store(&dir).await;
    let other = FoundIssue { kind: "dead_code", ..found("d", 1) };
    let both = Run {
        tenant: "t".into(),
        project: project.clone(),
        commit: None,
        kinds: vec!["long_function", "dead_code"],
        found: vec![found("f", 1), other],
        closing: Box::new(|_| true),
    };
    store.quality().reconcile(both).await.unwrap();
    let done = run_closing(&store, &project, Vec::new(), Box::new(|issue| issue.path != "a.py")).await;
    assert_eq!((done.fixed, done.unseen), (0, 1), "the file was left out");
    let done = run(&store, &project, Vec::new()).await;
    assert_eq!(done.fixed, 1, "the other kind was not looked for");
    assert_eq!(store.quality().open_issues(&project).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_issue_of_another_tenant_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let (store, project) = store(&dir).await;
    run(&store, &project, vec![found("f", 1)]).await;
    let id = issues(&store, &project).await[0].id.clone();
    for (tenant, id) in [("u", id.as_str()), ("t", "nothing")] {
        let refused = store.quality().set_status(tenant, id, change("ignored")).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    }
    assert_eq!(issues(&store, &project).await[0].status, "open");
}

#[tokio::test]
async fn snapshots_come_back_oldest_first() {
    let dir = tempfile::tempdir().unwrap();
    let (store, project) = store(&dir).await;
    for issues in 0..3 {
        let scores = Scores { overall: (issues > 0).then_some(5.0), ..Scores::default() };
        let new = NewSnapshot {
            tenant: "t".into(),
            project: project.clone(),
            commit: None,
            scores,
            issues,
            hours: 0.5,
            code_lines: 10,
        };
        store.quality().take_snapshot(new).await.unwrap();
    }
    let (two, total) = store.quality().snapshots(&project, 0, 2).await.unwrap();
    assert_eq!((two.iter().map(|one| one.issues).collect::<Vec<_>>(), total), (vec![1, 2], 3));
    let (all, _) = store.quality().snapshots(&project, 0, 9).await.unwrap();
    assert_eq!((all[0].scores.overall, all[2].scores.overall), (None, Some(5.0)));
    assert_eq!(store.quality().snapshots(&project, i64::MAX, 9).await.unwrap().1, 0);
}
