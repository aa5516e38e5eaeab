//! Certificates that are replaced while the daemon runs: picked up without an order, and without closing anything.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    guard::Guard,
    tls::{InForce, Looked, SOON, TlsPort},
};

/// Time between looks at the files; those that fit together are in force after one, others are told of after two.
const LOOK: Duration = Duration::from_secs(10);
/// Time between warnings that the certificate in force expires soon.
const REMIND: Duration = Duration::from_secs(24 * 60 * 60);

/// Looks at the files until `stop` fires.
pub(super) async fn watch(port: Arc<TlsPort>, guard: Arc<Guard>, stop: CancellationToken) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = Instant::now(); // when it was put in force
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        // Files may lie where reading takes its time.
        let looking = Arc::clone(&port);
        match tokio::task::spawn_blocking(move || looking.look()).await {
            Ok(Looked::Same) if told.elapsed() >= REMIND => {
                told = Instant::now();
                warn_if_soon(&port.in_force());
            }
            Ok(Looked::Same) => {}
            Ok(Looked::Renewed(new)) => {
                told = Instant::now();
                announce(&new, &guard);
            }
            Ok(Looked::Unusable(error)) => {
                tracing::error!(%error, "a new certificate cannot be used; the one before stays in force");
            }
            Err(error) => tracing::error!(%error, "a look at the certificate failed"),
        }
    }
}

/// Lets the guard know the names of a certificate, and the log when it expires.
pub(super) fn announce(new: &InForce, guard: &Guard) {
    guard.set_certified_hosts(new.certificate.hosts());
    if !warn_if_soon(new) {
        let (subject, expires) = (new.certificate.subject.as_str(), new.certificate.expires_on());
        tracing::info!(subject, expires, "this certificate is in force");
    }
}

/// Warns of a certificate that expires soon or has expired, and answers whether it is one.
fn warn_if_soon(in_force: &InForce) -> bool {
    let (subject, expires) = (in_force.certificate.subject.as_str(), in_force.certificate.expires_on());
    match in_force.certificate.days_left() {
        ..0 => tracing::error!(
            subject,
            expires,
            "the certificate in force has expired; put a new one in its place"
        ),
        0..SOON => tracing::warn!(
            subject,
            expires,
            "the certificate in force expires soon; put a new one in its place"
        ),
        _ => return false,
    }
    true
}
