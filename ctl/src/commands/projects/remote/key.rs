//! The key of another daemon: from a file that only its user can read, or from stdin, never from the command line.

use std::path::Path;

use http::HeaderValue;
use mcpd_ipc::keys::Shown;

use crate::{
    error::{Error, Kind},
    file::read_small,
    output::Output,
    page::Page,
    quote,
    surroundings::Surroundings,
};

/// The longest text that is read to find a key in it, in bytes.
const LIMIT: u64 = 64 << 10;

/// Reads a key; `-` is stdin.
pub(in super::super) fn read(
    file: &Path,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Shown, Error> {
    let (text, shown) = if file.as_os_str() == "-" {
        (typed(surroundings, out)?, "stdin".to_owned())
    } else {
        let shown = file.display().to_string();
        let bytes = read_small(file, LIMIT)?;
        check_private(file, &shown)?;
        let text = String::from_utf8(bytes);
        (text.map_err(|_| Error::new(Kind::Usage, format!("{shown} is not UTF-8")))?, shown)
    };
    let usage = |message: String| {
        Err(Error::new(Kind::Usage, message).hint("it holds the key alone, as `mcpctl keys add` prints it"))
    };
    match text.trim() {
        "" => usage(format!("{shown} holds no key")),
        key if key.contains('\n') => usage(format!("{shown} holds more than one line")),
        key => Ok(Shown::new(key)),
    }
}

fn typed(surroundings: &mut Surroundings, out: &mut Output) -> Result<String, Error> {
    let text = if surroundings.terminal.stdin {
        out.aside(&Page::of("paste the key, then Enter"));
        surroundings.line(LIMIT)
    } else {
        surroundings.text(LIMIT)
    };
    text.map_err(|error| Error::new(Kind::Failed, "the key could not be read from stdin").because(error))
}

/// Fails when other users may read the file: a key that they have is theirs too.
#[cfg(unix)]
fn check_private(file: &Path, shown: &str) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let is_open = std::fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
    if !is_open {
        return Ok(());
    }
    let message = format!("other users may read {shown}, so the key in it is no secret");
    Err(Error::new(Kind::Usage, message).hint(format!("chmod 600 {}", quote::word(shown))))
}

/// Lets everything pass: files have no modes here.
#[cfg(not(unix))]
fn check_private(_: &Path, _: &str) -> Result<(), Error> {
    Ok(())
}

/// Returns the header that shows the key.
pub(super) fn header(key: &str) -> Result<HeaderValue, Error> {
    let header = HeaderValue::from_str(&format!("Bearer {key}"));
    let mut header =
        header.map_err(|_| Error::new(Kind::Usage, "the key holds characters that no header carries"))?;
    header.set_sensitive(true);
    Ok(header)
}
