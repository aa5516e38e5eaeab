//! `POST /push`: a tree that is elsewhere, sent by who holds a key with scope `write` that may call `analyze_codebase`.
//! The messages are those of the local socket, and only those about pushing are heard.

use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use mcpd_ipc::{
    Fault, FaultKind, Request,
    projects::{ProjectsAnalysis, PushBegin, PushEnd, PushFiles, PushOffer, PushRefused},
};
use serde::Serialize;

use super::{
    answers, body,
    heads::Heads,
    routes::{Http, Knock},
};
use crate::{
    auth::{Need, Scope},
    code::Desk,
    store::Owner,
    telemetry::CodeChanged,
    tools::Family,
};

/// The tool that who pushes must be allowed to call: both end in an analysis.
const NEED: Need<'static> =
    Need::Tool { name: "analyze_codebase", family: Family::Code.as_str(), scope: Scope::Write };
/// What a body holds beside the files in it, in bytes.
const ENVELOPE: u64 = 4 << 10;

/// What may be asked here.
enum Ask {
    Begin(PushBegin),
    Offer(PushOffer),
    Files(PushFiles),
    End(PushEnd),
    Analysis(ProjectsAnalysis),
}

/// Answers a message about a push. The guard comes before the method, and both before the body.
pub(super) async fn push(http: &Http, mut knock: Box<Knock>) -> Response {
    let admitted = http.recognise(&knock).and_then(|visitor| {
        http.guard.enter(&visitor)?;
        let permit = http.guard.admit(&visitor, NEED)?;
        Ok((visitor, permit))
    });
    // Held until the answer is made: a drain waits for it.
    let (visitor, _permit) = match admitted {
        Ok(admitted) => admitted,
        Err(denied) => return answers::denied(&denied),
    };
    if knock.parts.method != Method::POST {
        let mut response = answers::empty(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let announced = body::announced(Heads::read(&knock.parts.headers).content_length.first());
    let body = match body::read(http, &mut knock.body, announced, visitor.peer).await {
        Ok(body) => body,
        Err(response) => return *response,
    };
    let ask = match read(&body) {
        Ok(ask) => ask,
        Err(fault) => return refused(fault),
    };
    let who = &visitor.principal;
    let desk = Desk { code: &http.code, owner: Owner { tenant: who.tenant.clone(), author: who.author() } };
    match ask {
        Ask::Begin(ask) => {
            let batch = http.config.borrow().server.body_limit.saturating_sub(ENVELOPE);
            told(desk.push_begin(ask, batch))
        }
        Ask::Offer(ask) => told(desk.push_offer(ask).await),
        Ask::Files(ask) => told(desk.push_files(ask).await),
        Ask::End(ask) => {
            let begun = desk.push_end(ask).await;
            if let Ok(begun) = &begun {
                CodeChanged { change: "pushed", project: &begun.project, by: &desk.owner.author }.emit();
            }
            told(begun)
        }
        Ask::Analysis(ask) => told(desk.analysis(&ask.project).await),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other command of operators is ever heard on a network port"
)]
fn read(body: &[u8]) -> Result<Ask, Fault> {
    let request = serde_json::from_slice(body).map_err(|error| {
        Fault::new(FaultKind::Usage, format!("the body is no message about a push: {error}"))
    })?;
    let (ask, tenant) = match request {
        Request::PushBegin(ask) => (Ask::Begin(ask.clone()), ask.tenant),
        Request::PushOffer(ask) => (Ask::Offer(ask), None),
        Request::PushFiles(ask) => (Ask::Files(ask), None),
        Request::PushEnd(ask) => (Ask::End(ask), None),
        Request::ProjectsAnalysis(ask) => (Ask::Analysis(ask.clone()), ask.tenant),
        _ => return Err(Fault::new(FaultKind::NotPermitted, "only pushes are heard here")),
    };
    match tenant {
        Some(_) => Err(Fault::new(FaultKind::Usage, "the tenant is that of the key; leave it out")),
        None => Ok(ask),
    }
}

fn told<T: Serialize>(answer: Result<T, Fault>) -> Response {
    match answer.map(|answer| serde_json::to_string(&answer)) {
        Ok(Ok(body)) => answers::json(StatusCode::OK, body),
        Ok(Err(_)) => answers::empty(StatusCode::INTERNAL_SERVER_ERROR),
        Err(fault) => refused(fault),
    }
}

fn refused(fault: Fault) -> Response {
    let status = match fault.kind {
        FaultKind::Usage => StatusCode::BAD_REQUEST,
        FaultKind::NotFound => StatusCode::NOT_FOUND,
        FaultKind::Conflict => StatusCode::CONFLICT,
        FaultKind::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        FaultKind::NotPermitted => StatusCode::FORBIDDEN,
        FaultKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    match serde_json::to_string(&PushRefused { error: fault }) {
        Ok(body) => answers::json(status, body),
        Err(_) => answers::empty(status),
    }
}
