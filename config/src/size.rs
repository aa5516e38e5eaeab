//! Numbers: bytes, written plainly or as in `4MiB`, and counts.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};

const UNITS: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];

/// Largest size: it must also fit a signed number, which is what TOML and SQL have.
const LARGEST: u64 = i64::MAX as u64;

/// Reads a number of bytes above zero: an integer, or a string with a unit.
pub(crate) fn bytes<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
    input.deserialize_any(Whole {
        form: "a size in bytes, for example 65536 or \"64KiB\"",
        least: 1,
        most: LARGEST,
        read: Some(read),
    })
}

/// Reads a number, zero included.
pub(crate) fn count<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
    input.deserialize_any(Whole { form: "a whole number, 0 or more", least: 0, most: LARGEST, read: None })
}

/// Reads a number above zero.
pub(crate) fn at_least_one<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
    let whole = Whole {
        form: "a whole number from 1 to 4294967295",
        least: 1,
        most: u64::from(u32::MAX),
        read: None,
    };
    let number = input.deserialize_any(whole)?;
    u32::try_from(number).map_err(D::Error::custom)
}

/// Reads a share in hundredths, above zero.
pub(crate) fn percent<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
    let whole = Whole { form: "a whole number from 1 to 100", least: 1, most: 100, read: None };
    let number = input.deserialize_any(whole)?;
    u32::try_from(number).map_err(D::Error::custom)
}

/// Reads a number above zero that may be left out.
pub(crate) fn some_at_least_one<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u32>, D::Error> {
    at_least_one(input).map(Some)
}

/// Reads a whole number between two bounds; as a string too where a reader for strings is given.
struct Whole {
    form: &'static str,
    least: u64,
    most: u64,
    read: Option<fn(&str) -> Option<u64>>,
}

impl Visitor<'_> for Whole {
    type Value = u64;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.form)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        if (self.least..=self.most).contains(&number) {
            return Ok(number);
        }
        Err(E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_str<E: Error>(self, written: &str) -> Result<u64, E> {
        let Some(read) = self.read else {
            return Err(E::invalid_type(Unexpected::Str(written), &self));
        };
        match read(written) {
            Some(number) => self.visit_u64(number),
            None => Err(E::custom(format!(
                "{written:?} is not a size; write bytes as a number, or with KiB, MiB or GiB, for example \"4MiB\""
            ))),
        }
    }
}

/// Decimal units (kB, MB) are refused: people mean either, and a limit should not be guessed.
fn read(written: &str) -> Option<u64> {
    let (number, unit) = UNITS.iter().find_map(|(name, unit)| Some((written.strip_suffix(name)?, *unit)))?;
    number.trim_end().parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn sizes_are_read_with_binary_units_only() {
        assert_eq!(read("4MiB"), Some(4 << 20));
        assert_eq!(read("64 KiB"), Some(64 << 10));
        assert_eq!(read("2GiB"), Some(2 << 30));
        assert_eq!(read("512B"), Some(512));
        for written in ["", "4", "MiB", "4MB", "4mib", "-1KiB", "1.5MiB", "99999999999GiB"] {
            assert_eq!(read(written), None, "{written}");
        }
    }
}
