//! `mcpd stdio`: a bridge to the daemon of this state directory when one runs, else the same tools in process.

use mcpd_ipc::{CallError, Purpose, connect_stream, halves};
use tokio_util::sync::CancellationToken;

use super::{Boot, LifeError, house::House};
use crate::{
    auth::{Caller, Credentials, Peer},
    signals::{self, Order},
    store::Store,
    telemetry::Logs,
    transport::{bridge, serve_stdio},
};

/// Speaks MCP on standard input and output until the input ends. Nothing else is written to standard output.
pub async fn run_stdio(boot: Boot) -> Result<(), LifeError> {
    super::private_umask();
    let stop = stop_on_signals();
    let (config, _) = boot.load()?;
    let named = config.control.socket.clone();
    let socket = named.unwrap_or_else(|| boot.place.socket(boot.runtime_dir.as_deref()));
    match connect_stream(&socket, Purpose::Mcp, concat!("mcpd-stdio/", env!("CARGO_PKG_VERSION"))).await {
        Ok(daemon) => return Ok(bridge(halves(daemon), stop).await?),
        // Nobody there: the tools are served here, on the same database.
        Err(CallError::Unreachable { .. }) => {}
        Err(other) => return Err(other.into()),
    }
    boot.make_state()?;
    let (_logs, _flush) = Logs::start(&config.telemetry, &boot.log_settings(&config, false))?;
    let store = Store::open(&boot.database(&config), config.store.readers).await?;
    let house = House::build(&config, store.clone(), None, None)?;
    let caller = Caller {
        peer: Peer::Local(rustix::process::geteuid().as_raw()),
        reached: None,
        headers: None,
        credentials: Credentials::Local,
    };
    let visitor = house.guard.recognise(&caller)?;
    let limit = usize::try_from(config.server.body_limit).unwrap_or(usize::MAX);
    serve_stdio(house.mcp, visitor, limit, stop).await;
    store.close().await;
    Ok(())
}

/// Returns a token that fires when the system asks the process to end.
fn stop_on_signals() -> CancellationToken {
    let stop = CancellationToken::new();
    let (orders, mut given) = signals::orders();
    tokio::spawn(signals::listen(orders));
    let ended = stop.clone();
    tokio::spawn(async move {
        while let Some(order) = given.recv().await {
            match order {
                Order::Reload(_) => {}
                Order::Drain(_) | Order::Terminate | Order::Stop => ended.cancel(),
            }
        }
    });
    stop
}
