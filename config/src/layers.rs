//! What the environment and the flags say: the layers above the file.

use std::path::PathBuf;

/// Where an override comes from; later ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `MCPD_*` variables.
    Environment,
    /// Command line flags.
    Flags,
}

/// Settings given outside the file, as they were written; absent leaves the layers below alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `profile`: `MCPD_PROFILE`, `--profile`.
    pub profile: Option<String>,
    /// `server.listen`: `MCPD_LISTEN`, `--listen`.
    pub listen: Option<String>,
    /// `telemetry.log`: `MCPD_LOG`, `--log`.
    pub log: Option<String>,
    /// `telemetry.format`: `--log-format`.
    pub log_format: Option<String>,
    /// `control.socket`: `MCPD_SOCKET`, `--socket`. A path, as it need not be UTF-8.
    pub socket: Option<PathBuf>,
}

/// One override that goes through the tree's own checks.
pub(crate) struct Given<'a> {
    /// The dotted key it sets.
    pub(crate) key: &'static str,
    /// What to call it in a complaint: the variable or the flag.
    pub(crate) name: &'static str,
    /// What was written.
    pub(crate) value: &'a str,
}

impl Overrides {
    /// Reads the variables that set something here; an empty one counts as unset.
    ///
    /// `MCPD_CONFIG` and `MCPD_STATE_DIR` are the daemon's own and not read.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name| variable(name).filter(|value| !value.is_empty());
        Self {
            profile: read("MCPD_PROFILE"),
            listen: read("MCPD_LISTEN"),
            log: read("MCPD_LOG"),
            log_format: None,
            socket: read("MCPD_SOCKET").map(PathBuf::from),
        }
    }

    /// Returns what is set, with the name its writer knows it by.
    pub(crate) fn given(&self, origin: Origin) -> Vec<Given<'_>> {
        let all = [
            ("profile", "MCPD_PROFILE", "--profile", &self.profile),
            ("server.listen", "MCPD_LISTEN", "--listen", &self.listen),
            ("telemetry.log", "MCPD_LOG", "--log", &self.log),
            ("telemetry.format", "telemetry.format", "--log-format", &self.log_format),
        ];
        all.into_iter()
            .filter_map(|(key, variable, flag, value)| {
                let name = match origin {
                    Origin::Environment => variable,
                    Origin::Flags => flag,
                };
                Some(Given { key, name, value: value.as_deref()? })
            })
            .collect()
    }
}
