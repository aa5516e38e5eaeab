//! `mcpctl connect`: the line that connects a client to the daemon.

use std::{
    fmt::{self, Display, Formatter},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use mcpd_ipc::life::Status;
use serde::Serialize;

use crate::{
    daemon::Daemon,
    error::{Ended, Error, Kind},
    output::{Output, Page},
    quote, text,
};

/// What stands where the key belongs until somebody has one.
pub(crate) const KEY_PLACEHOLDER: &str = "YOUR_KEY";

/// A program that speaks MCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Client {
    // No doc comment: clap would stretch the help over two lines per flag to show it.
    ClaudeCode,
}

/// Which client, and how it reaches the daemon.
#[derive(Args)]
#[command(after_help = "Example:
  mcpctl connect claude-code --key \"$KEY\"
  mcpctl connect claude-code --stdio")]
pub(crate) struct ConnectArgs {
    /// The client
    client: Client,
    /// The secret of the key the client will use
    #[arg(long, value_parser = key)]
    key: Option<String>,
    /// Over stdio instead of HTTP; needs neither a key nor a running daemon
    #[arg(long, conflicts_with = "key")]
    stdio: bool,
    /// What the client calls this server
    #[arg(long, default_value = "mcpd", value_parser = server_name)]
    name: String,
}

/// A line to paste into a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    /// For which client.
    client: Client,
    /// The program and its arguments, unquoted.
    argv: Vec<String>,
    /// The same as one line for a shell.
    line: String,
}

impl Line {
    /// Makes the line that connects over HTTP.
    pub(crate) fn http(client: Client, name: &str, url: &str, key: &str) -> Self {
        match client {
            Client::ClaudeCode => {
                let words = ["claude", "mcp", "add", "--transport", "http", name, url, "--header"];
                let header = format!("Authorization: Bearer {key}");
                let line = format!("{} {}", join(&words), quote::phrase(&header));
                let argv = words.into_iter().map(str::to_owned).chain([header]).collect();
                Self { client, argv, line }
            }
        }
    }

    /// Makes the line that lets the client start `mcpd stdio`.
    fn stdio(client: Client, name: &str, mcpd: &str, state_dir: Option<&str>) -> Self {
        match client {
            Client::ClaudeCode => {
                let mut words = vec!["claude", "mcp", "add", name, "--", mcpd, "stdio"];
                words.extend(state_dir.into_iter().flat_map(|dir| ["--state-dir", dir]));
                Self { client, line: join(&words), argv: words.into_iter().map(str::to_owned).collect() }
            }
        }
    }
}

impl Display for Line {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.line)
    }
}

fn join(words: &[&str]) -> String {
    words.iter().map(|word| quote::word(word)).collect::<Vec<_>>().join(" ")
}

/// Prints the line.
pub(crate) async fn run(
    args: ConnectArgs,
    daemon: &Daemon,
    executable: Option<PathBuf>,
    out: &mut Output,
) -> Result<Ended, Error> {
    let line = if args.stdio {
        let mcpd = beside(executable.as_deref()).map(|path| utf8(&path)).transpose()?;
        let state_dir = daemon.state_dir.as_deref().map(absolute).transpose()?;
        Line::stdio(args.client, &args.name, mcpd.as_deref().unwrap_or("mcpd"), state_dir.as_deref())
    } else {
        let url = daemon.call(Status {}).await?.url.ok_or_else(no_http)?;
        Line::http(args.client, &args.name, &url, args.key.as_deref().unwrap_or(KEY_PLACEHOLDER))
    };
    // Escaping would change what the line does, so a line that needs it is not printed at all.
    if text::escape(&line.line) != line.line {
        return Err(Error::new(
            Kind::Failed,
            format!("this holds characters no line can carry safely: {line}"),
        ));
    }
    out.show(&line, |line| Page::of(&line.line))?;
    if !args.stdio && args.key.is_none() {
        out.note(&Page::of(format!("hint: {KEY_PLACEHOLDER} is what this prints: mcpctl keys add laptop")));
    }
    Ok(Ended::Done)
}

fn no_http() -> Error {
    Error::new(Kind::Failed, "this daemon serves no HTTP").hint("mcpctl connect claude-code --stdio")
}

/// Returns the `mcpd` that was installed together with this program: the client's PATH may know none or another.
fn beside(executable: Option<&Path>) -> Option<PathBuf> {
    let neighbour = executable?.with_file_name(format!("mcpd{}", std::env::consts::EXE_SUFFIX));
    neighbour.is_file().then_some(neighbour)
}

/// Returns the path as the client, which starts elsewhere, has to write it.
fn absolute(path: &Path) -> Result<String, Error> {
    utf8(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

fn utf8(path: &Path) -> Result<String, Error> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::new(Kind::Failed, format!("the path {} is not UTF-8", path.display())))
}

/// Parses a key: anything that can stand in a header, so that keys of other deployments pass too.
fn key(text: &str) -> Result<String, String> {
    let is_whole = !text.is_empty() && text.chars().all(|char| char.is_ascii_graphic());
    is_whole.then(|| text.to_owned()).ok_or_else(|| "a key is one word of visible ASCII characters".into())
}

/// Parses a server name as clients accept it.
fn server_name(text: &str) -> Result<String, String> {
    let is_allowed = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
    let is_name = !text.is_empty() && !text.starts_with('-') && text.chars().all(is_allowed);
    is_name.then(|| text.to_owned()).ok_or_else(|| "a name has letters, digits, - and _ only".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_names_are_single_safe_words() {
        assert!(key("mcpd_sk_abc_DEF").is_ok());
        assert!(key("sk-old$key").is_ok());
        assert!(["", "two words", "a\nb", "schlüssel"].into_iter().all(|bad| key(bad).is_err()));
        assert!(server_name("team_mcpd-2").is_ok());
        assert!(["", "-x", "a b", "a.b"].into_iter().all(|bad| server_name(bad).is_err()));
    }

    #[test]
    fn the_lines_are_what_claude_code_takes() {
        let http = Line::http(Client::ClaudeCode, "mcpd", "http://127.0.0.1:8765/mcp", "KEY");
        insta::assert_snapshot!(http, @r#"claude mcp add --transport http mcpd http://127.0.0.1:8765/mcp --header "Authorization: Bearer KEY""#);
        let odd = Line::http(Client::ClaudeCode, "mcpd", "http://[::1]:8765/mcp", "sk-$HOME`x`");
        insta::assert_snapshot!(odd, @"claude mcp add --transport http mcpd 'http://[::1]:8765/mcp' --header 'Authorization: Bearer sk-$HOME`x`'");
        let stdio = Line::stdio(Client::ClaudeCode, "mcpd", "mcpd", None);
        insta::assert_snapshot!(stdio, @"claude mcp add mcpd -- mcpd stdio");
        let named = Line::stdio(Client::ClaudeCode, "team", "/opt/my bin/mcpd", Some("/srv/it's"));
        insta::assert_snapshot!(named, @r"claude mcp add team -- '/opt/my bin/mcpd' stdio --state-dir '/srv/it'\''s'");
    }

    #[test]
    fn the_neighbour_counts_only_when_it_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let executable = dir.path().join("mcpctl");
        assert_eq!(beside(Some(&executable)), None);
        assert_eq!(beside(None), None);
        let mcpd = dir.path().join(format!("mcpd{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(&mcpd, "").unwrap();
        assert_eq!(beside(Some(&executable)), Some(mcpd));
    }
}
