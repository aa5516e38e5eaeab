//! `mcpctl completions` and `mcpctl man`: what a shell and a manual reader need, made from the command tree.

use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::Shell;

use crate::{
    error::{Ended, Error, Kind},
    output::Output,
    page::Page,
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
#[command(after_help = "Example:
  mcpctl man | man -l -
  mcpctl man keys add > mcpctl-keys-add.1
  mcpctl man --all ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// The command the page is about, as in `keys add` [default: mcpctl itself]
    command: Vec<String>,
    /// Writes the pages of all commands into this directory instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    all: Option<PathBuf>,
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
    if let Some(dir) = &args.all {
        let written = write_all(&command, dir).map_err(|error| {
            Error::new(Kind::Failed, format!("the pages could not be written into {}", dir.display()))
                .because(error)
        })?;
        out.note(&Page::of(format!("wrote {written} pages into {}", dir.display())));
        return Ok(Ended::Done);
    }
    let mut page = &command;
    for name in &args.command {
        page = page.find_subcommand(name).ok_or_else(|| {
            Error::new(Kind::Usage, format!("there is no command {:?}", args.command.join(" ")))
                .hint("mcpctl --help")
        })?;
    }
    out.bytes(&roff(page)?)?;
    Ok(Ended::Done)
}

/// Writes the page of a command and of all below it; returns how many.
fn write_all(command: &clap::Command, dir: &Path) -> std::io::Result<usize> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    std::fs::write(dir.join(format!("{name}.1")), roff(command)?)?;
    // `help` explains the others and has nothing of its own to say.
    let mut below = command.get_subcommands().filter(|below| below.get_name() != "help");
    below.try_fold(1, |written, below| Ok(written + write_all(below, dir)?))
}

fn roff(command: &clap::Command) -> std::io::Result<Vec<u8>> {
    let mut roff = Vec::new();
    let source = concat!("mcpctl ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(command.clone()).source(source).render(&mut roff)?;
    Ok(roff)
}
