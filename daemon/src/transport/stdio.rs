//! Standard input and output: in process, or as a bridge to the daemon that runs on the same state directory.

use std::sync::Arc;

use mcpd_ipc::{ReadHalf, WriteHalf};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::lines::{Ends, serve_lines};
use crate::{guard::Visitor, mcp::Mcp};

/// Serves MCP on standard input and output until the input ends or `stop` fires.
pub async fn serve_stdio(mcp: Arc<Mcp>, visitor: Visitor, limit: usize, stop: CancellationToken) {
    let ends = Ends { reader: tokio::io::stdin(), writer: tokio::io::stdout(), limit };
    serve_lines(mcp, visitor, ends, stop).await;
}

/// Carries bytes between standard input and output and a running daemon, until the input ends and everything is
/// answered. A daemon that ends first is an error, so that the client starts the server again.
pub async fn bridge(
    (mut from_daemon, mut to_daemon): (ReadHalf, WriteHalf),
    stop: CancellationToken,
) -> std::io::Result<()> {
    let input_ended = CancellationToken::new();
    let ended = input_ended.clone();
    let up = tokio::spawn(async move {
        let carried = tokio::io::copy(&mut tokio::io::stdin(), &mut to_daemon).await;
        if carried.is_ok() {
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
    let ended = tokio::select! {
        ended = down => ended,
        () = stop.cancelled() => Ok(()),
    };
    up.abort();
    ended
}
