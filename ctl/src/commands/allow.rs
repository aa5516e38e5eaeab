//! `mcpctl allow`: the networks that may connect.

use clap::{Args, Subcommand};
use mcpd_ipc::allow::{
    AllowAdd, AllowList, AllowRemove, AllowReport, AllowSource, AllowState, AllowTest, AllowVerdict,
};

use crate::{
    ask::Consent,
    daemon::Daemon,
    error::{Ended, Error, OrSee},
    output::Output,
    page::Page,
    surroundings::Surroundings,
    table::Table,
};

/// What can be done with the allowlist.
#[derive(Subcommand)]
pub(crate) enum AllowCommand {
    /// Adds a network; a single address is a network of one
    #[command(after_help = "Example:\n  mcpctl allow add 192.168.3.0/24")]
    Add(CidrArg),
    /// Lists the networks
    #[command(after_help = "Example:\n  mcpctl allow list")]
    List,
    /// Removes a network, written as listed
    Remove(RemoveArgs),
    /// Says whether an address may connect; exits 1 when not
    #[command(after_help = "Example:\n  mcpctl allow test 192.168.3.7 && echo welcome")]
    Test(AddressArg),
}

/// Which network.
#[derive(Args)]
pub(crate) struct CidrArg {
    /// A network or address: 192.168.3.0/24, 10.1.2.3, fd00::/8
    cidr: String,
}

/// Which network is removed.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl allow remove 192.168.3.0/24")]
pub(crate) struct RemoveArgs {
    /// A network of the list
    cidr: String,
    #[command(flatten)]
    consent: Consent,
}

/// Which address.
#[derive(Args)]
pub(crate) struct AddressArg {
    /// An IPv4 or IPv6 address
    #[arg(value_name = "IP")]
    address: String,
}

/// Runs one of the allowlist commands.
pub(crate) async fn run(
    command: AllowCommand,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    match command {
        AllowCommand::Add(CidrArg { cidr }) => {
            let report = daemon.call(AllowAdd { cidr }).await.or_see(&daemon.line(LIST))?;
            out.show(&report, |report| list_page(report, daemon))?;
            Ok(Ended::Done)
        }
        AllowCommand::List => {
            let report = daemon.call(AllowList {}).await?;
            out.show(&report, |report| list_page(report, daemon))?;
            Ok(Ended::Done)
        }
        AllowCommand::Remove(RemoveArgs { cidr, consent }) => {
            consent.ask(&format!("remove {cidr} from the allowlist?"), surroundings, out)?;
            let report = daemon.call(AllowRemove { cidr }).await.or_see(&daemon.line(LIST))?;
            out.show(&report, |report| list_page(report, daemon))?;
            Ok(Ended::Done)
        }
        AllowCommand::Test(AddressArg { address }) => {
            let verdict = daemon.call(AllowTest { address }).await?;
            out.show(&verdict, verdict_page)?;
            Ok(if verdict.allowed { Ended::Done } else { Ended::Negative })
        }
    }
}

const LIST: &str = "allow list";

fn list_page(report: &AllowReport, daemon: &Daemon) -> Page {
    let page = match report.state {
        AllowState::LoopbackOnly => Page::of("there is no allowlist: only this machine may connect")
            .line(format!("to let others in: {}", daemon.line("allow add 192.168.3.0/24"))),
        AllowState::Nobody => Page::of("the allowlist is empty: nobody may connect")
            .line(format!("to let somebody in: {}", daemon.line("allow add 127.0.0.1"))),
        AllowState::Listed => Page::default().table(
            report.entries.iter().fold(Table::new(["NETWORK", "FROM"]), |table, entry| {
                table.row([entry.cidr.clone(), source_word(entry.source).into()])
            }),
        ),
    };
    match &report.note {
        Some(note) => page.gap().text(&format!("note: {note}"), ""),
        None => page,
    }
}

fn verdict_page(verdict: &AllowVerdict) -> Page {
    let answer = if verdict.allowed { "may connect" } else { "may not connect" };
    Page::of(format!("{} {answer}: {}", verdict.address, verdict.because))
}

fn source_word(source: AllowSource) -> &'static str {
    match source {
        AllowSource::File => "configuration file",
        AllowSource::Operator => "mcpctl allow add",
    }
}
