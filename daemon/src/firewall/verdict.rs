//! What a match of a known error comes to. A block needs the whole pattern; less than that only warns.

use crate::store::{BlockLevel, MatchedBy, Verdict};

/// How much there is to fear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Nothing is known against it.
    None,
    /// It resembles what failed.
    Low,
    /// It is known to fail at times, or resembles what must not be done.
    Medium,
    /// It is known to fail.
    High,
}

impl Risk {
    /// Returns the word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Returns what a match comes to: by which level, how it matched, and whether a key said something else.
pub(super) fn judge(level: BlockLevel, by: MatchedBy, differs: bool) -> (Verdict, Risk) {
    match (level, by) {
        (BlockLevel::None, MatchedBy::Pattern | MatchedBy::Message | MatchedBy::Part) => {
            (Verdict::Allow, Risk::None)
        }
        (BlockLevel::Block, MatchedBy::Pattern) => (Verdict::Block, Risk::High),
        (BlockLevel::Warning, MatchedBy::Pattern) => (Verdict::Warn, Risk::Medium),
        (BlockLevel::Block, MatchedBy::Message | MatchedBy::Part) if !differs => {
            (Verdict::Warn, Risk::Medium)
        }
        (BlockLevel::Block | BlockLevel::Warning, MatchedBy::Message | MatchedBy::Part) => {
            (Verdict::Warn, Risk::Low)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_pattern_blocks_and_none_is_silent() {
        for by in [MatchedBy::Pattern, MatchedBy::Message, MatchedBy::Part] {
            assert_eq!(judge(BlockLevel::None, by, false), (Verdict::Allow, Risk::None));
            let (verdict, risk) = judge(BlockLevel::Block, by, false);
            assert_eq!(verdict == Verdict::Block, by == MatchedBy::Pattern);
            assert_eq!(risk == Risk::High, by == MatchedBy::Pattern);
            assert_eq!(judge(BlockLevel::Warning, by, false).0, Verdict::Warn);
        }
        assert_eq!(judge(BlockLevel::Block, MatchedBy::Part, true), (Verdict::Warn, Risk::Low));
    }
}
