//! What a principal may do, and what a request needs.

use std::{fmt, str::FromStr};

/// A right that a key carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Call tools that only read.
    Read,
    /// Call tools that write.
    Write,
    /// See `/stats` and `/metrics`.
    Metrics,
}

impl Scope {
    /// Every scope, in the order people list them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Metrics];

    /// Returns the word in `--scope`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Metrics => "metrics",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| format!("there is no scope {text:?}; the scopes are read, write and metrics"))
    }
}

/// What is wanted: a request that needs nothing beyond being known asks for no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need<'a> {
    /// Nothing but to be known.
    Nothing,
    /// One scope.
    Scope(Scope),
    /// A tool of a family and the scope it asks for.
    Tool {
        /// Its name.
        name: &'a str,
        /// The name of its family.
        family: &'a str,
        /// What it asks for.
        scope: Scope,
    },
    /// A tool that does not exist: answers like a forbidden one.
    NoSuchTool,
}

impl<'a> Need<'a> {
    /// Returns the tool, if there is one of that name.
    pub fn tool(self) -> Option<&'a str> {
        match self {
            Self::Tool { name, .. } => Some(name),
            Self::Nothing | Self::Scope(_) | Self::NoSuchTool => None,
        }
    }

    /// Answers whether more is wanted than to look.
    pub fn writes(self) -> bool {
        match self {
            Self::Scope(scope) | Self::Tool { scope, .. } => scope == Scope::Write,
            Self::Nothing | Self::NoSuchTool => false,
        }
    }
}
