//! Host, port and limits: what goes into the daemon's configuration file.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::plan::Taken;

/// The most specific first: a machine's own `HOST` may stand in the file for another purpose.
const HOSTS: [&str; 10] = [
    "MCP_SERVER_HOST",
    "MCP_BIND_ADDRESS",
    "MCP_BIND_HOST",
    "MCP_BIND",
    "MCP_HOST",
    "SERVER_HOST",
    "BIND_ADDRESS",
    "BIND_HOST",
    "BIND",
    "HOST",
];
const PORTS: [&str; 6] = ["MCP_SERVER_PORT", "MCP_BIND_PORT", "MCP_PORT", "SERVER_PORT", "BIND_PORT", "PORT"];

/// Settings for the daemon's configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Settings {
    /// Where to listen; a part that is not said stays as it is.
    pub(super) host: Option<IpAddr>,
    /// On which port.
    pub(super) port: Option<u16>,
    /// Rate of a key, `COUNT/PERIOD`.
    pub(super) per_key: Option<String>,
    /// Connections at a time.
    pub(super) connections: Option<u32>,
}

impl Settings {
    /// Decides what to set; says what makes no sense, in words that do not repeat it.
    pub(super) fn of(taken: &mut Taken<'_>, refused: &mut Vec<String>) -> Self {
        let mut settings = Self::default();
        settings.address(taken, refused);
        settings.limits(taken, refused);
        settings
    }

    /// Returns whether there is nothing to set.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn address(&mut self, taken: &mut Taken<'_>, refused: &mut Vec<String>) {
        if let Some((name, value)) = taken.first(&HOSTS) {
            match host(value) {
                Some((host, port)) => (self.host, self.port) = (Some(host), port),
                None => refused.push(format!("{name} is no address; a name is not looked up")),
            }
        }
        if let Some((name, value)) = taken.first(&PORTS) {
            match value.parse::<u16>() {
                Ok(port) if port > 0 => self.port = Some(port),
                Ok(_) | Err(_) => refused.push(format!("{name} is no port")),
            }
        }
    }

    fn limits(&mut self, taken: &mut Taken<'_>, refused: &mut Vec<String>) {
        let window = taken.either("RATE_LIMIT_WINDOW");
        let requests = taken.either("RATE_LIMIT_REQUESTS");
        let per_minute = taken.either("RATE_LIMIT_PER_MINUTE");
        let rate = taken.either("RATE_LIMIT");
        let told = match (requests, per_minute, rate) {
            (Some((name, count)), _, _) => {
                Some((name, rate_of(count, window.map_or("60", |(_, window)| window))))
            }
            (None, Some((name, count)), _) => Some((name, rate_of(count, "60"))),
            (None, None, Some((name, value))) => Some((
                name,
                match value.split_once('/') {
                    Some((count, period)) => rate_of(count, period),
                    None => rate_of(value, "60"),
                },
            )),
            (None, None, None) => None,
        };
        match told {
            Some((_, Some(rate))) => self.per_key = Some(rate),
            Some((name, None)) => refused.push(format!("{name} is no rate")),
            None => {}
        }
        if let Some((name, value)) = taken.either("MAX_CONNECTIONS") {
            match value.parse::<u32>() {
                Ok(connections) if connections > 0 => self.connections = Some(connections),
                Ok(_) | Err(_) => refused.push(format!("{name} is no number of connections")),
            }
        }
    }
}

/// Parses an address, which may bring its port along.
fn host(value: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(address) = value.parse::<SocketAddr>() {
        return Some((address.ip(), Some(address.port())));
    }
    let (name, port) = match value.strip_prefix("localhost") {
        Some(rest) => ("127.0.0.1", rest.strip_prefix(':').map(str::parse).transpose().ok()?),
        None => (value.trim_start_matches('[').trim_end_matches(']'), None),
    };
    let is_whole = port.is_some() || !value.starts_with("localhost") || value == "localhost";
    name.parse().ok().filter(|_| is_whole).map(|host| (host, port))
}

/// Returns a rate as the configuration writes it, from a count and a period in seconds, with its unit, or in a word.
fn rate_of(count: &str, period: &str) -> Option<String> {
    let count: u32 = count.trim().parse().ok().filter(|count| *count > 0)?;
    let period = period.trim().to_ascii_lowercase();
    let seconds = match period.as_str() {
        "s" | "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hour" => 3600,
        "d" | "day" => 86_400,
        other => match other.parse() {
            Ok(seconds) => seconds,
            Err(_) => {
                humantime::parse_duration(other).ok().filter(|period| period.subsec_nanos() == 0)?.as_secs()
            }
        },
    };
    (seconds > 0).then(|| format!("{count}/{seconds}s"))
}

#[cfg(test)]
mod tests {
    use super::super::{dotenv::Variables, plan::Plan};

    fn plan(text: &str) -> Plan {
        Plan::of(&Variables::parse(text))
    }

    #[test]
    fn host_and_port_stand_together_or_apart() {
        let settings = |text| {
            let settings = plan(text).settings;
            (settings.host.map(|host| host.to_string()), settings.port)
        };
        assert_eq!(settings("HOST=0.0.0.0\nPORT=8080"), (Some("0.0.0.0".into()), Some(8080)));
        assert_eq!(settings("MCP_BIND=127.0.0.1:9000"), (Some("127.0.0.1".into()), Some(9000)));
        assert_eq!(settings("HOST=localhost:9000\nPORT=1"), (Some("127.0.0.1".into()), Some(1)));
        assert_eq!(settings("HOST=[::1]\nMCP_SERVER_PORT=7\nPORT=8"), (Some("::1".into()), Some(7)));
        assert_eq!(settings("BIND=[::]:80"), (Some("::".into()), Some(80)));
        let bad = plan("HOST=example.org\nPORT=80000\n");
        assert_eq!(bad.refused, ["HOST is no address; a name is not looked up", "PORT is no port"]);
        assert!(bad.settings.is_empty() && plan("HOST=localhosts").refused.len() == 1);
    }

    #[test]
    fn limits_come_in_many_words() {
        let rate = |text: &str| plan(text).settings.per_key;
        assert_eq!(rate("RATE_LIMIT=100").as_deref(), Some("100/60s"));
        assert_eq!(rate("MCP_RATE_LIMIT=5/1h").as_deref(), Some("5/3600s"));
        assert_eq!(rate("RATE_LIMIT=5/minute").as_deref(), Some("5/60s"));
        assert_eq!(rate("RATE_LIMIT_REQUESTS=9\nRATE_LIMIT_WINDOW=30").as_deref(), Some("9/30s"));
        assert_eq!(rate("RATE_LIMIT_PER_MINUTE=9\nRATE_LIMIT=1").as_deref(), Some("9/60s"));
        for bad in
            ["RATE_LIMIT=0", "RATE_LIMIT=many", "RATE_LIMIT=5/0", "RATE_LIMIT=5/1ms", "MAX_CONNECTIONS=-1"]
        {
            assert_eq!(plan(bad).refused.len(), 1, "{bad}");
        }
        assert_eq!(plan("MCP_MAX_CONNECTIONS=50").settings.connections, Some(50));
        assert_eq!(plan("RATE_LIMIT=\nMAX_CONNECTIONS=''").untaken, [""; 0]);
    }
}
