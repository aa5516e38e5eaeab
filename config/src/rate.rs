//! `COUNT/PERIOD`, as in `100/60s`: how often something may happen.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::written::Written;

/// Longest period: limiters count in nanoseconds and must not overflow.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// So many times in so long, written `100/60s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many times; also the largest burst.
    pub count: NonZeroU32,
    /// In which time; at least a nanosecond for each time, at most 366 days.
    pub per: Duration,
}

/// The reason why a text is not a [`Rate`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// The text has another form than COUNT/PERIOD, or counts nothing.
    #[error("{0:?} is not a rate; write it as COUNT/PERIOD, for example 100/60s")]
    Form(String),
    /// The period is too short for the count or too long to count.
    #[error("{0:?} is out of range; a rate's period is at least 1ns for each count and at most 366 days")]
    Range(String),
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(written: &str) -> Result<Self, RateError> {
        let form = || RateError::Form(written.to_owned());
        let (count, per) = written.split_once('/').ok_or_else(form)?;
        let count: NonZeroU32 = count.trim().parse().map_err(|_| form())?;
        let per = humantime::parse_duration(per.trim()).map_err(|_| form())?;
        if per.as_nanos() < u128::from(count.get()) || per > LONGEST {
            return Err(RateError::Range(written.to_owned()));
        }
        Ok(Self { count, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whole seconds stay seconds: "100/60s" reads like the file, "100/1m" does not.
        if self.per.subsec_nanos() == 0 {
            write!(out, "{}/{}s", self.count, self.per.as_secs())
        } else {
            write!(out, "{}/{}", self.count, humantime::format_duration(self.per))
        }
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_str(Written {
            form: "a rate in quotes, for example \"100/60s\"",
            read: |written| written.parse().map_err(|error: RateError| error.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_round_trips() {
        for written in ["100/60s", "1/1s", "4294967295/86400s", "5/500ms", "7/1s 500ms"] {
            let rate: Rate = written.parse().unwrap();
            assert_eq!(rate.to_string(), written);
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        assert_eq!("100 / 1m".parse::<Rate>().unwrap().to_string(), "100/60s");
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for written in
            ["", "100", "0/60s", "-1/60s", "100/", "/60s", "100/60", "a/60s", "1/2/3s", "4294967296/1h"]
        {
            assert_eq!(written.parse::<Rate>(), Err(RateError::Form(written.to_owned())));
        }
        for written in ["1/0s", "1001/1us", "1/2years"] {
            assert_eq!(written.parse::<Rate>(), Err(RateError::Range(written.to_owned())));
        }
    }
}
