//! From a request to the noun that answers it. Adding a command breaks this match until it is answered.

use mcpd_ipc::{Access, Command, Fault, FaultKind, Outcome, Request};
use serde_json::Value;

use super::records::Records;
use super::{
    Hands, Operator, Standing, allow, audit, care, connections, doctor, keys, life, memory, projects,
    sessions, tools,
};

/// Obeys one request. The reply is the JSON of its command's reply type.
pub(super) async fn obey(hands: &Hands, operator: Operator, request: Request) -> Outcome<Value> {
    let records = Records::of(hands.recorder.audit(), operator, &request);
    if request.access() == Access::Write && !may_write(operator) {
        let message = format!("user {} may look but not change anything", operator.uid);
        records.denied(&message);
        return Outcome::Err(Fault::new(FaultKind::NotPermitted, message));
    }
    tracing::debug!(target: "mcpd::control", command = request.name(), operator = operator.uid, "command");
    let asked = match records.begin().await {
        Ok(asked) => asked,
        Err(fault) => return Outcome::Err(fault),
    };
    let outcome = perform(hands, operator, request).await;
    records.end(asked, &outcome).await;
    outcome
}

async fn perform(hands: &Hands, operator: Operator, request: Request) -> Outcome<Value> {
    match request {
        Request::Status(ask) => reply::<mcpd_ipc::life::Status>(life::status(hands, ask).await),
        Request::Stats(ask) => reply::<mcpd_ipc::life::Stats>(life::stats(hands, ask)),
        Request::KeysAdd(ask) => reply::<mcpd_ipc::keys::KeysAdd>(keys::add(hands, operator, ask).await),
        Request::KeysList(ask) => reply::<mcpd_ipc::keys::KeysList>(keys::list(hands, ask)),
        Request::KeysShow(ask) => reply::<mcpd_ipc::keys::KeysShow>(keys::show(hands, ask)),
        Request::KeysImport(ask) => {
            reply::<mcpd_ipc::keys::KeysImport>(keys::import(hands, operator, ask).await)
        }
        Request::KeysRotate(ask) => {
            reply::<mcpd_ipc::keys::KeysRotate>(keys::rotate(hands, operator, ask).await)
        }
        Request::KeysRename(ask) => {
            reply::<mcpd_ipc::keys::KeysRename>(keys::rename(hands, operator, ask).await)
        }
        Request::KeysRevoke(ask) => {
            reply::<mcpd_ipc::keys::KeysRevoke>(keys::revoke(hands, operator, ask).await)
        }
        Request::AllowAdd(ask) => reply::<mcpd_ipc::allow::AllowAdd>(allow::add(hands, operator, ask).await),
        Request::AllowList(ask) => reply::<mcpd_ipc::allow::AllowList>(allow::list(hands, ask)),
        Request::AllowRemove(ask) => {
            reply::<mcpd_ipc::allow::AllowRemove>(allow::remove(hands, operator, ask).await)
        }
        Request::AllowTest(ask) => reply::<mcpd_ipc::allow::AllowTest>(allow::test(hands, ask)),
        Request::ConnectionsList(ask) => {
            reply::<mcpd_ipc::connections::ConnectionsList>(connections::list(hands, ask))
        }
        Request::ConnectionsClose(ask) => {
            reply::<mcpd_ipc::connections::ConnectionsClose>(connections::close(hands, operator, ask))
        }
        Request::SessionsList(ask) => reply::<mcpd_ipc::sessions::SessionsList>(sessions::list(hands, ask)),
        Request::SessionsClose(ask) => {
            reply::<mcpd_ipc::sessions::SessionsClose>(sessions::close(hands, operator, ask).await)
        }
        Request::ToolsList(ask) => reply::<mcpd_ipc::tools::ToolsList>(tools::list(hands, ask)),
        Request::ToolsShow(ask) => reply::<mcpd_ipc::tools::ToolsShow>(tools::show(hands, ask)),
        Request::ToolsEnable(ask) => {
            reply::<mcpd_ipc::tools::ToolsEnable>(tools::enable(hands, operator, ask).await)
        }
        Request::ToolsDisable(ask) => {
            reply::<mcpd_ipc::tools::ToolsDisable>(tools::disable(hands, operator, ask).await)
        }
        Request::ToolsCall(ask) => {
            reply::<mcpd_ipc::tools::ToolsCall>(tools::call(hands, operator, ask).await)
        }
        Request::MemoryList(ask) => reply::<mcpd_ipc::memory::MemoryList>(memory::list(hands, ask).await),
        Request::MemoryExport(ask) => {
            reply::<mcpd_ipc::memory::MemoryExport>(memory::export(hands, ask).await)
        }
        Request::MemoryShow(ask) => reply::<mcpd_ipc::memory::MemoryShow>(memory::show(hands, ask).await),
        Request::MemoryDelete(ask) => {
            reply::<mcpd_ipc::memory::MemoryDelete>(memory::delete(hands, operator, ask).await)
        }
        Request::MemoryLevelSet(ask) => {
            reply::<mcpd_ipc::memory::MemoryLevelSet>(memory::set_level(hands, operator, ask).await)
        }
        Request::MemoryLimitsShow(ask) => {
            reply::<mcpd_ipc::memory::MemoryLimitsShow>(memory::limits(hands, ask))
        }
        Request::MemoryImport(ask) => {
            reply::<mcpd_ipc::memory::MemoryImport>(memory::import(hands, operator, ask).await)
        }
        Request::MemoryModelShow(ask) => {
            reply::<mcpd_ipc::memory::MemoryModelShow>(memory::model(hands, ask).await)
        }
        Request::MemoryModelInstall(ask) => {
            reply::<mcpd_ipc::memory::MemoryModelInstall>(memory::install(hands, operator, ask).await)
        }
        Request::MemoryModelRemove(ask) => {
            reply::<mcpd_ipc::memory::MemoryModelRemove>(memory::remove(hands, operator, ask).await)
        }
        Request::ProjectsList(ask) => {
            reply::<mcpd_ipc::projects::ProjectsList>(projects::list(hands, ask).await)
        }
        Request::ProjectsShow(ask) => {
            reply::<mcpd_ipc::projects::ProjectsShow>(projects::show(hands, operator, ask).await)
        }
        Request::ProjectsAnalyze(ask) => {
            reply::<mcpd_ipc::projects::ProjectsAnalyze>(projects::analyze(hands, operator, ask).await)
        }
        Request::ProjectsAnalysis(ask) => {
            reply::<mcpd_ipc::projects::ProjectsAnalysis>(projects::analysis(hands, operator, ask).await)
        }
        Request::ProjectsStop(ask) => {
            reply::<mcpd_ipc::projects::ProjectsStop>(projects::stop(hands, operator, ask).await)
        }
        Request::ProjectsWatch(ask) => {
            reply::<mcpd_ipc::projects::ProjectsWatch>(projects::watch(hands, operator, ask).await)
        }
        Request::ProjectsForget(ask) => {
            reply::<mcpd_ipc::projects::ProjectsForget>(projects::forget(hands, operator, ask).await)
        }
        Request::PushBegin(ask) => {
            reply::<mcpd_ipc::projects::PushBegin>(projects::push_begin(hands, operator, ask))
        }
        Request::PushOffer(ask) => {
            reply::<mcpd_ipc::projects::PushOffer>(projects::push_offer(hands, operator, ask).await)
        }
        Request::PushFiles(ask) => {
            reply::<mcpd_ipc::projects::PushFiles>(projects::push_files(hands, operator, ask).await)
        }
        Request::PushEnd(ask) => {
            reply::<mcpd_ipc::projects::PushEnd>(projects::push_end(hands, operator, ask).await)
        }
        Request::Doctor(ask) => reply::<mcpd_ipc::care::Doctor>(doctor::examine(hands, ask).await),
        Request::AuditTail(ask) => reply::<mcpd_ipc::audit::AuditTail>(audit::tail(hands, ask).await),
        Request::AuditVerify(ask) => reply::<mcpd_ipc::audit::AuditVerify>(audit::verify(hands, ask).await),
        Request::Backup(ask) => reply::<mcpd_ipc::care::Backup>(care::backup(hands, operator, ask).await),
        Request::Restore(ask) => reply::<mcpd_ipc::care::Restore>(care::restore(hands, operator, ask).await),
        Request::Reload(ask) => reply::<mcpd_ipc::life::Reload>(life::reload(hands, ask).await),
        Request::Drain(ask) => reply::<mcpd_ipc::life::Drain>(life::drain(hands, ask).await),
        Request::Shutdown(ask) => reply::<mcpd_ipc::life::Shutdown>(life::shutdown(hands, ask).await),
    }
}

/// Whoever is let in may change everything so far; one who may only look would be another standing.
fn may_write(operator: Operator) -> bool {
    match operator.standing {
        Standing::Owner | Standing::Root | Standing::Member => true,
    }
}

/// Ties an answer to the reply type its command promises.
fn reply<C: Command>(answer: Result<C::Reply, Fault>) -> Outcome<Value> {
    let encoded = answer.and_then(|reply| {
        serde_json::to_value(reply).map_err(|error| Fault::new(FaultKind::Internal, error.to_string()))
    });
    match encoded {
        Ok(value) => Outcome::Ok(value),
        Err(fault) => Outcome::Err(fault),
    }
}

/// Hides a failure of ours behind an id that finds it in the log.
pub(super) fn internal(error: &dyn std::error::Error) -> Fault {
    let id = crate::store::new_id();
    tracing::error!(%error, id, "a command failed");
    Fault::new(FaultKind::Internal, format!("internal error (id {id})"))
        .hint("the log names the cause under that id")
}
