//! Our own endpoint, asked as a client would ask it, and the certificate it shows.

use std::{io, net::SocketAddr, sync::Arc};

use mcpd_ipc::care::{Check, Verdict};
use rustls::{AlertDescription, Error, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, timeout},
};
use tokio_rustls::TlsConnector;

use super::{Hands, doctor::check};
use crate::tls::{Certificate, InForce, SOON};

/// How long our own endpoint may take to answer us.
const OWN_ANSWER: Duration = Duration::from_secs(2);

/// What the endpoint says to someone without a key.
enum Answer {
    Status(u16),
    /// It wants a certificate before anything else.
    Certificate,
}

/// Asks how we fare.
pub(super) async fn port(hands: &Hands) -> Option<Check> {
    let address = hands.facts.address?;
    let in_force = hands.tls.as_ref().map(|tls| tls.in_force());
    let asked = timeout(OWN_ANSWER, ask(address, in_force.as_deref())).await;
    let advice = "look for another program on that address, and for a firewall";
    let with = if in_force.is_some() { " over TLS" } else { "" };
    let (verdict, found) = match asked {
        Ok(Ok(Answer::Status(200))) => (Verdict::Ok, format!("{address} answers{with}")),
        Ok(Ok(Answer::Status(403))) => {
            (Verdict::Ok, format!("{address} answers{with}, but this machine is not on the allowlist"))
        }
        Ok(Ok(Answer::Certificate)) => {
            (Verdict::Ok, format!("{address} asks{with} for a client certificate"))
        }
        Ok(Ok(Answer::Status(status))) => {
            (Verdict::Problem, format!("{address} answers{with} with {status}"))
        }
        // The allowlist is asked before TLS is spoken.
        Ok(Err(error))
            if in_force.is_some() && is_cut(&error) && !hands.guard.peers().admits(address.ip()) =>
        {
            (Verdict::Ok, format!("{address} lets this machine not in: it is not on the allowlist"))
        }
        Ok(Err(error)) => (Verdict::Problem, format!("{address} does not answer{with}: {error}")),
        Err(_) => (Verdict::Problem, format!("{address} does not answer{with} in time")),
    };
    Some(check("port", verdict, found, Some(advice)))
}

fn is_cut(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof].contains(&error.kind())
}

async fn ask(address: SocketAddr, in_force: Option<&InForce>) -> io::Result<Answer> {
    let stream = TcpStream::connect(address).await?;
    let Some(in_force) = in_force else { return status(stream, address).await };
    let client = in_force.own_client().map_err(io::Error::other)?;
    let secured = TlsConnector::from(Arc::new(client)).connect(ServerName::from(address.ip()), stream).await;
    let asked = match secured {
        Ok(stream) => status(stream, address).await,
        Err(error) => Err(error),
    };
    let wanted = |error: &io::Error| {
        let alert = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
        in_force.required && alert == Some(&Error::AlertReceived(AlertDescription::CertificateRequired))
    };
    asked.or_else(|error| if wanted(&error) { Ok(Answer::Certificate) } else { Err(error) })
}

async fn status(mut stream: impl AsyncRead + AsyncWrite + Unpin, address: SocketAddr) -> io::Result<Answer> {
    let request = format!("GET /health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut head = Vec::new();
    stream.take(64).read_to_end(&mut head).await?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.map(Answer::Status).ok_or_else(|| io::Error::other("what answers is no mcpd"))
}

/// Looks at the certificate in force, at files that could not be put in its place, and at what clients show.
pub(super) fn certificates(hands: &Hands) -> Vec<Check> {
    let Some(tls) = &hands.tls else { return Vec::new() };
    let in_force = tls.in_force();
    let mut checks = vec![certificate(&in_force.certificate)];
    if let Some(error) = tls.missed() {
        let advice = "mend it; it is tried again every ten seconds, or with mcpctl reload";
        checks.push(check(
            "certificate",
            Verdict::Problem,
            format!("there is a new one: {error}"),
            Some(advice),
        ));
    }
    checks.extend(in_force.authorities.iter().map(authority));
    let rules = hands.guard.certificates();
    for key in rules.keys().filter(|key| hands.keys.find(key).is_none()) {
        let found = format!("tls.clients names a key {key:?}, and there is none");
        checks.push(check(
            "client certificates",
            Verdict::Warning,
            found,
            Some("mcpctl keys list shows them"),
        ));
    }
    checks
}

fn certificate(one: &Certificate) -> Check {
    let names = one.hosts();
    let (on, left) = (one.expires_on(), one.days_left());
    let issued = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
    let found = format!("{} for {issued}; it expires on {on}, in {left} days", one.subject);
    let (verdict, advice) = match left {
        ..0 => (Verdict::Problem, "put a new one in its place; it is picked up"),
        0..SOON => (Verdict::Warning, "put a new one in its place in time; it is picked up"),
        _ if names.is_empty() => (
            Verdict::Warning,
            "clients look for the name they asked for in subjectAltName; have it issued with one",
        ),
        _ => (Verdict::Ok, ""),
    };
    check("certificate", verdict, found, Some(advice))
}

fn authority(one: &Certificate) -> Check {
    let (on, left) = (one.expires_on(), one.days_left());
    let found = format!("{} vouches for clients until {on}", one.subject);
    let verdict = if left < SOON { Verdict::Warning } else { Verdict::Ok };
    check("client authority", verdict, found, Some("put the one that follows it beside it in tls.client_ca"))
}
