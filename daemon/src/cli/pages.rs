//! What packages bring beside the program: its completion scripts, its manual pages and its configuration file, made from
//! the same tree of commands and the same reference that the program itself reads.

use std::{io, path::Path};

use clap_complete::Shell;

/// Writes all of them into a directory; returns how many.
pub(super) fn write(mut command: clap::Command, dir: &Path) -> io::Result<usize> {
    std::fs::create_dir_all(dir)?;
    let mut written = 0;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, "mcpd", dir)?;
        written += 1;
    }
    // Building gives each command its full name, `mcpd-stdio`.
    command.build();
    let served = command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set());
    for page in std::iter::once(&command).chain(served) {
        let name = page.get_display_name().unwrap_or_else(|| page.get_name());
        let mut roff = Vec::new();
        clap_mangen::Man::new(page.clone()).source(SOURCE).render(&mut roff)?;
        std::fs::write(dir.join(format!("{name}.1")), roff)?;
        written += 1;
    }
    std::fs::write(dir.join("mcpd.toml.5"), reference())?;
    std::fs::write(dir.join("mcpd.toml"), for_service())?;
    Ok(written + 2)
}

const SOURCE: &str = concat!("mcpd ", env!("CARGO_PKG_VERSION"));

/// Returns the configuration of a service of the whole machine: the reference with every setting commented out but where
/// its logs go and who operates it.
fn for_service() -> String {
    let mut text = mcpd_config::starter();
    let own = [r#"socket = "/run/mcpd/mcpd.sock""#, r#"group = "mcpd""#, r#"directory = "/var/log/mcpd""#];
    for setting in own {
        text = text.replace(&format!("# {setting}\n"), &format!("{setting}\n"));
    }
    text
}

/// Returns the reference of the configuration as a manual page.
fn reference() -> String {
    let mut page = format!(
        ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH mcpd.toml 5 \"\" \"{SOURCE}\"\n.SH NAME\nmcpd.toml \\- the configuration \
         of mcpd\n.SH DESCRIPTION\nEvery setting with its meaning and its default. \\fBmcpd check\\fR \\fIFILE\\fR names \
         every mistake in a file.\n.nf\n"
    );
    for line in mcpd_config::REFERENCE.lines() {
        let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\*(Aq");
        // A control character at the beginning would be a command.
        let guard = if line.starts_with('.') { "\\&" } else { "" };
        page.push_str(&format!("{guard}{line}\n"));
    }
    page.push_str(".fi\n.SH SEE ALSO\n.BR mcpd (1),\n.BR mcpctl (1)\n");
    page
}

#[cfg(test)]
mod tests {
    use mcpd_config::Config;

    use super::*;

    #[test]
    fn the_configuration_of_a_service_has_no_complaints_and_names_its_group() {
        let text = for_service();
        let config = Config::load(Some(("mcpd.toml".as_ref(), &text)), &[]).unwrap();
        let named = (config.control.group.as_deref(), config.control.socket.as_deref());
        assert_eq!(named, (Some("mcpd"), Some(mcpd_ipc::SYSTEM_SOCKET.as_ref())));
        assert_eq!(config.telemetry.directory.as_deref(), Some("/var/log/mcpd".as_ref()));
    }
}
