//! What a first start makes and says: a configuration to edit, one key, and the line to paste.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use mcpd_config::Config;
use mcpd_ipc::SYSTEM_SOCKET;

use super::{Boot, LifeError, error::file};
use crate::{
    auth::{KeyTerms, Keyring, Scope, ToolPolicy},
    control::Facts,
};

/// Name of the key a first start makes.
const FIRST_KEY: &str = "first";

/// Writes a configuration with every setting commented out where there is none.
pub(super) fn write_config(boot: &Boot, read: Option<PathBuf>) -> Result<Option<PathBuf>, LifeError> {
    if read.is_some() {
        return Ok(read);
    }
    let path = &boot.place.config;
    let failed = || file("the configuration", path, "written");
    if let Some(parent) = path.parent() {
        crate::secret::private_folder(parent).map_err(failed())?;
    }
    let opened = std::fs::File::options().write(true).create_new(true).open(path);
    let mut written = opened.map_err(failed())?;
    written.write_all(mcpd_config::starter().as_bytes()).map_err(failed())?;
    Ok(Some(path.clone()))
}

/// What the words of a start depend on, besides the daemon.
pub(super) struct Greeting {
    /// Whether somebody named the state directory.
    pub(super) named: bool,
    /// Whether what is printed is kept where others may read it: no key is made then, for it could not be shown.
    pub(super) on_record: bool,
}

impl Greeting {
    /// Says on standard output that the daemon is ready, and on the first start how to connect.
    pub(super) async fn say(
        &self,
        facts: &Facts,
        keys: &Arc<Keyring>,
        config: &Config,
    ) -> Result<(), LifeError> {
        let mut text = format!("mcpd {} is ready\n\n", env!("CARGO_PKG_VERSION"));
        let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<8} {value}\n"));
        line("profile", facts.profile.as_str());
        line("endpoint", facts.url.as_deref().unwrap_or("none, clients come through: mcpd stdio"));
        line("control", &facts.socket.display().to_string());
        line("state", &facts.state.display().to_string());
        if let Some(path) = &facts.config_file {
            line("config", &path.display().to_string());
        }
        text.push('\n');
        text.push_str(&self.how_to_connect(facts, keys, config).await?);
        // Nobody may be reading; the daemon serves all the same.
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        Ok(())
    }

    async fn how_to_connect(
        &self,
        facts: &Facts,
        keys: &Arc<Keyring>,
        config: &Config,
    ) -> Result<String, LifeError> {
        let Some(url) = &facts.url else {
            // The client must find the same program and the same state as this process.
            let program =
                std::env::current_exe().map_or("mcpd".to_owned(), |path| path.display().to_string());
            let place =
                if self.named { format!(" --state-dir {}", facts.state.display()) } else { String::new() };
            return Ok(format!("Connect Claude Code:\n\n  claude mcp add mcpd -- {program} stdio{place}\n"));
        };
        // mcpctl finds the system's own daemon by itself.
        let place = match self.named && facts.socket != Path::new(SYSTEM_SOCKET) {
            true => format!("--state-dir {} ", facts.state.display()),
            false => String::new(),
        };
        let add = format!("claude mcp add --transport http mcpd {url}");
        if !config.auth.keys {
            return Ok(format!(
                "NO KEYS: profile simple lets in whoever reaches it. Connect Claude Code:\n\n  {add}\n"
            ));
        }
        if self.on_record || !keys.all().is_empty() {
            return Ok(format!("Add a client with: mcpctl {place}keys add NAME\n"));
        }
        let terms = KeyTerms {
            name: FIRST_KEY.to_owned(),
            tenant: "default".to_owned(),
            scopes: Scope::ALL.to_vec(),
            tools: ToolPolicy::default(),
            cidrs: Vec::new(),
            rate: None,
            connections: None,
            expires_at: None,
        };
        // Clients that run on Node.js bring their own list of authorities.
        let trust = match url.starts_with("https://") {
            true => {
                "For a certificate of your own authority: NODE_EXTRA_CA_CERTS=/path/of/authority.pem in its environment.\n\n"
            }
            false => "",
        };
        let added = keys.add(terms).await;
        let (_, key) = added.map_err(|error| LifeError::FirstKey(error.to_string()))?;
        Ok(format!(
            "This is the first start. Here is a key, shown only now. Connect Claude Code by pasting:\n\n  \
             {add} --header \"Authorization: Bearer {}\"\n\n{trust}\
             More keys: mcpctl {place}keys add NAME\n",
            key.reveal()
        ))
    }
}
