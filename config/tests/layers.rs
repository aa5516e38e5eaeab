//! The reference is complete, the layers win in the right order, and places are right.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mcpd_config::{
    Config, ForwardedHeader, LogFormat, Origin, Overrides, Profile, REFERENCE, Rotation, keys, starter,
};

fn load(text: &str, layers: &[(Origin, Overrides)]) -> Result<Config, String> {
    Config::load(Some((Path::new("mcpd.toml"), text)), layers).map_err(|complaints| complaints.to_string())
}

fn environment(variables: &[(&str, &str)]) -> (Origin, Overrides) {
    let find =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    (Origin::Environment, Overrides::from_env(find))
}

#[test]
fn the_reference_names_every_key_and_no_other() {
    let mut named = BTreeSet::new();
    let mut section = String::new();
    for line in REFERENCE.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
            continue;
        }
        let setting = line.strip_prefix("# ").unwrap_or(line);
        if let Some((key, _)) = setting.split_once(" = ").filter(|(key, _)| !key.contains(' ')) {
            assert!(named.insert(format!("{section}{key}")), "{key} stands twice");
        }
    }
    assert_eq!(named, keys().map(str::to_owned).collect());
}

#[test]
fn the_defaults_are_these() {
    let config = Config::load(None, &[]).unwrap();
    assert_eq!(config.profile, Profile::Enterprise);
    assert!(config.server.http && config.auth.keys && !config.server.plaintext_lan);
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8765");
    assert_eq!(config.server.body_limit, 4 << 20);
    let deadlines =
        [config.server.header_deadline, config.server.call_deadline, config.server.drain_deadline];
    assert_eq!(deadlines, [10, 60, 30].map(Duration::from_secs));
    let server = &config.server;
    let waits = [server.first_byte_deadline, server.body_deadline, server.write_deadline, server.keep_alive];
    assert_eq!(waits, [10, 30, 20, 30].map(Duration::from_secs));
    assert_eq!((server.connection_age, server.body_memory), (Duration::from_secs(86_400), 64 << 20));
    assert!(!server.http2);
    assert!(!config.tls.is_on() && !config.tls.client_required && config.tls.clients.is_empty());
    assert_eq!(config.auth.failed_logins.to_string(), "30/60s");
    assert_eq!(
        (config.network.allow, config.network.forwarded_header),
        (None, ForwardedHeader::XForwardedFor)
    );
    let limits = config.limits;
    assert_eq!(
        (limits.per_key.to_string().as_str(), limits.per_peer.to_string().as_str()),
        ("100/60s", "1200/60s")
    );
    assert_eq!((limits.connections, limits.connections_per_key), (1000, 200));
    assert_eq!((limits.sessions, limits.sessions_per_key), (10_000, 1000));
    assert_eq!((limits.daily_calls_per_key, limits.calls, limits.limiter_entries), (0, 512, 65_536));
    assert_eq!(limits.session_idle, Duration::from_secs(3600));
    assert_eq!((config.store.path, config.store.readers), (None, 4));
    assert_eq!(config.memory.short_ttl, Duration::from_secs(24 * 3600));
    assert_eq!(config.memory.mid_ttl, Duration::from_secs(30 * 24 * 3600));
    assert_eq!(config.memory.max_content, 1 << 20);
    let telemetry = config.telemetry;
    assert_eq!(
        (telemetry.log.as_str(), telemetry.format, telemetry.directory),
        ("info", LogFormat::Text, None)
    );
    assert_eq!((telemetry.rotation, telemetry.keep), (Rotation::Daily, 7));
    assert_eq!((config.control.socket, config.control.frame_limit), (None, 1 << 20));
}

#[test]
fn the_commented_keys_of_the_reference_hold_when_taken_in() {
    let taken_in = REFERENCE.replace("# allow =", "allow =").replace("# path =", "path =");
    let taken_in = taken_in.replace("# directory =", "directory =").replace("# socket =", "socket =");
    let taken_in = taken_in.replace("# certificate =", "certificate =").replace("# key =", "key =");
    let config = load(&taken_in, &[]).unwrap();
    assert!(config.tls.is_on());
    assert_eq!(config.network.allow.unwrap().len(), 3);
    assert!(
        config.store.path.is_some()
            && config.telemetry.directory.is_some()
            && config.control.socket.is_some()
    );
}

#[test]
fn the_starter_file_sets_nothing() {
    for word in ["unified", "simple", "enterprise"] {
        let layers = [(Origin::Flags, Overrides { profile: Some(word.to_owned()), ..Overrides::default() })];
        assert_eq!(load(&starter(), &layers), load("", &layers));
    }
}

#[test]
fn a_profile_lies_between_the_defaults_and_the_file() {
    assert!(!load("profile = \"unified\"", &[]).unwrap().server.http);
    assert!(load("profile = \"unified\"\n[server]\nhttp = true", &[]).unwrap().server.http);
    assert!(!load("profile = \"simple\"", &[]).unwrap().auth.keys);
    assert!(load("profile = \"simple\"\n[auth]\nkeys = true", &[]).unwrap().auth.keys);
}

#[test]
fn each_layer_beats_those_below() {
    let file = "profile = \"simple\"\n[server]\nlisten = \"127.0.0.1:1\"\n[telemetry]\nlog = \"warn\"\n[control]\nsocket = \"/file\"";
    let variables = environment(&[
        ("MCPD_PROFILE", "unified"),
        ("MCPD_LISTEN", "127.0.0.1:2"),
        ("MCPD_LOG", "debug"),
        ("MCPD_SOCKET", "/environment"),
        ("MCPD_LOG_FORMAT", "json"),
    ]);
    let flags = Overrides {
        profile: Some("enterprise".to_owned()),
        listen: Some("127.0.0.1:3".to_owned()),
        ..Overrides::default()
    };

    let config = load(file, &[]).unwrap();
    assert_eq!((config.profile, config.server.listen.port()), (Profile::Simple, 1));
    assert_eq!(config.control.socket, Some(PathBuf::from("/file")));

    let config = load(file, std::slice::from_ref(&variables)).unwrap();
    assert_eq!((config.profile, config.server.listen.port()), (Profile::Unified, 2));
    assert!(!config.server.http && config.auth.keys);
    assert_eq!(config.control.socket, Some(PathBuf::from("/environment")));
    assert_eq!(config.telemetry.format, LogFormat::Text, "the format has no variable");

    // The order in which the layers are handed over does not matter, their origin does.
    let config = load(file, &[(Origin::Flags, flags), variables]).unwrap();
    assert_eq!((config.profile, config.server.listen.port()), (Profile::Enterprise, 3));
    assert_eq!((config.server.http, config.telemetry.log.as_str()), (true, "debug"));
}

#[test]
fn an_empty_variable_is_unset() {
    assert_eq!(load("", &[environment(&[("MCPD_PROFILE", ""), ("MCPD_SOCKET", "")])]), load("", &[]));
}

#[test]
fn an_override_is_complained_about_by_its_name() {
    let flags = Overrides {
        listen: Some("0.0.0.0:8765".to_owned()),
        log_format: Some("xml".to_owned()),
        ..Overrides::default()
    };
    let said = load(
        "[store]\nreaders = 0",
        &[environment(&[("MCPD_PROFILE", "smple"), ("MCPD_LISTEN", "8765")]), (Origin::Flags, flags)],
    );
    assert_eq!(
        said.unwrap_err().lines().collect::<Vec<_>>(),
        [
            "mcpd.toml:2: store.readers: invalid value: integer `0`, expected a whole number from 1 to 4294967295",
            "MCPD_PROFILE: \"smple\" is not a profile; did you mean \"simple\"?",
            "MCPD_LISTEN: \"8765\" is not an address with a port; write it as in 127.0.0.1:8765 or [::1]:8765",
            "--log-format: \"xml\" is not a log format; it is one of text, json",
        ]
    );
}

#[test]
fn a_broken_rule_stands_at_the_layer_that_broke_it() {
    let said = load("[server]\nlisten = \"127.0.0.1:1\"", &[environment(&[("MCPD_LISTEN", "0.0.0.0:1")])])
        .unwrap_err();
    assert!(said.starts_with("MCPD_LISTEN: 0.0.0.0:1 is not a loopback address, and without TLS"), "{said}");
    let flags = Overrides { profile: Some("enterprise".to_owned()), ..Overrides::default() };
    let said = load("profile = \"simple\"\n[auth]\nkeys = false", &[(Origin::Flags, flags)]).unwrap_err();
    assert_eq!(
        said,
        "mcpd.toml:3: auth.keys: false is only for profile simple, and the profile is enterprise"
    );
}

#[test]
fn an_open_simple_daemon_with_a_list_is_allowed() {
    let text =
        "profile = \"simple\"\n[server]\nlisten = \"0.0.0.0:1\"\nplaintext_lan = true\n[network]\nallow = []";
    assert_eq!(load(text, &[]).unwrap().network.allow, Some(Vec::new()));
}

#[test]
fn every_complaint_has_the_line_of_its_mistake() {
    let text = r#"# The lines that end in "wrong" are wrong.
profile = "none" # wrong
speed = 1 # wrong

server.http = 1 # wrong
server.hosts = [
    "ok",
    "not ok", # wrong
    # A line between.
    5, # wrong
]
auth = { keys = true, failed_logins = "x" } # wrong

[limits]
per_key = """
a""" # not here: a value begins where its quotes do
calls = 0 # wrong
[limits.per_peer] # wrong
count = 3
[memory]

mid_ttl = "1s" # wrong
[[store]] # wrong
"#;
    let mut marked: Vec<usize> = (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.ends_with("# wrong"))
        .map(|(number, _)| number)
        .collect();
    marked.push(1 + text.lines().position(|line| line.starts_with("per_key")).unwrap());
    marked.sort_unstable();
    let complaints = Config::load(Some((Path::new("mcpd.toml"), text)), &[]).unwrap_err();
    let said: Vec<usize> = complaints.0.iter().filter_map(|complaint| complaint.line).collect();
    assert_eq!(said, marked, "{complaints}");

    let crlf = text.replace('\n', "\r\n");
    let complaints = Config::load(Some((Path::new("mcpd.toml"), &crlf)), &[]).unwrap_err();
    assert_eq!(complaints.0.iter().filter_map(|complaint| complaint.line).collect::<Vec<_>>(), marked);
}
