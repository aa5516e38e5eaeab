//! Golden frames: every command as it crosses the socket. A change here is a change of the protocol.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use mcpd_ipc::{Access, Request, allow::*, connections::*, keys::*, life::*, tools::*};
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
        add.into(),
        KeysList {}.into(),
        KeysShow { key: "laptop".into() }.into(),
        KeysRevoke { key: "laptop".into() }.into(),
        AllowAdd { cidr: "192.168.3.0/24".into() }.into(),
        AllowList {}.into(),
        AllowRemove { cidr: "192.168.3.0/24".into() }.into(),
        AllowTest { address: "192.168.3.7".into() }.into(),
        ConnectionsList {}.into(),
        ConnectionsClose { id: 7 }.into(),
        ToolsList {}.into(),
        ToolsShow { name: "create_todo".into() }.into(),
        ToolsEnable { names: vec!["create_todo".into()] }.into(),
        ToolsDisable { names: vec!["create_todo".into(), "list_todos".into()] }.into(),
        ToolsCall { name: "create_todo".into(), arguments: json!({ "title": "t" }) }.into(),
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
