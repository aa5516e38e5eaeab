//! Made-up records of the audit.

use mcpd_ipc::audit::{AuditTail, AuditVerify};
use serde_json::{Value, json};

use super::NOW;

pub(super) fn records(ask: &AuditTail) -> Value {
    if ask.actor.as_deref() == Some("nobody") {
        return json!({"records": []});
    }
    json!({"records": [
        {"seq": 40, "at": NOW - 86_400_000, "actor": "uid:1000", "action": "keys add", "subject": "name=laptop",
         "fate": "asked", "times": 1},
        {"seq": 41, "at": NOW - 86_399_991, "actor": "uid:1000", "action": "keys add", "subject": "name=laptop",
         "fate": "done", "why": "key k7Qm2ZpXa91B", "answers": 40, "times": 1},
        {"seq": 42, "at": NOW - 60_000, "actor": "peer:192.168.3.9", "action": "call", "fate": "denied",
         "why": "wrong secret", "times": 250},
        {"seq": 43, "at": null, "actor": "key:evil\u{202e}", "action": "call", "subject": "store_memory",
         "fate": "failed", "why": "tool_error", "times": 1},
    ]})
}

pub(super) fn report(ask: &AuditVerify) -> Value {
    let mut report = empty();
    if ask.after > 0 {
        report["first"] = json!(ask.after);
    }
    if ask.checkpoint.is_some() {
        report["bad"] = json!({"file": "audit-000000000001.jsonl", "line": 17, "seq": 17,
                               "why": "its seal does not fit\u{1b}[2J"});
    }
    report
}

pub(super) fn empty() -> Value {
    let mac = "0123456789abcdef".repeat(4);
    json!({"directory": "/var/lib/mcpd/audit", "files": 2, "records": 4711, "first": 1,
           "checkpoint": {"seq": 4711, "mac": mac}})
}
