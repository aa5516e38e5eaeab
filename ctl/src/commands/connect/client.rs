//! The clients: where each keeps its servers, and how it writes one down. As their makers document it, November 2026.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use super::Way;
use crate::{
    error::{Error, Kind},
    surroundings::Surroundings,
};

/// A program that speaks MCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Client {
    // No doc comments: clap would stretch the help over two lines per flag to show them.
    ClaudeCode,
    ClaudeDesktop,
    Cursor,
    Vscode,
    Windsurf,
    GeminiCli,
    Codex,
}

/// The language of a client's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// JSON, with comments where somebody wrote some.
    Json,
    /// TOML.
    Toml,
}

impl Client {
    /// Returns the name people know it by.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::ClaudeDesktop => "Claude Desktop",
            Self::Cursor => "Cursor",
            Self::Vscode => "VS Code",
            Self::Windsurf => "Windsurf",
            Self::GeminiCli => "Gemini CLI",
            Self::Codex => "Codex",
        }
    }

    /// Returns the name as it is typed here; a key issued for it is called so.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::ClaudeDesktop => "claude-desktop",
            Self::Cursor => "cursor",
            Self::Vscode => "vscode",
            Self::Windsurf => "windsurf",
            Self::GeminiCli => "gemini-cli",
            Self::Codex => "codex",
        }
    }

    /// Returns the language of its file.
    pub(super) fn syntax(self) -> Syntax {
        match self {
            Self::Codex => Syntax::Toml,
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Cursor => Syntax::Json,
            Self::Vscode | Self::Windsurf | Self::GeminiCli => Syntax::Json,
        }
    }

    /// Returns what the servers stand under.
    pub(super) fn section(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            Self::Codex => "mcp_servers",
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Cursor => "mcpServers",
            Self::Windsurf | Self::GeminiCli => "mcpServers",
        }
    }

    /// Returns whether its file can only name programs to start.
    pub(super) fn only_starts_programs(self) -> bool {
        self == Self::ClaudeDesktop
    }

    /// Returns whether it would replace a part of this key by a variable of its environment.
    pub(super) fn would_expand(self, key: &str) -> bool {
        match self {
            Self::GeminiCli => key.contains('$'),
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Cursor => key.contains("${"),
            Self::Vscode | Self::Windsurf => key.contains("${"),
            Self::Codex => false,
        }
    }

    /// Returns its file, the one that holds for all of a user's projects.
    pub(super) fn file(self, surroundings: &Surroundings) -> Result<PathBuf, Error> {
        let no_home = || Error::new(Kind::Usage, "no home directory is known: name the file with --file");
        let home = surroundings.home.clone().ok_or_else(no_home)?;
        Ok(match self {
            Self::ClaudeCode => home.join(".claude.json"),
            Self::ClaudeDesktop => {
                application_support(home, surroundings).join("Claude/claude_desktop_config.json")
            }
            Self::Cursor => home.join(".cursor/mcp.json"),
            Self::Vscode => application_support(home, surroundings).join("Code/User/mcp.json"),
            Self::Windsurf => home.join(".codeium/windsurf/mcp_config.json"),
            Self::GeminiCli => home.join(".gemini/settings.json"),
            Self::Codex => home.join(".codex/config.toml"),
        })
    }

    /// Returns the entry of a server.
    pub(super) fn entry(self, way: &Way) -> Value {
        match way {
            Way::Stdio { argv } => {
                let (command, args) =
                    argv.split_first().map_or(("", argv.as_slice()), |(first, rest)| (first, rest));
                match self {
                    Self::ClaudeCode | Self::Vscode => {
                        json!({"type": "stdio", "command": command, "args": args})
                    }
                    Self::ClaudeDesktop | Self::Cursor | Self::Windsurf | Self::GeminiCli | Self::Codex => {
                        json!({"command": command, "args": args})
                    }
                }
            }
            Way::Http { url, key } => self.http_entry(url, &format!("Bearer {key}")),
        }
    }

    fn http_entry(self, url: &str, authorization: &str) -> Value {
        let headers = json!({"Authorization": authorization});
        match self {
            Self::ClaudeCode | Self::Vscode => json!({"type": "http", "url": url, "headers": headers}),
            Self::Cursor => json!({"url": url, "headers": headers}),
            // `url` would be the older transport with server-sent events in both.
            Self::Windsurf => json!({"serverUrl": url, "headers": headers}),
            Self::GeminiCli => json!({"httpUrl": url, "headers": headers}),
            Self::Codex => json!({"url": url, "http_headers": headers}),
            // A bridge. The header comes through a variable: some platforms tear arguments apart at their blanks.
            Self::ClaudeDesktop => {
                let mut args = vec!["-y", "mcp-remote", url, "--header", "Authorization:${AUTH_HEADER}"];
                if url.starts_with("http:") {
                    args.push("--allow-http");
                }
                json!({"command": "npx", "args": args, "env": {"AUTH_HEADER": authorization}})
            }
        }
    }
}

/// Returns where applications with windows keep their files on this platform.
fn application_support(home: PathBuf, surroundings: &Surroundings) -> PathBuf {
    if cfg!(target_os = "macos") {
        home.join("Library/Application Support")
    } else if cfg!(windows) {
        home.join("AppData/Roaming")
    } else {
        surroundings.config_home.clone().unwrap_or_else(|| home.join(".config"))
    }
}
