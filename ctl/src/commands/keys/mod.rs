//! `mcpctl keys`: the whole life of an API key.

mod page;
mod secret;

use std::time::Duration;

use clap::{Args, Subcommand};
use mcpd_ipc::{
    keys::{KeyInfo, KeysAdd, KeysImport, KeysList, KeysRename, KeysRevoke, KeysRotate, KeysShow},
    life::Status,
};

use crate::{
    ask::Consent,
    daemon::Daemon,
    error::{Ended, Error, OrSee},
    output::{Format, Output},
    page::Page,
    surroundings::Surroundings,
    text,
};

/// What can be done with keys.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Issues a key and prints its secret, this once, alone on stdout
    #[command(after_help = "Example:
  mcpctl keys add laptop
  mcpctl keys add small --tool family:memory --tool list_todos
  mcpctl keys add ci --scope read --tool list_todos --cidr 10.0.0.0/8 --rate 100/60s --expires 90d
  KEY=$(mcpctl keys add laptop) && mcpctl connect claude-code --key \"$KEY\"")]
    Add(Terms),
    /// Takes a key of another deployment; its secret is read from stdin, one line
    #[command(after_help = "The secret never stands on the command line, where other users could see it.

Example:
  mcpctl keys import laptop < laptop.secret
  pass show mcp/laptop | mcpctl keys import laptop --scope read")]
    Import(Terms),
    /// Lists every key
    #[command(after_help = "Example:\n  mcpctl keys list")]
    List,
    /// Shows one key
    #[command(after_help = "Example:\n  mcpctl keys show laptop")]
    Show(KeyArg),
    /// Gives a key a new secret and prints it, this once, alone on stdout
    Rotate(RotateArgs),
    /// Gives a key another name
    Rename(RenameArgs),
    /// Revokes a key and closes whatever it has open
    Revoke(RevokeArgs),
}

/// A key's name and what it may do.
#[derive(Args)]
pub(crate) struct Terms {
    /// Name for people, unique among living keys
    name: String,
    /// What it may do: read, write, metrics; repeatable [default: read, write]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// A tool or family:NAME it may call; repeatable [default: as its scopes]
    #[arg(long = "tool", value_name = "TOOL")]
    tools: Vec<String>,
    /// A tool or family:NAME it may not call; repeatable
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

/// Which key gets a new secret.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl keys rotate laptop\n  mcpctl keys rotate laptop --grace 0s")]
pub(crate) struct RotateArgs {
    /// Public id or name
    key: String,
    /// Time the old secret still works, as in 24h; 0s ends it at once [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = text::duration)]
    grace: Option<Duration>,
    #[command(flatten)]
    consent: Consent,
}

/// Which key gets another name.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl keys rename laptop old-laptop")]
pub(crate) struct RenameArgs {
    /// Public id or name
    key: String,
    /// The new name, unique among living keys
    #[arg(value_name = "NEW")]
    name: String,
}

/// Which key is revoked.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl keys revoke laptop")]
pub(crate) struct RevokeArgs {
    /// Public id or name
    key: String,
    #[command(flatten)]
    consent: Consent,
}

/// Runs one of the key commands.
pub(crate) async fn run(
    command: KeysCommand,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let now = surroundings.now;
    match command {
        KeysCommand::Add(terms) => add(terms, daemon, now, out).await?,
        KeysCommand::Import(terms) => {
            let secret = secret::typed(&terms.name, daemon, surroundings, out)?;
            let command = KeysImport { terms: terms.into(), secret };
            let key = daemon.call(command).await.or_see(&daemon.line(LIST))?;
            out.show(&key, |key| page::imported(key, now))?;
        }
        KeysCommand::List => {
            let list = daemon.call(KeysList {}).await?;
            out.show(&list, |list| page::list(list, daemon, now))?;
        }
        KeysCommand::Show(KeyArg { key }) => {
            let info = daemon.call(KeysShow { key }).await.or_see(&daemon.line(LIST))?;
            out.show(&info, |info| page::one(info, now))?;
        }
        KeysCommand::Rotate(args) => rotate(args, daemon, surroundings, out).await?,
        KeysCommand::Rename(RenameArgs { key, name }) => {
            let info = daemon.call(KeysRename { key, name }).await.or_see(&daemon.line(LIST))?;
            out.show(&info, |info| Page::of(format!("key {} is called {} now", info.id, info.name)))?;
        }
        KeysCommand::Revoke(RevokeArgs { mut key, consent }) => {
            if consent.is_asked(surroundings) {
                let info = daemon.call(KeysShow { key }).await.or_see(&daemon.line(LIST))?;
                consent.ask(&format!("revoke {}?", page::mention(&info, now)), surroundings, out)?;
                key = info.id;
            }
            let revoked = daemon.call(KeysRevoke { key }).await.or_see(&daemon.line(LIST))?;
            out.show(&revoked, page::revoked)?;
        }
    }
    Ok(Ended::Done)
}

const LIST: &str = "keys list";

async fn add(terms: Terms, daemon: &Daemon, now: i64, out: &mut Output) -> Result<(), Error> {
    let created = daemon.call(KeysAdd::from(terms)).await.or_see(&daemon.line(LIST))?;
    secret::deliver(&created, &created.secret, out).map_err(|error| {
        let message = format!("key {:?} was issued", created.key.name);
        secret::undelivered(error, &message, &daemon.line(&format!("keys revoke {}", created.key.id)))
    })?;
    if out.format == Format::Text {
        let url = daemon.call(Status {}).await.ok().and_then(|status| status.url);
        out.note(&page::created(&created.key, url.as_deref(), daemon, now));
    }
    Ok(())
}

async fn rotate(
    args: RotateArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<(), Error> {
    let RotateArgs { mut key, grace, consent } = args;
    let now = surroundings.now;
    if consent.is_asked(surroundings) {
        let info: KeyInfo = daemon.call(KeysShow { key }).await.or_see(&daemon.line(LIST))?;
        let whose = page::mention(&info, now);
        let question = match info.old_secret_until {
            _ if grace == Some(Duration::ZERO) => {
                Some(format!("end the secret of {whose}, and all it has open, at once?"))
            }
            Some(until) => {
                let until = text::date(until, now);
                let ends =
                    format!("the secret before the last rotation works until {until} and would end now");
                Some(format!("{ends}; rotate {whose}?"))
            }
            None => None,
        };
        if let Some(question) = question {
            consent.ask(&question, surroundings, out)?;
        }
        key = info.id;
    }
    let grace = grace.map(text::whole_seconds);
    let rotated = daemon.call(KeysRotate { key, grace }).await.or_see(&daemon.line(LIST))?;
    secret::deliver(&rotated, &rotated.secret, out).map_err(|error| {
        let message = format!("key {:?} has a new secret", rotated.key.name);
        secret::undelivered(error, &message, &daemon.line(&format!("keys rotate {}", rotated.key.id)))
            .hint("that ends the secret its holder has now, for only one is kept beside the newest")
    })?;
    out.note(&page::rotated(&rotated.key, now));
    Ok(())
}

/// Returns the terms of a key of which only the name is said: what `keys add NAME` asks for.
pub(crate) fn plain_terms(name: String) -> KeysAdd {
    KeysAdd {
        name,
        scopes: Vec::new(),
        tools: Vec::new(),
        deny_tools: Vec::new(),
        cidrs: Vec::new(),
        rate: None,
        connections: None,
        expires_in: None,
        tenant: None,
    }
}

impl From<Terms> for KeysAdd {
    fn from(terms: Terms) -> Self {
        let Terms { name, scopes, tools, deny_tools, cidrs, rate, connections, expires, tenant } = terms;
        let expires_in = expires.map(text::whole_seconds);
        Self { name, scopes, tools, deny_tools, cidrs, rate, connections, expires_in, tenant }
    }
}
