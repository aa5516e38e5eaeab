# Sourced by what fetches packages: a registry that does not answer now mostly does a moment later.

# Runs a command, up to four times while it fails.
fetch() {
    local pause
    for pause in 5 15 45; do
        "$@" && return
        echo "fetch: failed, and is tried again in $pause s: $*" >&2
        sleep "$pause"
    done
    "$@"
}
