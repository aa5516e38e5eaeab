//! `mcpctl connect`: shows how a client is connected, or connects it.

mod client;
mod document;
mod line;
mod undo;
mod write;

use std::path::{Path, PathBuf};

use clap::Args;
use mcpd_ipc::life::Status;
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::{client::Client, line::Line};
use self::{client::Syntax, document::Document};
use super::path;
use crate::{
    ask::Consent,
    daemon::Daemon,
    error::{Ended, Error, Kind},
    output::Output,
    page::Page,
    quote,
    surroundings::Surroundings,
    text,
};

/// What stands where the key belongs until somebody has one.
pub(crate) const KEY_PLACEHOLDER: &str = "YOUR_KEY";

/// What clients call this server unless somebody says otherwise.
const NAME: &str = "mcpd";

/// Which client, and how it reaches the daemon.
#[derive(Args)]
#[command(
    after_help = "With --write and without --key a key is issued for the client, so that one line connects it.
Claude Desktop only starts programs: it gets mcpd stdio or, with --key, the bridge mcp-remote.

Example:
  mcpctl connect claude-code --key \"$KEY\"
  mcpctl connect cursor --write
  mcpctl connect cursor --undo
  mcpctl connect claude-code --stdio"
)]
pub(crate) struct ConnectArgs {
    /// claude-code, claude-desktop, cursor, vscode, windsurf, gemini-cli or codex
    #[arg(hide_possible_values = true)]
    client: Client,
    /// The secret of the key the client will use
    #[arg(long, value_parser = key)]
    key: Option<String>,
    /// Over stdio instead of HTTP; needs neither a key nor a running daemon
    #[arg(long, conflicts_with = "key")]
    stdio: bool,
    /// What the client calls this server
    #[arg(long, default_value = NAME, value_parser = server_name)]
    name: String,
    /// Writes it into the client's file, after copying that to a neighbour
    #[arg(long)]
    write: bool,
    /// Puts back what was there before the last --write
    #[arg(long, conflicts_with_all = ["write", "key", "stdio"])]
    undo: bool,
    /// The client's file, where it is not the usual one
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    #[command(flatten)]
    consent: Consent,
}

/// How a client reaches the daemon.
pub(super) enum Way {
    /// Over HTTP, with a key.
    Http {
        /// The endpoint.
        url: String,
        /// The secret, or what stands in its place.
        key: String,
    },
    /// Through a program that it starts.
    Stdio {
        /// The program and its arguments.
        argv: Vec<String>,
    },
}

impl Way {
    /// Says what its client may need besides.
    fn trust_hint(&self) -> Option<&'static str> {
        match self {
            Self::Http { url, .. } => trust_hint(url),
            Self::Stdio { .. } => None,
        }
    }
}

/// Runs `connect`.
pub(crate) async fn run(
    args: ConnectArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    if args.undo {
        undo::run(&args, daemon, surroundings, out)?;
    } else if args.write {
        write::run(&args, daemon, surroundings, out).await?;
    } else {
        print(&args, daemon, surroundings, out).await?;
    }
    Ok(Ended::Done)
}

impl ConnectArgs {
    /// Returns the key somebody named, unless the client would read another one out of its file.
    fn named_key(&self, daemon: &Daemon) -> Result<Option<&str>, Error> {
        match self.key.as_deref() {
            Some(key) if self.client.would_expand(key) => {
                let message = format!("{} would take the $ in this key for a variable", self.client.title());
                Err(Error::new(Kind::Usage, message).hint(daemon.line("keys add laptop")))
            }
            key => Ok(key),
        }
    }

    /// Returns the client's file.
    fn path(&self, surroundings: &Surroundings) -> Result<PathBuf, Error> {
        match &self.file {
            Some(file) => Ok(std::path::absolute(file).unwrap_or_else(|_| file.clone())),
            None => self.client.file(surroundings),
        }
    }

    fn is_over_stdio(&self) -> bool {
        self.stdio || (self.client.only_starts_programs() && self.key.is_none())
    }

    /// Returns the way over stdio.
    fn stdio_way(&self, daemon: &Daemon, surroundings: &Surroundings) -> Result<Way, Error> {
        let mcpd = beside(surroundings.executable.as_deref()).map(|path| path::utf8(&path)).transpose()?;
        let mut argv = vec![mcpd.unwrap_or_else(|| "mcpd".into()), "stdio".into()];
        if let Some(dir) = &daemon.state_dir {
            argv.extend(["--state-dir".into(), path::absolute(dir)?]);
        }
        if let Some(socket) = &daemon.socket {
            argv.extend(["--socket".into(), path::absolute(socket)?]);
        }
        Ok(Way::Stdio { argv })
    }

    /// Returns the line that does the same with other flags.
    fn again(&self, daemon: &Daemon, flags: &str) -> String {
        let mut line = daemon.line(&format!("connect {} {flags}", self.client.word()));
        if self.name != NAME {
            line.push_str(&format!(" --name {}", quote::word(&self.name)));
        }
        if let Some(file) = &self.file {
            line.push_str(&format!(" --file {}", quote::word(&file.display().to_string())));
        }
        line
    }

    /// Returns the endpoint of the daemon.
    async fn url(&self, daemon: &Daemon) -> Result<String, Error> {
        daemon.call(Status {}).await?.url.ok_or_else(|| {
            Error::new(Kind::Failed, "this daemon serves no HTTP")
                .hint(self.again(daemon, if self.write { "--stdio --write" } else { "--stdio" }))
        })
    }
}

/// What to paste into a client's file, as `--json` prints it.
#[derive(Serialize)]
struct Paste {
    /// For which client.
    client: Client,
    /// Its file.
    file: PathBuf,
    /// What the servers stand under.
    section: &'static str,
    /// What the client calls this server.
    name: String,
    /// The entry.
    entry: Value,
    /// All of it as the file writes it.
    snippet: String,
}

/// Says what a client may need besides, to believe the certificate it is shown.
pub(crate) fn trust_hint(url: &str) -> Option<&'static str> {
    url.starts_with("https://").then_some(
        "a certificate of your own authority is believed by clients that run on Node.js with \
         NODE_EXTRA_CA_CERTS=/path/of/authority.pem in their environment",
    )
}

/// Prints what connects the client.
async fn print(
    args: &ConnectArgs,
    daemon: &Daemon,
    surroundings: &Surroundings,
    out: &mut Output,
) -> Result<(), Error> {
    let way = if args.is_over_stdio() {
        args.stdio_way(daemon, surroundings)?
    } else {
        let key = args.key.clone().unwrap_or_else(|| KEY_PLACEHOLDER.into());
        Way::Http { url: args.url(daemon).await?, key }
    };
    if args.client == Client::ClaudeCode {
        let line = Line::new(args.client, &args.name, &way);
        check_safe(&line.line)?;
        out.show(&line, |line| Page::of(&line.line))?;
        out.note(&Page::of("--scope user in it connects all projects, not the one in this directory alone"));
    } else {
        args.named_key(daemon)?;
        let paste = Paste::new(args, &way, args.path(surroundings)?)?;
        out.note(&Page::of(format!("{} reads {}; put into it:", args.client.title(), paste.file.display())));
        out.show(&paste, |paste| Page::default().text(&paste.snippet, ""))?;
        let write = match (&args.key, args.stdio) {
            // A secret is not repeated.
            (Some(_), _) => "the same line with --write".into(),
            (None, true) => args.again(daemon, "--stdio --write"),
            (None, false) => args.again(daemon, "--write"),
        };
        out.note(&Page::default().hint(&format!("{write} puts it there")));
    }
    if matches!(&way, Way::Http { key, .. } if key == KEY_PLACEHOLDER) {
        let issue = daemon.line("keys add laptop");
        out.note(&Page::default().hint(&format!("{KEY_PLACEHOLDER} is what this prints: {issue}")));
    }
    if let Some(hint) = way.trust_hint() {
        out.note(&Page::default().hint(hint));
    }
    Ok(())
}

impl Paste {
    fn new(args: &ConnectArgs, way: &Way, file: PathBuf) -> Result<Self, Error> {
        let entry = args.client.entry(way);
        let mut document = Document::parse(args.client, &file, None)?;
        document.set(&args.name, &entry);
        // JSON can write any character so that it is safe to show; TOML as it is written here cannot.
        let snippet = match args.client.syntax() {
            Syntax::Json => text::escape_json(&document.to_string()),
            Syntax::Toml => document.to_string(),
        };
        snippet.lines().try_for_each(check_safe)?;
        Ok(Self {
            client: args.client,
            file,
            section: args.client.section(),
            name: args.name.clone(),
            entry,
            snippet,
        })
    }
}

/// Fails when a line needs escaping, which would change what it does.
fn check_safe(line: &str) -> Result<(), Error> {
    if text::escape(line) == line {
        return Ok(());
    }
    Err(Error::new(Kind::Failed, format!("this holds characters no line can carry safely: {line}")))
}

/// Returns the `mcpd` that was installed together with this program: the client's PATH may know none or another.
fn beside(executable: Option<&Path>) -> Option<PathBuf> {
    let neighbour = executable?.with_file_name(format!("mcpd{}", std::env::consts::EXE_SUFFIX));
    neighbour.is_file().then_some(neighbour)
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
    fn only_a_certificate_has_to_be_believed() {
        assert!(
            trust_hint("https://mcp.lan:8765/mcp").is_some_and(|hint| hint.contains("NODE_EXTRA_CA_CERTS="))
        );
        assert_eq!(trust_hint("http://127.0.0.1:8765/mcp"), None);
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
