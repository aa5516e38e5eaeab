//! `mcpctl keys`: issues, lists, shows and revokes API keys.

use std::time::Duration;

use clap::{Args, Subcommand};
use mcpd_ipc::{
    keys::{KeyInfo, KeyList, KeyRevoked, KeyState, KeysAdd, KeysList, KeysRevoke, KeysShow},
    life::Status,
};

use super::connect::{Client, KEY_PLACEHOLDER, Line};
use crate::{
    daemon::Daemon,
    error::{Ended, Error, OrSee},
    output::{Format, Output, Page, Table},
    quote, text,
};

/// What can be done with keys.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Issues a key and prints its secret, this once, alone on stdout
    Add(AddArgs),
    /// Lists every key
    #[command(after_help = "Example:\n  mcpctl keys list")]
    List,
    /// Shows one key
    #[command(after_help = "Example:\n  mcpctl keys show laptop")]
    Show(KeyArg),
    /// Revokes a key and closes whatever it has open
    #[command(after_help = "Example:\n  mcpctl keys revoke laptop")]
    Revoke(KeyArg),
}

/// The key to issue.
#[derive(Args)]
#[command(after_help = "Example:
  mcpctl keys add laptop
  mcpctl keys add ci --scope read --tool list_todos --cidr 10.0.0.0/8 --rate 100/60s --expires 90d
  KEY=$(mcpctl keys add laptop) && mcpctl connect claude-code --key \"$KEY\"")]
pub(crate) struct AddArgs {
    /// Name for people, unique among living keys
    name: String,
    /// What it may do: read, write, metrics; repeatable [default: read, write]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// A tool it may call; repeatable [default: all its scopes allow]
    #[arg(long = "tool", value_name = "TOOL")]
    tools: Vec<String>,
    /// A tool it may not call; repeatable
    #[arg(long = "deny-tool", value_name = "TOOL")]
    deny_tools: Vec<String>,
    /// A network it may be used from; repeatable [default: any allowed]
    #[arg(long = "cidr", value_name = "CIDR")]
    cidrs: Vec<String>,
    /// Its own rate, COUNT/PERIOD as in 100/60s
    #[arg(long)]
    rate: Option<String>,
    /// Its own limit of connections at a time
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    connections: Option<u32>,
    /// Time until it expires, as in 90d [default: never]
    #[arg(long, value_name = "TIME", value_parser = text::positive_duration)]
    expires: Option<Duration>,
    /// Whose data it sees [default: default]
    #[arg(long)]
    tenant: Option<String>,
}

/// Which key.
#[derive(Args)]
pub(crate) struct KeyArg {
    /// Public id or name
    key: String,
}

/// Runs one of the key commands.
pub(crate) async fn run(
    command: KeysCommand,
    daemon: &Daemon,
    now: i64,
    out: &mut Output,
) -> Result<Ended, Error> {
    match command {
        KeysCommand::Add(args) => add(args, daemon, now, out).await,
        KeysCommand::List => {
            let list = daemon.call(KeysList {}).await?;
            out.show(&list, |list| list_page(list, now))?;
            Ok(Ended::Done)
        }
        KeysCommand::Show(KeyArg { key }) => {
            let info = daemon.call(KeysShow { key }).await.or_see(LIST)?;
            out.show(&info, |info| key_page(info, now))?;
            Ok(Ended::Done)
        }
        KeysCommand::Revoke(KeyArg { key }) => {
            let revoked = daemon.call(KeysRevoke { key }).await.or_see(LIST)?;
            out.show(&revoked, revoked_page)?;
            Ok(Ended::Done)
        }
    }
}

const LIST: &str = "mcpctl keys list";

async fn add(args: AddArgs, daemon: &Daemon, now: i64, out: &mut Output) -> Result<Ended, Error> {
    let created = daemon.call(KeysAdd::from(args)).await.or_see(LIST)?;
    // The secret first: it exists nowhere else, so nothing that can fail may come before it.
    let written = match out.format {
        Format::Json => out.json(&created),
        Format::Text => out.page(&Page::of(created.secret.reveal())),
    };
    written.map_err(|error| undelivered(error, &created.key))?;
    if out.format == Format::Text {
        let url = daemon.call(Status {}).await.ok().and_then(|status| status.url);
        out.note(&created_page(&created.key, url.as_deref(), now));
    }
    Ok(Ended::Done)
}

/// Says that a key exists whose secret nobody has; not even a closed pipe makes that a success.
fn undelivered(error: Error, key: &KeyInfo) -> Error {
    let message = format!("key {:?} was issued, but its secret could not be written and is lost", key.name);
    Error::new(crate::error::Kind::Failed, message)
        .because(error)
        .hint(format!("mcpctl keys revoke {}", quote::word(&key.id)))
}

impl From<AddArgs> for KeysAdd {
    fn from(args: AddArgs) -> Self {
        let AddArgs { name, scopes, tools, deny_tools, cidrs, rate, connections, expires, tenant } = args;
        let expires_in = expires.map(text::whole_seconds);
        Self { name, scopes, tools, deny_tools, cidrs, rate, connections, expires_in, tenant }
    }
}

fn created_page(key: &KeyInfo, url: Option<&str>, now: i64) -> Page {
    let life = key
        .expires_at
        .map_or_else(|| "does not expire".into(), |at| format!("expires {}", text::relative(at, now)));
    let page = Page::of(format!(
        "key {} ({}): {}; {life}",
        key.name,
        key.id,
        text::list_or(&key.scopes, "no scope")
    ))
    .line("its secret is on stdout, this once: it is stored hashed and cannot be shown again");
    match url {
        Some(url) => page
            .line(format!("connect Claude Code, with the secret in place of {KEY_PLACEHOLDER}:"))
            .line(format!("  {}", Line::http(Client::ClaudeCode, "mcpd", url, KEY_PLACEHOLDER))),
        None => page.line("connect Claude Code: mcpctl connect claude-code"),
    }
}

fn list_page(list: &KeyList, now: i64) -> Page {
    if list.keys.is_empty() {
        return Page::of("there are no keys; issue one: mcpctl keys add laptop");
    }
    let headings = Table::new(["NAME", "ID", "TENANT", "STATE", "SCOPES", "LAST USED", "EXPIRES", "CREATED"]);
    Page::default().table(list.keys.iter().fold(headings, |table, key| {
        table.row([
            key.name.clone(),
            key.id.clone(),
            key.tenant.clone(),
            state_word(key.state).into(),
            text::list_or(&key.scopes, "none"),
            text::relative_or(key.last_used_at, now, "never"),
            text::relative_or(key.expires_at, now, "never"),
            text::relative(key.created_at, now),
        ])
    }))
}

fn key_page(key: &KeyInfo, now: i64) -> Page {
    let date_or_never = |at: Option<i64>| at.map_or_else(|| "never".into(), |at| text::date(at, now));
    Page::default().table(Table::fields([
        ("name", key.name.clone()),
        ("id", key.id.clone()),
        ("tenant", key.tenant.clone()),
        ("state", state_word(key.state).into()),
        ("scopes", text::list_or(&key.scopes, "none")),
        ("tools", text::list_or(&key.tools, "all its scopes allow")),
        ("denied tools", text::list_or(&key.deny_tools, "none")),
        ("networks", text::list_or(&key.cidrs, "any the allowlist lets in")),
        ("rate", key.rate.clone().unwrap_or_else(|| "as configured".into())),
        ("connections", key.connections.map_or_else(|| "as configured".into(), |limit| limit.to_string())),
        ("created", text::date(key.created_at, now)),
        ("expires", date_or_never(key.expires_at)),
        ("last used", date_or_never(key.last_used_at)),
    ]))
}

fn revoked_page(revoked: &KeyRevoked) -> Page {
    let closed = text::count(revoked.sessions_closed as u64, "session");
    Page::of(format!("revoked key {} ({}); {closed} closed", revoked.key.name, revoked.key.id))
}

fn state_word(state: KeyState) -> &'static str {
    match state {
        KeyState::Active => "active",
        KeyState::Expired => "expired",
        KeyState::Revoked => "revoked",
    }
}
