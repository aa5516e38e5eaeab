//! What a tool is: a name, words for the model, hints, and a typed call. The registry sees it with its types erased.

use std::future::Future;

use futures::{FutureExt, future::BoxFuture};
use mcpd_config::ToolFamily;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{Call, Code, ToolError};

/// The families of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Project memory.
    Memory,
    /// Source code: what is defined, and what refers to what.
    Code,
    /// Sessions, todos, decisions, notes.
    Context,
    /// What is wrong with the code, and what it costs.
    Quality,
    /// Errors that are known, and what helped.
    Firewall,
    /// Facts gathered for a model, or answered by one.
    Ai,
    /// What the conformance suite calls.
    #[cfg(feature = "testing")]
    Fixture,
}

impl Family {
    /// Every family that is shipped, in the order of the list.
    pub const ALL: [Self; 6] =
        [Self::Memory, Self::Code, Self::Context, Self::Quality, Self::Firewall, Self::Ai];

    /// Answers whether a configuration that names families offers this one.
    pub(super) fn is_offered(self, families: Option<&[ToolFamily]>) -> bool {
        let Some(families) = families else { return true };
        match self {
            Self::Memory => families.contains(&ToolFamily::Memory),
            Self::Code => families.contains(&ToolFamily::Code),
            Self::Context => families.contains(&ToolFamily::Context),
            Self::Quality => families.contains(&ToolFamily::Quality),
            Self::Firewall => families.contains(&ToolFamily::Firewall),
            Self::Ai => families.contains(&ToolFamily::Ai),
            // No configuration names it: who builds it in wants it.
            #[cfg(feature = "testing")]
            Self::Fixture => true,
        }
    }

    /// Returns the name in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Code => "code",
            Self::Context => "context",
            Self::Quality => "quality",
            Self::Firewall => "firewall",
            Self::Ai => "ai",
            #[cfg(feature = "testing")]
            Self::Fixture => "fixture",
        }
    }
}

/// What a tool does to the world (MCP, `ToolAnnotations`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reads only.
    Reads,
    /// Adds; calling it twice may add twice.
    Adds,
    /// Adds or changes; calling it twice with the same arguments is like calling it once.
    Settles,
}

/// A tool whose arguments and result are types: the published schemas are theirs.
pub trait Tool: Send + Sync + 'static {
    /// Name of at most 64 characters of `[A-Za-z0-9_-]`.
    const NAME: &'static str;
    /// Its family.
    const FAMILY: Family;
    /// Title for people.
    const TITLE: &'static str;
    /// What it is for, in its first words: clients search names and descriptions.
    const DESCRIPTION: &'static str;
    /// What it does to the world.
    const EFFECT: Effect;
    /// Former names of arguments, and what they are called now.
    const ALIASES: &'static [(&'static str, &'static str)] = &[];
    /// What it takes.
    type Args: DeserializeOwned + JsonSchema + Send;
    /// What it gives.
    type Output: Serialize + JsonSchema + Send;

    /// Does it. Dropping the future ends the call; what it has handed to the store is written all the same.
    fn call(
        &self,
        call: Call<'_>,
        args: Self::Args,
    ) -> impl Future<Output = Result<Self::Output, ToolError>> + Send;
}

/// What a call brought, ready for the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A JSON object, sent as text and as structured content.
    Object {
        /// The object.
        json: String,
        /// Whether it reports a failure.
        is_error: bool,
    },
    /// Content blocks as they are, a JSON array.
    #[cfg(feature = "testing")]
    Blocks {
        /// The array.
        json: String,
        /// Whether it reports a failure.
        is_error: bool,
    },
}

impl Answer {
    /// Returns whether the call failed.
    pub fn is_error(&self) -> bool {
        match self {
            Self::Object { is_error, .. } => *is_error,
            #[cfg(feature = "testing")]
            Self::Blocks { is_error, .. } => *is_error,
        }
    }
}

impl From<ToolError> for Answer {
    fn from(error: ToolError) -> Self {
        Self::Object { json: error.to_json(), is_error: true }
    }
}

/// A tool without its types.
pub(super) trait AnyTool: Send + Sync {
    /// Decodes the arguments, calls, and encodes the result.
    fn run<'a>(&'a self, call: Call<'a>, args: &'a RawValue) -> BoxFuture<'a, Answer>;
}

/// A successful result with the `success` field every result has.
#[derive(Serialize)]
struct Success<T> {
    success: bool,
    #[serde(flatten)]
    output: T,
}

impl<T: Tool> AnyTool for T {
    fn run<'a>(&'a self, call: Call<'a>, args: &'a RawValue) -> BoxFuture<'a, Answer> {
        async move {
            // The schema has been checked; what is left are duplicate keys and numbers out of every range.
            let decoded = serde_json::from_str(args.get()).map_err(|error| {
                ToolError::new(Code::InvalidArguments, error.to_string())
                    .hint("send each argument once, as the tool's inputSchema describes it")
            });
            let output = match decoded {
                Ok(args) => self.call(call, args).await,
                Err(error) => Err(error),
            };
            let encoded = output.and_then(|output| {
                serde_json::to_string(&Success { success: true, output })
                    .map_err(|error| ToolError::internal(&error))
            });
            match encoded {
                Ok(json) => Answer::Object { json, is_error: false },
                Err(error) => error.into(),
            }
        }
        .boxed()
    }
}
