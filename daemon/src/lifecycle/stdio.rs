//! `mcpd stdio`: a bridge to the daemon of this state directory when one runs, else the same tools in process.

use std::{path::Path, sync::Arc, time::Duration};

use interprocess::local_socket::tokio::Stream;
use mcpd_ipc::{CallError, Purpose, connect_stream, halves};
use tokio_util::sync::CancellationToken;

use super::{Boot, LifeError, house::House, safety};
use crate::{
    audit::Audit,
    auth::{Caller, own_uid},
    signals::{self, Order},
    store::Store,
    telemetry::{Logs, Recorder},
    transport::{bridge, serve_stdio},
};

/// How long answers may take to leave once the process was told to end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Speaks MCP on standard input and output until the input ends. Nothing else is written to standard output.
pub async fn run_stdio(boot: Boot) -> Result<(), LifeError> {
    super::memory::in_small_pages();
    super::privacy::private_umask();
    super::privacy::no_core_dumps();
    let stop = stop_on_signals()?;
    let (config, _) = boot.load()?;
    if let Some(daemon) = running_daemon(&boot, config.control.socket.as_deref()).await? {
        return Ok(bridge(halves(daemon), stop).await?);
    }
    safety::make_state_directory(&boot.place.state)?;
    safety::files(&boot, &boot.database(&config))?;
    let (_logs, requests, _flush) = Logs::start(&config.telemetry, &boot.log_settings(&config, false))?;
    let store = Store::open(&boot.database(&config), config.store.readers).await?;
    let house =
        House::build(&config, boot.ground(&store), Recorder::new(requests, Audit::default()), None, None)
            .await?;
    let visitor = house.guard.recognise(&Caller::local(own_uid()))?;
    let limit = usize::try_from(config.server.body_limit).unwrap_or(usize::MAX);
    let (news, guard) = (Arc::clone(&house.news), Arc::clone(&house.guard));
    let (changes, tools) = (store.changes(), house.registry.changes());
    let ended = stop.child_token();
    let carrying = tokio::spawn({
        let ended = ended.clone();
        async move { news.carry(changes, tools, ended).await }
    });
    let working = tokio::spawn(Arc::clone(&house.memories).work(ended.clone()));
    let reading = tokio::spawn(Arc::clone(&house.code).work(false, ended.clone()));
    let memories = Arc::clone(&house.memories);
    let serving = serve_stdio(house.mcp, visitor, limit, stop.clone());
    // What runs is answered; a client that stopped reading must not keep a process that was told to end.
    let told_to_end = async {
        stop.cancelled().await;
        guard.drain();
        tokio::time::sleep(config.server.drain_deadline.max(LAST_WORDS)).await;
    };
    tokio::select! { () = serving => {}, () = told_to_end => {} }
    ended.cancel();
    let _ = carrying.await;
    let _ = working.await;
    let _ = reading.await;
    // Counting what was found is worth no failure at the end.
    let _ = memories.flush().await;
    let _ = tokio::time::timeout(LAST_WORDS, store.close()).await;
    Ok(())
}

/// Connects to the daemon of this state directory, if one runs: at the socket somebody named, else where it announced
/// itself. A daemon of another state directory is none of ours, wherever its socket lies.
async fn running_daemon(boot: &Boot, from_file: Option<&Path>) -> Result<Option<Stream>, LifeError> {
    let named = boot.layers.iter().rev().find_map(|(_, layer)| layer.socket.clone());
    let announced = || boot.place.announced().map(|daemon| daemon.socket);
    let Some(socket) = named.or_else(announced).or_else(|| from_file.map(Path::to_owned)) else {
        return Ok(None);
    };
    match connect_stream(&socket, Purpose::Mcp, concat!("mcpd-stdio/", env!("CARGO_PKG_VERSION"))).await {
        Ok((daemon, state)) => Ok((state == boot.place.state).then_some(daemon)),
        // Nobody there: the tools are served here, on the same database.
        Err(CallError::Unreachable { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Returns a token that fires when the system asks the process to end.
fn stop_on_signals() -> Result<CancellationToken, LifeError> {
    let stop = CancellationToken::new();
    let (orders, mut given) = signals::orders();
    tokio::spawn(signals::listen(orders).map_err(LifeError::Signals)?);
    let ended = stop.clone();
    tokio::spawn(async move {
        while let Some(order) = given.recv().await {
            match order {
                Order::Reload(_) | Order::Beat(_) => {}
                Order::Drain(_) | Order::Restart | Order::Terminate | Order::Stop => ended.cancel(),
            }
        }
    });
    Ok(stop)
}
