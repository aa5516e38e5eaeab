//! What is wrong with a configuration, said so that its writer finds the place.

use std::fmt;
use std::path::PathBuf;

/// One mistake: where, at which key, and why.
///
/// `mcpd.toml:12: limits.per_key: "abc" is not a rate; write it as COUNT/PERIOD, for example 100/60s`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The file, if the mistake stands in one.
    pub file: Option<PathBuf>,
    /// The line in the file, from 1.
    pub line: Option<usize>,
    /// The dotted key, or the variable or flag that set it.
    pub key: Option<String>,
    /// What is wrong and what to write instead.
    pub reason: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(out, "{}:", file.display())?;
            if let Some(line) = self.line {
                write!(out, "{line}:")?;
            }
            out.write_str(" ")?;
        }
        if let Some(key) = &self.key {
            write!(out, "{key}: ")?;
        }
        out.write_str(&self.reason)
    }
}

/// All mistakes of a configuration, one a line; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaints(pub Vec<Complaint>);

impl fmt::Display for Complaints {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, complaint) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            complaint.fmt(out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}

impl From<Complaint> for Complaints {
    fn from(complaint: Complaint) -> Self {
        Self(vec![complaint])
    }
}
