//! Who is calling: credentials, principals, scopes, and the keys that prove them.

mod caller;
mod certified;
mod key;
mod keyring;
mod lease;
mod pepper;
mod principal;
mod scope;

pub use caller::{Caller, Credentials, Headers, Peer};
pub use certified::{CertificateRules, Certified};
pub use key::{FOREIGN_LONGEST, FOREIGN_SHORTEST, ForeignText, KeyText, Pepper};
pub use keyring::{KeyTerms, Keyring, KeyringError, Recognised, Unrecognised};
pub use lease::Lease;
pub use pepper::PepperPlace;
pub use principal::{FAMILY, Principal, PrincipalId, ToolPolicy};
pub use scope::{Need, Scope};

pub use crate::secret::{Secret, own_uid};
