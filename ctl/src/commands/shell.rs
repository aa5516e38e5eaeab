//! `mcpctl completions` and `mcpctl man`: what a shell and a manual reader need, made from the command tree.

use clap::Args;
use clap_complete::Shell;

use crate::{
    error::{Ended, Error, Kind},
    output::Output,
};

/// For which shell.
#[derive(Args)]
#[command(
    after_help = "Example:\n  mcpctl completions bash > ~/.local/share/bash-completion/completions/mcpctl"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Which page.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl man | man -l -\n  mcpctl man keys add > mcpctl-keys-add.1")]
pub(crate) struct ManArgs {
    /// The command the page is about, as in `keys add` [default: mcpctl itself]
    command: Vec<String>,
}

/// Prints a completion script.
pub(crate) fn completions(args: CompletionsArgs, out: &mut Output) -> Result<Ended, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::command(), "mcpctl", &mut script);
    out.bytes(&script)?;
    Ok(Ended::Done)
}

/// Prints a manual page.
pub(crate) fn man(args: ManArgs, out: &mut Output) -> Result<Ended, Error> {
    let mut command = crate::command();
    // Building gives each command its full name, `mcpctl-keys-add`, and the global flags.
    command.build();
    let mut page = &command;
    for name in &args.command {
        page = page.find_subcommand(name).ok_or_else(|| {
            Error::new(Kind::Usage, format!("there is no command {:?}", args.command.join(" ")))
                .hint("mcpctl --help")
        })?;
    }
    let mut roff = Vec::new();
    let source = concat!("mcpctl ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(page.clone()).source(source).render(&mut roff)?;
    out.bytes(&roff)?;
    Ok(Ended::Done)
}
