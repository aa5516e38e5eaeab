//! What a new configuration changes, and which of it a running daemon takes without a restart.
//!
//! The table below names every setting once. It is exhaustive by the compiler: a field that is missing
//! from it, or twice in it, does not build.

use crate::tree::{
    Ai, Audit, Auth, Code, Config, Control, Embeddings, Limits, Memory, Network, Quality, Server, Store,
    Telemetry, Tls, Tools,
};

/// What it takes for a changed setting to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// A reload is enough.
    Live,
    /// The daemon must start anew.
    Restart,
}

impl Effect {
    fn pick<T: Clone>(self, running: &T, new: &T) -> T {
        match self {
            Self::Live => new.clone(),
            Self::Restart => running.clone(),
        }
    }
}

/// A setting whose value differs between two configurations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The dotted key.
    pub key: String,
    /// What it takes for the new value to count.
    pub effect: Effect,
}

/// A setting as the tree knows it.
pub(crate) struct Setting {
    /// The dotted key.
    pub(crate) key: &'static str,
    effect: Effect,
}

macro_rules! settings {
    (profile: $profile:ident; $($section:ident: $kind:ident { $($name:ident: $effect:ident,)+ })+) => {
        pub(crate) const SETTINGS: &[Setting] = &[
            Setting { key: "profile", effect: Effect::$profile },
            $($(Setting { key: concat!(stringify!($section), ".", stringify!($name)), effect: Effect::$effect },)+)+
        ];

        /// Says for each of [`SETTINGS`], in their order, whether it differs.
        fn differences(old: &Config, new: &Config) -> Vec<bool> {
            vec![
                old.profile != new.profile,
                $($(old.$section.$name != new.$section.$name,)+)+
            ]
        }

        /// Returns the running configuration with the live settings of the new one.
        ///
        /// What needs a restart keeps its running value, so the result is what really holds after a reload.
        #[must_use]
        pub fn merge_live(running: &Config, new: &Config) -> Config {
            Config {
                profile: Effect::$profile.pick(&running.profile, &new.profile),
                $($section: $kind {
                    $($name: Effect::$effect.pick(&running.$section.$name, &new.$section.$name),)+
                },)+
            }
        }
    };
}

settings! {
    profile: Restart;
    server: Server {
        http: Restart,
        listen: Restart,
        hosts: Live,
        origins: Live,
        body_limit: Restart,
        body_memory: Restart,
        plaintext_lan: Restart,
        http2: Restart,
        first_byte_deadline: Live,
        header_deadline: Live,
        body_deadline: Live,
        write_deadline: Live,
        keep_alive: Live,
        connection_age: Live,
        call_deadline: Live,
        drain_deadline: Live,
    }
    tls: Tls {
        certificate: Restart,
        key: Restart,
        client_ca: Restart,
        client_required: Live,
        clients: Live,
    }
    auth: Auth {
        keys: Restart,
        query_token: Live,
        failed_logins: Live,
    }
    network: Network {
        allow: Live,
        trusted_proxies: Live,
        forwarded_header: Live,
    }
    limits: Limits {
        per_key: Live,
        per_peer: Live,
        daily_calls_per_key: Live,
        connections: Live,
        connections_per_key: Live,
        sessions: Live,
        sessions_per_key: Live,
        session_idle: Live,
        calls: Live,
        limiter_entries: Live,
    }
    store: Store {
        path: Restart,
        readers: Restart,
    }
    memory: Memory {
        short_ttl: Live,
        mid_ttl: Live,
        max_content: Live,
        promote_after: Live,
        secrets: Live,
        project_memories: Live,
        project_size: Live,
        tenant_memories: Live,
        tenant_size: Live,
        index_memory: Live,
    }
    embeddings: Embeddings {
        source: Live,
        url: Live,
        model: Live,
        key_file: Live,
        deadline: Live,
    }
    code: Code {
        roots: Restart,
        threads: Live,
        max_files: Live,
        max_tree: Live,
        max_file: Live,
        file_deadline: Live,
        deadline: Live,
        graph_memory: Live,
    }
    ai: Ai {
        provider: Live,
        url: Live,
        model: Live,
        key_file: Live,
        sampling: Live,
        deadline: Live,
        stall: Live,
        retries: Live,
        concurrency: Live,
        input_tokens: Live,
        output_tokens: Live,
        monthly_tokens: Live,
    }
    quality: Quality {
        tests: Live,
        function_lines: Live,
        complexity: Live,
        nesting: Live,
        parameters: Live,
        class_complexity: Live,
        class_methods: Live,
        class_foreign: Live,
        coupling: Live,
        duplicate_tokens: Live,
        duplicate_likeness: Live,
        dead_confidence: Live,
        history: Live,
        history_commits: Live,
    }
    tools: Tools {
        families: Live,
    }
    telemetry: Telemetry {
        log: Live,
        format: Restart,
        directory: Restart,
        rotation: Restart,
        keep: Restart,
        listen: Restart,
    }
    audit: Audit {
        calls: Live,
        directory: Restart,
        file_size: Live,
        keep: Live,
    }
    control: Control {
        socket: Restart,
        group: Restart,
        frame_limit: Restart,
    }
}

/// Returns the settings that differ, in the order of the tree.
#[must_use]
pub fn changes(old: &Config, new: &Config) -> Vec<Change> {
    SETTINGS
        .iter()
        .zip(differences(old, new))
        .filter(|(_, differs)| *differs)
        .map(|(setting, _)| Change { key: setting.key.to_owned(), effect: setting.effect })
        .collect()
}

/// Returns the dotted key of every setting, in the order of the tree.
pub fn keys() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Origin, Overrides};

    fn config(text: &str) -> Config {
        Config::load(Some(("mcpd.toml".as_ref(), text)), &[(Origin::Flags, Overrides::default())]).unwrap()
    }

    #[test]
    fn a_configuration_does_not_differ_from_itself() {
        assert_eq!(changes(&config(""), &config("")), []);
    }

    #[test]
    fn changes_name_the_key_and_what_it_takes() {
        let new = config("[server]\nlisten = \"127.0.0.1:9000\"\nhosts = [\"mcp\"]\n[network]\nallow = []");
        let change = |key: &str, effect| Change { key: key.to_owned(), effect };
        assert_eq!(
            changes(&config(""), &new),
            [
                change("server.listen", Effect::Restart),
                change("server.hosts", Effect::Live),
                change("network.allow", Effect::Live)
            ]
        );
    }

    #[test]
    fn a_merge_takes_the_live_and_keeps_the_rest() {
        let running = config("[store]\nreaders = 2");
        let new = config("[store]\nreaders = 9\n[limits]\ncalls = 3\n[telemetry]\nlog = \"debug\"\nkeep = 2");
        let merged = merge_live(&running, &new);
        assert_eq!(merged, config("[store]\nreaders = 2\n[limits]\ncalls = 3\n[telemetry]\nlog = \"debug\""));
        assert!(changes(&merged, &new).iter().all(|change| change.effect == Effect::Restart));
    }
}
