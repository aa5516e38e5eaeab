//! Golden frames: every command as it crosses the socket. A change here is a change of the protocol.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use mcpd_ipc::{
    Access, Request, Subscription, allow::*, care::*, connections::*, feed::*, keys::*, life::*, memory::*,
    projects::*, sessions::*, tools::*,
};
use serde_json::json;

fn every_command() -> Vec<Request> {
    let add = KeysAdd {
        name: "laptop".into(),
        scopes: vec!["read".into()],
        tools: vec!["create_todo".into()],
        deny_tools: vec![],
        cidrs: vec!["10.0.0.0/8".into()],
        rate: Some("100/60s".into()),
        connections: Some(4),
        expires_in: Some(86_400),
        tenant: None,
    };
    vec![
        Status {}.into(),
        Stats {}.into(),
        add.clone().into(),
        KeysImport { terms: add, secret: Shown::new("sk-of-the-old-house") }.into(),
        KeysRotate { key: "laptop".into(), grace: Some(3600) }.into(),
        KeysRename { key: "laptop".into(), name: "desk".into() }.into(),
        KeysList {}.into(),
        KeysShow { key: "laptop".into() }.into(),
        KeysRevoke { key: "laptop".into() }.into(),
        AllowAdd { cidr: "192.168.3.0/24".into() }.into(),
        AllowList {}.into(),
        AllowRemove { cidr: "192.168.3.0/24".into() }.into(),
        AllowTest { address: "192.168.3.7".into() }.into(),
        ConnectionsList {}.into(),
        ConnectionsClose { id: 7 }.into(),
        SessionsList {}.into(),
        SessionsClose { id: "00ff".into() }.into(),
        ToolsList {}.into(),
        ToolsShow { name: "create_todo".into() }.into(),
        ToolsEnable { names: vec!["create_todo".into()] }.into(),
        ToolsDisable { names: vec!["create_todo".into(), "list_todos".into()] }.into(),
        ToolsCall { name: "create_todo".into(), arguments: json!({ "title": "t" }) }.into(),
        MemoryList {
            tenant: Some("default".into()),
            project: Some("demo".into()),
            level: Some(MemoryLevel::Short),
            after: None,
            limit: 50,
        }
        .into(),
        MemoryExport { tenant: None, project: Some("demo".into()), after: Some("0199".into()), limit: 500 }
            .into(),
        MemoryShow { id: "0199".into() }.into(),
        MemoryDelete { ids: vec!["0199".into()] }.into(),
        MemoryLevelSet { id: "0199".into(), level: MemoryLevel::Long }.into(),
        MemoryLimitsShow {}.into(),
        MemoryImport {
            tenant: None,
            project: "demo".into(),
            entries: vec![MemoryEntry {
                content: "the cache is local".into(),
                level: Some(MemoryLevel::Mid),
                tags: vec!["cache".into()],
                category: Some("decision".into()),
                confidence: Some(0.5),
                created_at: Some(1_700_000_000_000),
            }],
        }
        .into(),
        MemoryModelShow {}.into(),
        MemoryModelInstall { path: "/srv/model.safetensors".into() }.into(),
        MemoryModelRemove {}.into(),
        ProjectsList { tenant: None }.into(),
        ProjectsShow { tenant: Some("default".into()), project: "demo".into() }.into(),
        ProjectsAnalyze {
            tenant: None,
            project: "demo".into(),
            name: Some("Demo".into()),
            path: Some("/srv/demo".into()),
        }
        .into(),
        ProjectsAnalysis { tenant: None, project: "demo".into() }.into(),
        ProjectsStop { tenant: None, project: "demo".into() }.into(),
        ProjectsWatch { tenant: None, project: "demo".into(), on: true }.into(),
        ProjectsForget { tenant: None, project: "demo".into() }.into(),
        PushBegin { tenant: None, project: "demo".into(), name: None }.into(),
        PushOffer {
            push: "0199".into(),
            files: vec![PushOffered { path: "src/a.py".into(), size: 7, hash: "00ff".into() }],
        }
        .into(),
        PushFiles {
            push: "0199".into(),
            files: vec![PushedFile { path: "src/a.py".into(), content: "x = 1\n".into() }],
        }
        .into(),
        PushEnd { push: "0199".into() }.into(),
        Doctor {}.into(),
        Backup { file: "/srv/mcpd.backup".into(), overwrite: false }.into(),
        Restore { file: "/srv/mcpd.backup".into() }.into(),
        Reload {}.into(),
        Drain { deadline: Some(60) }.into(),
        Shutdown { now: true }.into(),
    ]
}

#[test]
fn every_command_has_its_frame() {
    let mut page = String::new();
    for request in every_command() {
        let access = match request.access() {
            Access::Read => "read ",
            Access::Write => "write",
        };
        let text = serde_json::to_string(&request).unwrap();
        let again: Request = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), text, "it comes back as it went");
        page.push_str(&format!("{access} {text}\n"));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn every_feed_has_its_frame() {
    let logs = WatchLogs {
        lines: 50,
        follow: true,
        level: Some(Severity::Warn),
        target: Some("mcpd::keys".into()),
        contains: None,
    };
    let feeds: [Subscription; 3] =
        [WatchDaemon { every_ms: 1000 }.into(), WatchRequests {}.into(), logs.into()];
    let mut page = String::new();
    for feed in feeds {
        let text = serde_json::to_string(&feed).unwrap();
        let again: Subscription = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), text, "it comes back as it went");
        page.push_str(&format!("{text}\n"));
    }
    insta::assert_snapshot!(page, @r#"
    {"feed":"watch_daemon","args":{"every_ms":1000}}
    {"feed":"watch_requests","args":{}}
    {"feed":"watch_logs","args":{"lines":50,"follow":true,"level":"warn","target":"mcpd::keys","contains":null}}
    "#);
}
