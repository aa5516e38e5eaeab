//! Errors that are known, what helped, and the checks that met them. Each belongs to a scope: a project, or what all
//! projects of a tenant share.

mod checks;
mod days;
mod figures;
mod read;
mod record;
mod solutions;

pub use checks::{NewCheck, PastCheck};
pub use figures::{FirewallFigures, TypeFigures, Window};
pub use read::{ChangedError, ErrorFilter};
pub use record::{ErrorRecorded, NewError, SolutionFate};
pub use solutions::{Outcome, Solution};

use super::{Store, StoreError};

/// The scope of what all projects of a tenant share.
pub const SHARED: &str = "";

/// Solutions kept of one error: the one trusted most, and alternatives.
const MOST_SOLUTIONS: usize = 20;

/// Checks kept of one scope.
const KEPT_CHECKS: i64 = 1000;

/// A word the store keeps, with its way back.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Returns the word as the store keeps it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            fn read(word: &str) -> Result<Self, StoreError> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(StoreError::Corrupt($what)),
                }
            }
        }
    };
}

words! {
    /// What a match of an error brings about.
    BlockLevel, "the level of an error" {
        /// Nothing; the error is only told.
        None = "none",
        /// A warning.
        Warning = "warning",
        /// A block, when everything matches.
        Block = "block",
    }
}

words! {
    /// What a check came to.
    Verdict, "the verdict of a check" {
        /// Nothing speaks against the operation.
        Allow = "allow",
        /// Something like it failed.
        Warn = "warn",
        /// It is known to fail.
        Block = "block",
    }
}

words! {
    /// How an operation met a known error.
    MatchedBy, "the kind of a match" {
        /// Some keys of the pattern.
        Part = "part",
        /// Words of the message, or of the parameters.
        Message = "message",
        /// Every key of the pattern.
        Pattern = "pattern",
    }
}

/// An error as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownError {
    /// Its id.
    pub id: String,
    /// The caller's `project_id`; absent when it is shared.
    pub project: Option<String>,
    /// Kind of operation, normalised; may hold wildcards.
    pub error_type: String,
    /// The situation in a line.
    pub scene: String,
    /// The canonical pattern, a JSON object.
    pub pattern: String,
    /// The text of its last occurrence.
    pub message: String,
    /// What a match brings about.
    pub level: BlockLevel,
    /// The solution that is trusted most.
    pub solution: Option<Solution>,
    /// Times it was recorded.
    pub occurrences: i64,
    /// Operations it blocked.
    pub blocked: i64,
    /// Operations it warned of.
    pub warned: i64,
    /// Who recorded it first.
    pub author: String,
    /// When it was recorded first.
    pub created_at: i64,
    /// When it was recorded last.
    pub seen_at: i64,
}

/// The known errors of the store.
pub struct FirewallRepository<'a>(pub(super) &'a Store);
