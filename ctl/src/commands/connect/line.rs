//! The line of a shell that connects Claude Code, which has a command for it.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::{Client, Way};
use crate::quote;

/// A line to paste into a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    /// For which client.
    client: Client,
    /// The program and its arguments, unquoted.
    argv: Vec<String>,
    /// The same as one line for a shell.
    pub(super) line: String,
}

impl Line {
    /// Makes the line that connects over HTTP.
    pub(crate) fn http(client: Client, name: &str, url: &str, key: &str) -> Self {
        let words = ["claude", "mcp", "add", "--transport", "http", name, url, "--header"];
        let header = format!("Authorization: Bearer {key}");
        let line = format!("{} {}", join(&words), quote::phrase(&header));
        let argv = words.into_iter().map(str::to_owned).chain([header]).collect();
        Self { client, argv, line }
    }

    /// Makes the line that lets the client start a program.
    fn stdio(client: Client, name: &str, argv: &[String]) -> Self {
        let words: Vec<&str> =
            ["claude", "mcp", "add", name, "--"].into_iter().chain(argv.iter().map(String::as_str)).collect();
        Self { client, line: join(&words), argv: words.into_iter().map(str::to_owned).collect() }
    }

    /// Makes the line for a way.
    pub(super) fn new(client: Client, name: &str, way: &Way) -> Self {
        match way {
            Way::Http { url, key } => Self::http(client, name, url, key),
            Way::Stdio { argv } => Self::stdio(client, name, argv),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_what_claude_code_takes() {
        let http = Line::http(Client::ClaudeCode, "mcpd", "http://127.0.0.1:8765/mcp", "KEY");
        insta::assert_snapshot!(http, @r#"claude mcp add --transport http mcpd http://127.0.0.1:8765/mcp --header "Authorization: Bearer KEY""#);
        let odd = Line::http(Client::ClaudeCode, "mcpd", "http://[::1]:8765/mcp", "sk-$HOME`x`");
        insta::assert_snapshot!(odd, @"claude mcp add --transport http mcpd 'http://[::1]:8765/mcp' --header 'Authorization: Bearer sk-$HOME`x`'");
        let argv = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let stdio = Line::stdio(Client::ClaudeCode, "mcpd", &argv(&["mcpd", "stdio"]));
        insta::assert_snapshot!(stdio, @"claude mcp add mcpd -- mcpd stdio");
        let words = argv(&["/opt/my bin/mcpd", "stdio", "--state-dir", "/srv/it's"]);
        let named = Line::stdio(Client::ClaudeCode, "team", &words);
        insta::assert_snapshot!(named, @r"claude mcp add team -- '/opt/my bin/mcpd' stdio --state-dir '/srv/it'\''s'");
    }
}
