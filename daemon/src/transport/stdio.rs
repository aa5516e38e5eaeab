//! Standard input and output: in process, or as a bridge to the daemon that runs on the same state directory.

use std::{sync::Arc, time::Duration};

use mcpd_ipc::{ReadHalf, WriteHalf};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::lines::{Ends, serve_lines};
use crate::{guard::Visitor, mcp::Mcp};

/// How long a daemon may take to answer what runs once the bridge was told to end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves MCP on standard input and output until the input ends or `stop` fires.
pub async fn serve_stdio(mcp: Arc<Mcp>, visitor: Visitor, limit: usize, stop: CancellationToken) {
    let ends = Ends { reader: tokio::io::stdin(), writer: tokio::io::stdout(), limit, trace: Arc::default() };
    serve_lines(mcp, visitor, ends, stop).await;
}

/// Carries bytes between standard input and output and a running daemon, until the input ends and everything is
/// answered. A daemon that ends first is an error, so that the client starts the server again.
pub async fn bridge(
    (mut from_daemon, mut to_daemon): (ReadHalf, WriteHalf),
    stop: CancellationToken,
) -> std::io::Result<()> {
    let input_ended = CancellationToken::new();
    let (ended, told) = (input_ended.clone(), stop.clone());
    let up = tokio::spawn(async move {
        let mut input = tokio::io::stdin();
        let carried = tokio::select! {
            carried = tokio::io::copy(&mut input, &mut to_daemon) => carried.is_ok(),
            () = told.cancelled() => true,
        };
        if carried {
            ended.cancel();
        }
        // The daemon sees the end of input, finishes what runs, and closes its side.
        let _ = to_daemon.shutdown().await;
    });
    let mut output = tokio::io::stdout();
    let down = async {
        let carried = tokio::io::copy(&mut from_daemon, &mut output).await;
        output.flush().await?;
        if input_ended.is_cancelled() {
            return carried.map(drop);
        }
        Err(std::io::Error::other("the daemon ended the bridge; start it again"))
    };
    let told_to_end = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    let ended = tokio::select! {
        ended = down => ended,
        () = told_to_end => Ok(()),
    };
    up.abort();
    ended
}
