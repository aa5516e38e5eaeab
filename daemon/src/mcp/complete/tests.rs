use serde_json::{Value, json, value::RawValue};

use super::*;
use crate::mcp::library::fixture::{Shelf, me, stranger, without};

async fn complete(shelf: &Shelf, who: &Principal, params: Value) -> Result<Completion, i64> {
    let raw = RawValue::from_string(params.to_string()).unwrap();
    let result = shelf.library.complete(who, Some(&raw)).await;
    result.map(|result| result.completion).map_err(|error| error.code())
}

fn prompt(name: &str, argument: &str, value: &str) -> Value {
    json!({ "ref": { "type": "ref/prompt", "name": name }, "argument": { "name": argument, "value": value } })
}

fn memory(project: Option<&str>, value: &str) -> Value {
    json!({
        "ref": { "type": "ref/resource", "uri": "mcpd://{project}/memories/{id}" },
        "argument": { "name": "id", "value": value },
        "context": { "arguments": project.map(|project| json!({ "project": project })).unwrap_or(json!({})) },
    })
}

#[tokio::test]
async fn names_that_begin_so_come_before_those_that_hold_it() {
    let shelf = Shelf::new().await;
    for name in ["webshop", "The Web", "Web%", "other", "w_b"] {
        shelf.todo(name, "x", &[]).await;
    }
    let found = complete(&shelf, &me(), prompt("resume_work", "project", "WEB")).await.unwrap();
    assert_eq!(found.values, ["Web%", "webshop", "The Web"]);
    assert_eq!((found.total, found.has_more), (3, false));
    let exact = complete(&shelf, &me(), prompt("plan_goal", "project", "b%")).await.unwrap();
    assert_eq!(exact.values, ["Web%"], "nothing is a wildcard");
    assert_eq!(complete(&shelf, &me(), prompt("plan_goal", "project", "")).await.unwrap().total, 5);
    assert_eq!(
        complete(&shelf, &me(), prompt("plan_goal", "goal", "be")).await.unwrap(),
        Completion::default()
    );
    let foreign = complete(&shelf, &stranger(), prompt("resume_work", "project", "")).await.unwrap();
    assert_eq!(foreign, Completion::default());
    let long = complete(&shelf, &me(), prompt("resume_work", "project", &"x".repeat(99_999))).await.unwrap();
    assert_eq!(long, Completion::default());
}

#[tokio::test]
async fn a_hundred_at_most_and_the_rest_is_told() {
    let shelf = Shelf::new().await;
    for number in 0..103 {
        shelf.todo(&format!("p{number}"), "x", &[]).await;
    }
    let found = complete(&shelf, &me(), prompt("resume_work", "project", "p")).await.unwrap();
    assert_eq!((found.values.len(), found.total, found.has_more), (100, 103, true));
    let result = serde_json::to_value(CompleteResult { completion: found }).unwrap();
    assert_eq!(result["completion"]["hasMore"], true);
}

#[tokio::test]
async fn ids_are_those_of_the_project_filled_in_before() {
    let shelf = Shelf::new().await;
    let first = shelf.memory("p", "one").await;
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let second = shelf.memory("p", "two").await;
    shelf.memory("q", "three").await;
    let found = complete(&shelf, &me(), memory(Some("p"), "")).await.unwrap();
    assert_eq!(found.values, [second, first.clone()], "newest first");
    let one = complete(&shelf, &me(), memory(Some("p"), &first[..].to_uppercase())).await.unwrap();
    assert_eq!(one.values, [first]);
    for (who, project) in [(me(), None), (me(), Some("unknown")), (stranger(), Some("p"))] {
        assert_eq!(complete(&shelf, &who, memory(project, "")).await.unwrap(), Completion::default());
    }
}

#[tokio::test]
async fn what_cannot_be_completed_is_an_invalid_param() {
    let shelf = Shelf::new().await;
    let resource = |uri: &str, argument: &str| {
        let reference = json!({ "type": "ref/resource", "uri": uri });
        json!({ "ref": reference, "argument": { "name": argument, "value": "" } })
    };
    for params in [
        prompt("none", "project", ""),
        prompt("resume_work", "goal", ""),
        resource("mcpd://{project}/notes", "project"),
        resource("mcpd://p/context", "project"),
        resource("mcpd://{project}/context", "id"),
        json!({ "ref": { "type": "ref/tool", "name": "x" }, "argument": { "name": "x", "value": "" } }),
        json!({ "ref": { "type": "ref/prompt" }, "argument": { "name": "x", "value": "" } }),
        json!({ "ref": { "type": "ref/prompt", "name": "resume_work" } }),
        json!([]),
    ] {
        assert_eq!(complete(&shelf, &me(), params.clone()).await, Err(-32602), "{params}");
    }
    assert!(shelf.library.complete(&me(), None).await.is_err());
    let named = complete(&shelf, &me(), resource("mcpd://{project}/todos", "project")).await.unwrap();
    assert_eq!(named, Completion::default());
    let hidden =
        complete(&shelf, &without("list_todos"), resource("mcpd://{project}/todos", "project")).await;
    assert_eq!(hidden, Err(-32602));
}
