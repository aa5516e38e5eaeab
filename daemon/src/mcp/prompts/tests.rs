use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{
    auth::Need,
    mcp::library::fixture::{Shelf, me, stranger, without},
    tools::Registry,
};

fn arguments(given: &[(&str, &str)]) -> Arguments {
    given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn text(message: &PromptMessage) -> &str {
    match &message.content {
        Content::Text { text } => text,
        Content::Resource { resource } => &resource.text,
    }
}

#[tokio::test]
async fn every_prompt_says_what_it_is_for() {
    let shelf = Shelf::new().await;
    let page = shelf.library.prompts(&me(), None).unwrap();
    insta::assert_json_snapshot!("list", page);
    assert!(shelf.library.prompts(&me(), Some("x")).is_err());
    assert!(shelf.library.prompts(&without("get_project_context"), None).unwrap().prompts.is_empty());
}

#[tokio::test]
async fn every_tool_a_prompt_names_is_one_of_ours() {
    let shelf = Shelf::new().await;
    let config = Arc::new(mcpd_config::Config::load(None, &[]).unwrap());
    let (_sender, config) = tokio::sync::watch::channel(config);
    let registry = Registry::on(&shelf.library.store, &config);
    let named = words::tools_named();
    assert!(named.len() > 5);
    for tool in named {
        assert!(registry.known(&tool).is_some(), "{tool}");
    }
    for kind in Kind::ALL {
        let need = registry.need(kind.tool());
        assert!(matches!(need, Need::Tool { family, .. } if family == kind.family().as_str()), "{need:?}");
    }
}

#[tokio::test]
async fn the_context_comes_first_and_then_what_to_do() {
    let shelf = Shelf::new().await;
    shelf.todo("a b", "first thing", &[]).await;
    let given = arguments(&[("project", "a b")]);
    let resume = shelf.library.prompt(&me(), "resume_work", &given).await.unwrap();
    let first = serde_json::to_value(&resume.messages[0]).unwrap();
    assert_eq!(first["role"], "user");
    assert_eq!(first["content"]["type"], "resource");
    assert_eq!(first["content"]["resource"]["uri"], "mcpd://a%20b/context");
    assert_eq!(first["content"]["resource"]["mimeType"], "text/markdown");
    assert!(text(&resume.messages[0]).contains("first thing"));
    insta::assert_snapshot!("resume_work", text(&resume.messages[1]));
    let explain = shelf.library.prompt(&me(), "explain_architecture", &given).await.unwrap();
    assert_eq!(explain.messages.len(), 3);
    assert!(text(&explain.messages[1]).starts_with("# Design decisions of a b\n"));
    insta::assert_snapshot!("explain_architecture", text(&explain.messages[2]));
    let hidden = without("list_design_decisions");
    let explain = shelf.library.prompt(&hidden, "explain_architecture", &given).await.unwrap();
    assert_eq!(explain.messages.len(), 2);
}

#[tokio::test]
async fn a_goal_is_quoted_and_a_project_is_one_string() {
    let shelf = Shelf::new().await;
    let given = arguments(&[("project", "new\n\"one\""), ("goal", "be fast\n# and\nsmall")]);
    let plan = shelf.library.prompt(&me(), "plan_goal", &given).await.unwrap();
    assert_eq!(plan.messages.len(), 1);
    let told = serde_json::to_value(&plan.messages[0]).unwrap();
    assert_eq!(told["content"]["type"], json!("text"));
    insta::assert_snapshot!("plan_goal", text(&plan.messages[0]));
}

#[tokio::test]
async fn a_project_nobody_used_is_told_where_there_is_something_to_do() {
    let shelf = Shelf::new().await;
    shelf.todo("p", "x", &[]).await;
    for (who, project) in [(me(), "unknown"), (stranger(), "p")] {
        let given = arguments(&[("project", project)]);
        let resume = shelf.library.prompt(&who, "resume_work", &given).await.unwrap();
        assert_eq!(resume.messages.len(), 1);
        assert!(text(&resume.messages[0]).contains("mcpd knows nothing about it yet"));
        let explain = shelf.library.prompt(&who, "explain_architecture", &given).await.unwrap_err();
        assert_eq!(explain.code(), -32602);
    }
    let given = arguments(&[("project", "unknown")]);
    insta::assert_snapshot!(
        "resume_unknown",
        text(&shelf.library.prompt(&me(), "resume_work", &given).await.unwrap().messages[0])
    );
}

#[tokio::test]
async fn what_is_missing_or_unknown_is_an_invalid_param() {
    let shelf = Shelf::new().await;
    let long = "x".repeat(129);
    let cases: [(&str, &[(&str, &str)]); 6] = [
        ("none", &[("project", "p")]),
        ("resume_work", &[]),
        ("resume_work", &[("project", " \n")]),
        ("resume_work", &[("project", &long)]),
        ("plan_goal", &[("project", "p")]),
        ("plan_goal", &[("goal", "g")]),
    ];
    for (name, given) in cases {
        let error = shelf.library.prompt(&me(), name, &arguments(given)).await.unwrap_err();
        assert_eq!(error.code(), -32602, "{name} {given:?}");
    }
    let hidden = without("get_project_context");
    let given = arguments(&[("project", "p")]);
    assert!(shelf.library.prompt(&hidden, "resume_work", &given).await.is_err());
}
