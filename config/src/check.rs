//! The rules between keys, and the check of a file on its own.

use std::path::Path;

use crate::complaint::{Complaint, Complaints};
use crate::tree::Config;
use crate::word::{AiProvider, EmbeddingSource, Profile};

/// A rule that does not hold.
pub(crate) struct Broken {
    /// The keys the rule reads; the complaint stands at the first that a user wrote.
    pub(crate) reads: &'static [&'static str],
    /// Why, and what to write instead.
    pub(crate) reason: String,
}

/// Returns the rules between keys that a configuration breaks.
pub(crate) fn rules(config: &Config) -> Vec<Broken> {
    let all = [
        keys_are_asked_for(config),
        nothing_travels_readable(config),
        figures_travel_readable(config),
        a_certificate_has_a_key(config),
        clients_have_an_authority(config),
        a_certificate_stands_for_a_key(config),
        an_open_door_has_a_list(config),
        short_is_shorter(config),
        one_body_fits(config),
        an_endpoint_is_named(config),
        a_model_is_named(config),
        an_answer_comes_in_time(config),
        operators_reach_the_socket(config),
    ];
    all.into_iter().flatten().collect()
}

fn keys_are_asked_for(config: &Config) -> Option<Broken> {
    let broken = !config.auth.keys && config.profile != Profile::Simple;
    broken.then(|| Broken {
        reads: &["auth.keys", "profile"],
        reason: format!("false is only for profile simple, and the profile is {}", config.profile),
    })
}

fn nothing_travels_readable(config: &Config) -> Option<Broken> {
    let listen = config.server.listen;
    let broken = !is_loopback(config) && !config.tls.is_on() && !config.server.plaintext_lan;
    broken.then(|| Broken {
        reads: &["server.listen", "server.plaintext_lan"],
        reason: format!(
            "{listen} is not a loopback address, and without TLS keys and data would travel readable; name \
             certificate and key in [tls], listen on 127.0.0.1, or write plaintext_lan = true in [server] to accept \
             that"
        ),
    })
}

fn figures_travel_readable(config: &Config) -> Option<Broken> {
    let listen = config.telemetry.listen.filter(|listen| !listen.ip().to_canonical().is_loopback())?;
    (!config.server.plaintext_lan).then(|| Broken {
        reads: &["telemetry.listen", "server.plaintext_lan"],
        reason: format!(
            "{listen} is not a loopback address, and figures travel readable there, with TLS or without; listen on \
             127.0.0.1, or write plaintext_lan = true in [server] to accept that"
        ),
    })
}

fn a_certificate_has_a_key(config: &Config) -> Option<Broken> {
    let (reads, reason): (&[&str], _) = match (&config.tls.certificate, &config.tls.key) {
        (Some(_), None) => (&["tls.certificate", "tls.key"], "needs its private key; name the file in key"),
        (None, Some(_)) => {
            (&["tls.key", "tls.certificate"], "needs its certificate; name the file in certificate")
        }
        (Some(_), Some(_)) | (None, None) => return None,
    };
    Some(Broken { reads, reason: reason.to_owned() })
}

fn clients_have_an_authority(config: &Config) -> Option<Broken> {
    let tls = &config.tls;
    let (reads, reason): (&[&str], _) = match (&tls.client_ca, &tls.certificate) {
        (Some(_), None) => (&["tls.client_ca"], "is for TLS; name certificate and key of the port, too"),
        (None, _) if tls.client_required => {
            (&["tls.client_required"], "needs client_ca, the authority that client certificates come from")
        }
        (None, _) if !tls.clients.is_empty() => {
            (&["tls.clients"], "need client_ca, the authority that client certificates come from")
        }
        (Some(_), Some(_)) | (None, _) => return None,
    };
    Some(Broken { reads, reason: reason.to_owned() })
}

fn a_certificate_stands_for_a_key(config: &Config) -> Option<Broken> {
    (!config.auth.keys && !config.tls.clients.is_empty()).then(|| Broken {
        reads: &["tls.clients", "auth.keys", "profile"],
        reason: "stand for keys, and no key is asked for; leave them out, or write keys = true in [auth]"
            .to_owned(),
    })
}

fn an_open_door_has_a_list(config: &Config) -> Option<Broken> {
    let broken = config.profile == Profile::Simple && !is_loopback(config) && config.network.allow.is_none();
    broken.then(|| Broken {
        reads: &["server.listen", "network.allow", "profile"],
        reason: format!("{} is not a loopback address, and profile simple asks for no key; say in network.allow who may call", config.server.listen),
    })
}

fn short_is_shorter(config: &Config) -> Option<Broken> {
    let broken = config.memory.short_ttl > config.memory.mid_ttl;
    broken.then(|| Broken {
        reads: &["memory.short_ttl", "memory.mid_ttl"],
        reason: "short memories would outlive mid ones; short_ttl must not be longer than mid_ttl".to_owned(),
    })
}

fn one_body_fits(config: &Config) -> Option<Broken> {
    let server = &config.server;
    (server.body_memory < server.body_limit).then(|| Broken {
        reads: &["server.body_memory", "server.body_limit"],
        reason: format!(
            "{} bytes for all bodies, and one may have {}: the largest would never be read; \
             body_memory must be at least body_limit",
            server.body_memory, server.body_limit
        ),
    })
}

fn an_endpoint_is_named(config: &Config) -> Option<Broken> {
    let embeddings = &config.embeddings;
    let missing = embeddings.url.is_none() || embeddings.model.is_none();
    (embeddings.source == EmbeddingSource::Endpoint && missing).then(|| Broken {
        reads: &["embeddings.source"],
        reason: "an endpoint needs url and model, as in url = \"http://127.0.0.1:11434/v1/embeddings\" and \
                 model = \"bge-m3\""
            .to_owned(),
    })
}

fn a_model_is_named(config: &Config) -> Option<Broken> {
    let missing = config.ai.provider != AiProvider::Off && config.ai.model.is_none();
    missing.then(|| Broken {
        reads: &["ai.provider"],
        reason: "a provider needs a model; write its name in model, as the provider spells it".to_owned(),
    })
}

fn an_answer_comes_in_time(config: &Config) -> Option<Broken> {
    let (answer, call) = (config.ai.deadline, config.server.call_deadline);
    (config.ai.provider != AiProvider::Off && answer >= call).then(|| Broken {
        reads: &["ai.deadline", "server.call_deadline", "ai.provider"],
        reason: format!(
            "an answer may take {}s and a call {}s: the facts would never reach the caller when the provider \
             stalls; deadline must be shorter than server.call_deadline",
            answer.as_secs_f64(),
            call.as_secs_f64()
        ),
    })
}

fn operators_reach_the_socket(config: &Config) -> Option<Broken> {
    let broken = config.control.group.is_some() && config.control.socket.is_none();
    broken.then(|| Broken {
        reads: &["control.group"],
        reason: "its members cannot reach into a user's own directories; name a socket in a place they can, as in \
                 socket = \"/run/mcpd/mcpd.sock\""
            .to_owned(),
    })
}

fn is_loopback(config: &Config) -> bool {
    config.server.listen.ip().to_canonical().is_loopback()
}

impl Config {
    /// Reads and checks a file as it stands, without environment and flags.
    ///
    /// # Errors
    /// Returns every mistake in the file; that it cannot be read is one.
    pub fn check_file(path: &Path) -> Result<Self, Complaints> {
        let text = std::fs::read_to_string(path).map_err(|error| Complaint {
            file: Some(path.to_owned()),
            line: None,
            key: None,
            reason: format!("cannot be read: {error}"),
        })?;
        Self::load(Some((path, &text)), &[])
    }
}
