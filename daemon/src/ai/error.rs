//! Why no model's words came. Each reason is for the caller too, so none holds a path, a key or what was sent; the log
//! has the rest.

use std::{io, path::PathBuf, time::Duration};

use super::Unusable;
use crate::{
    outbound::{OutboundError, Said},
    store::StoreError,
};

/// Why a prompt has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Silence {
    /// No provider is set up.
    #[error("no provider is set up")]
    Off,
    /// As many answers are being made as may be.
    #[error("{most} answers are being made already")]
    Busy {
        /// Answers at a time.
        most: u32,
    },
    /// The tenant has used up its month.
    #[error("this month's budget of {budget} tokens has no room for this prompt")]
    Budget {
        /// Tokens of a month.
        budget: i64,
    },
    /// The key cannot be read.
    #[error("the file with the provider's key cannot be read")]
    KeyFile {
        /// The file, for the log.
        file: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The books cannot be kept.
    #[error("what the answer costs cannot be written down now")]
    Store(#[source] StoreError),
    /// The provider did not answer.
    #[error(transparent)]
    Provider(ProviderError),
    /// It answered something else.
    #[error("the answer of the provider cannot be used: {0}")]
    Unusable(Unusable),
}

impl Silence {
    /// Returns the word in figures.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Busy { .. } => "busy",
            Self::Budget { .. } => "budget",
            Self::KeyFile { .. } => "key",
            Self::Store(_) => "store",
            Self::Provider(_) => "provider",
            Self::Unusable(_) => "unusable",
        }
    }

    /// Returns what is beyond the words for the caller, for the log.
    pub(super) fn detail(&self) -> Option<String> {
        match self {
            Self::KeyFile { file, error } => Some(format!("{}: {error}", file.display())),
            Self::Store(error) => Some(error.to_string()),
            Self::Off | Self::Busy { .. } | Self::Budget { .. } | Self::Provider(_) | Self::Unusable(_) => {
                None
            }
        }
    }
}

/// Why a provider gave no whole answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// It cannot be asked, or refused.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The prompt cannot be written.
    #[error("the prompt cannot be written as JSON")]
    Prompt(#[source] serde_json::Error),
    /// Its answer stopped in the middle.
    #[error("{place} sent nothing for {} s in the middle of its answer", after.as_secs_f32())]
    Stalled {
        /// Host and port.
        place: String,
        /// How long was waited.
        after: Duration,
    },
    /// Its answer has no end.
    #[error("{place} ended its answer in the middle")]
    Unfinished {
        /// Host and port.
        place: String,
    },
    /// Its answer is longer than was asked for.
    #[error("{place} had more to say than the {tokens} tokens an answer may have")]
    TooLong {
        /// Host and port.
        place: String,
        /// Tokens of an answer.
        tokens: u32,
    },
    /// The model will not answer this.
    #[error("the model of {place} declined to answer")]
    Declined {
        /// Host and port.
        place: String,
    },
    /// It sends back the key it was shown.
    #[error("the answer of {place} repeats the key it was shown, and is not used")]
    Repeats {
        /// Host and port.
        place: String,
    },
    /// It reports an error where its answer should go on.
    #[error("{place} broke off with an error{said}")]
    BrokeOff {
        /// Host and port.
        place: String,
        /// Its message.
        said: Said,
        /// Whether it says that it is overloaded.
        is_overload: bool,
    },
    /// It speaks another protocol.
    #[error("{place} does not stream its answer as {protocol} does: {reason}")]
    Protocol {
        /// Host and port.
        place: String,
        /// Whose protocol was expected.
        protocol: &'static str,
        /// What is wrong.
        reason: String,
    },
}
