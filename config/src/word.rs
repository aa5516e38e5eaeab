//! Settings with a few named choices, written as lower-case words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use crate::nearest::nearest;
use crate::written::Written;

/// The reason why a text is none of a setting's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not {what}; {}", self.advice())]
pub struct UnknownWord {
    given: String,
    what: &'static str,
    choices: &'static [&'static str],
}

impl UnknownWord {
    fn advice(&self) -> String {
        match nearest(&self.given, self.choices.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("it is one of {}", self.choices.join(", ")),
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Returns the word that the file, flags and replies use.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(given: &str) -> Result<Self, UnknownWord> {
                match given {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { given: given.to_owned(), what: $what, choices: &[$($word),+] }),
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                input.deserialize_str(Written {
                    form: concat!($what, " in quotes"),
                    read: |written| written.parse().map_err(|error: UnknownWord| error.to_string()),
                })
            }
        }
    };
}

words! {
    /// Who the daemon is for.
    Profile, "a profile" {
        /// One person on one machine: no TCP port, clients come through `mcpd stdio`.
        Unified = "unified",
        /// HTTP without keys, for a trusted bench; only by an explicit choice.
        Simple = "simple",
        /// HTTP with keys, allowlist, limits and audit: the default.
        Enterprise = "enterprise",
    }
}

words! {
    /// The header in which a trusted proxy names the peer.
    ForwardedHeader, "a forwarded header" {
        /// `X-Forwarded-For`, the one nearly every proxy writes.
        XForwardedFor = "x-forwarded-for",
        /// `Forwarded`, RFC 7239.
        Forwarded = "forwarded",
    }
}

words! {
    /// How a log line is written.
    LogFormat, "a log format" {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

words! {
    /// When a new log file is begun.
    Rotation, "a rotation" {
        /// Every full UTC hour.
        Hourly = "hourly",
        /// At UTC midnight.
        Daily = "daily",
        /// Never: one file that grows.
        Never = "never",
    }
}

words! {
    /// What happens to a memory that looks like it holds a secret.
    SecretRule, "a rule for secrets" {
        /// It is stored, and the answer warns.
        Warn = "warn",
        /// It is refused.
        Refuse = "refuse",
        /// Nobody looks.
        Allow = "allow",
    }
}

words! {
    /// What makes the vectors of memories.
    EmbeddingSource, "a source of embeddings" {
        /// Nothing: words alone decide.
        Off = "off",
        /// A model in process, once it is installed.
        Local = "local",
        /// An endpoint that speaks OpenAI's protocol for embeddings.
        Endpoint = "endpoint",
    }
}

words! {
    /// Whose protocol the provider of the tools of family ai speaks.
    AiProvider, "a provider" {
        /// Nobody is asked: the calling model gets the facts.
        Off = "off",
        /// Anthropic's Messages API.
        Anthropic = "anthropic",
        /// OpenAI's chat completions, which many servers speak.
        OpenAi = "openai",
    }
}

words! {
    /// Which calls of clients the audit records beside those that are denied.
    AuditedCalls, "a choice of calls" {
        /// None of them.
        None = "none",
        /// Those of tools that write.
        Writes = "writes",
        /// Those of every tool.
        All = "all",
    }
}

words! {
    /// A family of tools.
    ToolFamily, "a family of tools" {
        /// What projects remember.
        Memory = "memory",
        /// Their source code.
        Code = "code",
        /// Sessions, todos, decisions, notes.
        Context = "context",
        /// What is wrong with the code, and what it costs.
        Quality = "quality",
        /// Errors that are known, and what helped.
        Firewall = "firewall",
        /// Facts gathered for a model, or answered by one.
        Ai = "ai",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_strangers_get_advice() {
        for profile in [Profile::Unified, Profile::Simple, Profile::Enterprise] {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        let near = "enterprize".parse::<Profile>().unwrap_err().to_string();
        assert_eq!(near, "\"enterprize\" is not a profile; did you mean \"enterprise\"?");
        let far = "xml".parse::<LogFormat>().unwrap_err().to_string();
        assert_eq!(far, "\"xml\" is not a log format; it is one of text, json");
    }
}
