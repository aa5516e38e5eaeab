//! What the HTTP port proves itself with over TLS, and which clients' certificates it believes: read from files with
//! care, and read anew while connections live on.

mod certificate;
mod error;
mod files;
mod own;
mod pem;
mod port;

pub use certificate::{Certificate, Name, SOON, UnreadCertificate};
pub use error::TlsError;
pub use port::{InForce, Looked, TlsPort};
