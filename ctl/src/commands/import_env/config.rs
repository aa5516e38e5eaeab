//! The daemon's configuration file: settings are put in, its comments stay, and a refused one is put back.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use mcpd_ipc::life::{Reload, ReloadReport};
use serde::Serialize;
use toml_edit::{DocumentMut, Item, Table, Value};

use super::settings::Settings;
use crate::{
    daemon::Daemon,
    error::{Error, Kind},
    file::CarefulFile,
    text_form::TextForm,
};

/// What the copies of the file are called after.
const COPY: &str = "before-import";

/// Where a daemon listens that was not told.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8765);

/// One setting of the file that becomes another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Setting {
    /// Its dotted key.
    pub(super) key: &'static str,
    /// As it is written now, if it is.
    pub(super) before: Option<String>,
    /// As it will be written.
    pub(super) after: String,
}

/// The file with the settings put in.
pub(super) struct Edited {
    file: CarefulFile,
    text: String,
    /// What differs.
    pub(super) settings: Vec<Setting>,
    /// The address that was left out, since the daemon would refuse it.
    pub(super) beyond_loopback: Option<SocketAddr>,
}

/// What was done with the file.
#[derive(Serialize)]
pub(super) struct Stored {
    /// The file.
    pub(super) file: PathBuf,
    /// The copy of it as it was.
    pub(super) backup: PathBuf,
    /// What the daemon made of it.
    pub(super) reload: ReloadReport,
}

impl Edited {
    /// Puts settings into the file at `path`, in memory.
    pub(super) fn new(path: &Path, wanted: &Settings) -> Result<Self, Error> {
        let file = CarefulFile::read(path)?;
        let Some(text) = file.text() else {
            let message = format!("the daemon's {} is not there any more", path.display());
            return Err(Error::new(Kind::NotFound, message));
        };
        let (form, text) = TextForm::of(text);
        let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            Error::new(Kind::Failed, format!("{} is not TOML; it is left as it is", path.display()))
                .because(error)
                .hint(format!("mcpd check {}", crate::quote::word(&path.display().to_string())))
        })?;
        let mut edited = Self { file, text: String::new(), settings: Vec::new(), beyond_loopback: None };
        if let Some(listen) = listen(&document, wanted) {
            if listen.ip().to_canonical().is_loopback() || is_ready_for_others(&document) {
                edited.set(&mut document, "server.listen", listen.to_string().into());
            } else {
                edited.beyond_loopback = Some(listen);
            }
        }
        if let Some(rate) = &wanted.per_key {
            edited.set(&mut document, "limits.per_key", rate.as_str().into());
        }
        if let Some(connections) = wanted.connections {
            edited.set(&mut document, "limits.connections", i64::from(connections).into());
        }
        edited.text = form.apply(&document.to_string());
        Ok(edited)
    }

    /// Sets one key; what stands around it, a comment behind it for one, stays.
    fn set(&mut self, document: &mut DocumentMut, key: &'static str, mut value: Value) {
        let (section, name) = key.split_once('.').unwrap_or((key, key));
        let shown = |value: &Value| value.clone().decorated("", "").to_string();
        let section = document.entry(section).or_insert_with(|| Item::Table(Table::new()));
        let Some(table) = section.as_table_like_mut() else { return };
        let before = table.get(name).and_then(Item::as_value).map(|old| {
            *value.decor_mut() = old.decor().clone();
            shown(old)
        });
        let after = shown(&value);
        if before.as_ref() != Some(&after) {
            match table.get_mut(name) {
                Some(item) => *item = Item::Value(value),
                None => drop(table.insert(name, Item::Value(value))),
            }
            self.settings.push(Setting { key, before, after });
        }
    }

    /// Writes the file and has the daemon load it; when the daemon refuses, the file is put back.
    pub(super) async fn store(&self, daemon: &Daemon, now: i64) -> Result<Stored, Error> {
        let backup = self.file.prepare_with_copy(COPY, now)?.put(&self.text)?.unwrap_or_default();
        match daemon.call(Reload {}).await {
            Ok(reload) => Ok(Stored { file: self.file.path().to_owned(), backup, reload }),
            Err(error) => {
                let kept = |error: Error| error.hint(format!("as it was it is kept as {}", backup.display()));
                let changed = CarefulFile::read(self.file.path()).map_err(kept)?;
                changed.replace(self.file.text().unwrap_or_default()).map_err(kept)?;
                // The file is what its copy is again.
                let _ = std::fs::remove_file(&backup);
                Err(error.hint(format!("{} was put back as it was", self.file.path().display())))
            }
        }
    }
}

/// Returns the address to write: what is wanted, completed by what the file says.
fn listen(document: &DocumentMut, wanted: &Settings) -> Option<SocketAddr> {
    if wanted.host.is_none() && wanted.port.is_none() {
        return None;
    }
    let written = document.get("server").and_then(|server| server.get("listen")).and_then(Item::as_str);
    let present = written.and_then(|text| text.parse().ok()).unwrap_or(LISTEN);
    Some(SocketAddr::new(wanted.host.unwrap_or(present.ip()), wanted.port.unwrap_or(present.port())))
}

/// Answers whether the daemon would listen beyond loopback: with TLS, or at its operator's word.
fn is_ready_for_others(document: &DocumentMut) -> bool {
    let said = document.get("server").and_then(|server| server.get("plaintext_lan"));
    let certificate = document.get("tls").and_then(|tls| tls.get("certificate"));
    said.and_then(Item::as_bool) == Some(true) || certificate.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, wanted: &Settings) -> Edited {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mcpd.toml");
        std::fs::write(&path, text).unwrap();
        Edited::new(&path, wanted).unwrap()
    }

    fn wanted(host: &str, port: u16) -> Settings {
        Settings {
            host: host.parse().ok(),
            port: Some(port),
            per_key: Some("9/30s".into()),
            connections: Some(50),
        }
    }

    #[test]
    fn comments_stay_and_what_is_missing_is_added() {
        let text = "# mine\n[server]\nlisten = \"127.0.0.1:1\" # here\n\n[telemetry]\nlog = \"info\"\n";
        let edited = edited(text, &wanted("127.0.0.1", 9000));
        insta::assert_snapshot!(edited.text, @r##"
        # mine
        [server]
        listen = "127.0.0.1:9000" # here

        [telemetry]
        log = "info"

        [limits]
        per_key = "9/30s"
        connections = 50
        "##);
        let keys: Vec<_> = edited.settings.iter().map(|setting| setting.key).collect();
        assert_eq!(keys, ["server.listen", "limits.per_key", "limits.connections"]);
    }

    #[test]
    fn what_an_editor_on_windows_wrote_stays_so() {
        let text = "\u{feff}# mine\r\n[server]\r\nlisten = \"127.0.0.1:1\" # here\r\n";
        let edited = edited(text, &wanted("127.0.0.1", 9000));
        let expected =
            text.replace(":1\"", ":9000\"") + "\r\n[limits]\r\nper_key = \"9/30s\"\r\nconnections = 50\r\n";
        assert_eq!(edited.text, expected);
    }

    #[test]
    fn a_second_time_changes_nothing() {
        let once = edited("", &wanted("127.0.0.1", 9000));
        let twice = edited(&once.text, &wanted("127.0.0.1", 9000));
        assert_eq!((twice.settings, twice.text), (Vec::new(), once.text));
    }

    #[test]
    fn an_address_beyond_loopback_needs_a_word_of_the_operators() {
        let refused = edited("", &wanted("0.0.0.0", 9000));
        assert_eq!(refused.beyond_loopback.unwrap().to_string(), "0.0.0.0:9000");
        assert!(!refused.text.contains("listen") && refused.text.contains("per_key"), "{}", refused.text);
        let taken = edited("[server]\nplaintext_lan = true\n", &wanted("0.0.0.0", 9000));
        assert!(taken.text.contains("listen = \"0.0.0.0:9000\""), "{}", taken.text);
        let taken = edited("[tls]\ncertificate = \"/c\"\nkey = \"/k\"\n", &wanted("0.0.0.0", 9000));
        assert!(taken.text.contains("listen = \"0.0.0.0:9000\""), "{}", taken.text);
        // A port alone keeps the host that is written.
        let port = Settings { port: Some(7), ..Settings::default() };
        assert!(edited("server.listen = \"[::1]:1\"\n", &port).text.contains("[::1]:7"));
    }
}
