//! Checking an operation before it is done: what is known that matches it, and what that comes to.

use std::{cmp::Ordering, collections::HashMap, sync::Arc};

use mcpd_recall::{Question, terms};
use serde_json::{Map, Value};

use super::{
    Firewall, FirewallError, Risk, Whose,
    fit::{self, Fit, How},
    known::{Entry, KnownScope, State},
    pattern::{Features, PARAMS, operation_type},
    verdict::judge,
    withheld::without_secrets,
};
use crate::store::{BlockLevel, KnownError, MatchedBy, NewCheck, Owner, StoreError, Verdict};

/// Matches told: the one that decides, and others.
const TOLD: usize = 5;

/// More than this share of a pattern's keys must fit for a part to be a match.
const PART: f64 = 0.5;

/// Share of the telling words of a text that must be known for it to be alike.
const ALIKE: f64 = 0.6;

/// Errors whose words are compared, of each scope.
const COMPARED: usize = 50;

/// Lines of a text that are compared alone, and the fewest words that make one worth it; of fewer, only an error of the
/// same type is reminiscent.
const LINES: usize = 16;
const LINE_WORDS: usize = 4;

/// An operation somebody is about to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// By whom.
    pub owner: Owner,
    /// Whose errors are asked.
    pub whose: Whose,
    /// Kind of operation.
    pub operation_type: String,
    /// Its parameters.
    pub params: Map<String, Value>,
    /// Text of an error that was seen.
    pub message: Option<String>,
    /// The development session it belongs to.
    pub session: Option<String>,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Its id in the log.
    pub id: String,
    /// What it came to.
    pub verdict: Verdict,
    /// How much there is to fear.
    pub risk: Risk,
    /// What matched: the one that decides first.
    pub met: Vec<Met>,
    /// Errors that were looked at.
    pub known: usize,
}

/// A known error that matches an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Met {
    /// The error.
    pub error: KnownError,
    /// How it matches.
    pub by: MatchedBy,
    /// How well, 0..1: the share of the pattern's keys, or of the telling words of the text.
    pub score: f64,
    /// Why, in sentences.
    pub why: Vec<String>,
    /// What the match alone comes to.
    pub verdict: Verdict,
    /// How much there is to fear of it alone.
    pub risk: Risk,
}

impl Firewall {
    /// Compares an operation with what is known, and logs that.
    pub async fn check(&self, operation: Operation) -> Result<Checked, FirewallError> {
        let params = Features::of(&operation.params, PARAMS)?;
        let kind = operation_type(&operation.operation_type);
        if kind.is_empty() {
            return Err(FirewallError::Features {
                what: "operation_type",
                reason: "it has no word".to_owned(),
            });
        }
        let kept = without_secrets(&params).text();
        let scopes = self.known(&operation.whose).await?;
        let looking = Looking { kind: kind.clone(), params, text: operation.message };
        // Away from the threads that serve: thousands of patterns take a while.
        let (known, matches) = tokio::task::spawn_blocking(move || looking.run(&scopes)).await?;
        let mut met = Vec::with_capacity(matches.len());
        for one in matches {
            let (error, _) = self.store.firewall().get(&operation.owner.tenant, &one.id).await?;
            let Match { by, score, why, verdict, risk, .. } = one;
            met.push(Met { error, by, score, why, verdict, risk });
        }
        let verdict = met.first().map_or(Verdict::Allow, |met| met.verdict);
        let risk = met.first().map_or(Risk::None, |met| met.risk);
        let session = operation.session.clone();
        let check = NewCheck {
            owner: operation.owner,
            project: operation.whose.project,
            session: operation.session,
            operation_type: kind,
            params: kept,
            verdict,
            matched: met.first().map(|met| (met.error.id.clone(), met.by, met.score)),
        };
        let id = self.store.firewall().log(check).await.map_err(|error| match (error, session) {
            (StoreError::NotFound, Some(session)) => FirewallError::UnknownSession(session),
            (other, _) => other.into(),
        })?;
        Ok(Checked { id, verdict, risk, met, known })
    }
}

/// One check, to be done away from the threads that serve.
struct Looking {
    kind: String,
    params: Features,
    text: Option<String>,
}

/// An error that matches.
struct Match {
    id: Arc<str>,
    by: MatchedBy,
    score: f64,
    /// Keys of the pattern: of two that match wholly the narrower one tells more.
    keys: usize,
    why: Vec<String>,
    verdict: Verdict,
    risk: Risk,
}

impl Looking {
    /// Returns how many errors were looked at and what matches, the one that decides first.
    fn run(self, scopes: &[Arc<KnownScope>]) -> (usize, Vec<Match>) {
        let questions = self.questions();
        let (mut known, mut matches) = (0, Vec::new());
        for scope in scopes {
            let state = scope.state.read();
            known += state.errors.len();
            let alike = self.alike(&state, &questions);
            for (id, entry) in &state.errors {
                if let Some(found) = self.matches(id, entry, alike.get(id)) {
                    matches.push(found);
                }
            }
        }
        matches.sort_by(decisive);
        matches.truncate(TOLD);
        (known, matches)
    }

    /// The text that was seen, whole and by its lines; before an operation there is none, and its values are asked for.
    fn questions(&self) -> Vec<Question> {
        let Some(text) = &self.text else {
            let values: Vec<&str> =
                self.params.iter().flat_map(|(_, values)| values).map(String::as_str).collect();
            return vec![Question::new(&values.join(" "))];
        };
        let words = super::message::words_by_line(text);
        let whole = Question::new(&words.join(" "));
        let lines = words.iter().filter(|line| words.len() > 1 && terms(line).len() >= LINE_WORDS);
        std::iter::once(whole).chain(lines.take(LINES).map(|line| Question::new(line))).collect()
    }

    /// Returns the errors whose texts are alike, with how much and which words.
    fn alike(&self, state: &State, questions: &[Question]) -> HashMap<Arc<str>, (f64, Vec<String>)> {
        let mut alike: HashMap<Arc<str>, (f64, Vec<String>)> = HashMap::new();
        for question in questions {
            let is_wanted = |entry: &Entry| {
                self.speaks_for_itself() || fit::fit_type(&entry.error_type, &self.kind).is_some()
            };
            for (id, share, words) in state.like(question, COMPARED, is_wanted) {
                let known = alike.get(&id).is_some_and(|(known, _)| *known >= share);
                if share >= ALIKE && !known {
                    alike.insert(id, (share, words));
                }
            }
        }
        alike
    }

    /// Answers whether a text was seen with words enough to be told by them alone, whatever failed. The words of an
    /// operation that failed nowhere yet say little about one of another kind.
    fn speaks_for_itself(&self) -> bool {
        self.text.as_deref().is_some_and(|text| terms(&super::message::words(text)).len() >= LINE_WORDS)
    }

    fn matches(&self, id: &Arc<str>, entry: &Entry, alike: Option<&(f64, Vec<String>)>) -> Option<Match> {
        let kind = fit::fit_type(&entry.error_type, &self.kind);
        let fit = kind.map(|_| Fit::of(&entry.pattern, &self.params)).unwrap_or_default();
        let (by, score) = match alike {
            _ if fit.is_whole() => (MatchedBy::Pattern, 1.0),
            Some((share, _)) => (MatchedBy::Message, *share),
            None if fit.share() > PART => (MatchedBy::Part, fit.share()),
            None => return None,
        };
        // A likeness to what failed in doing something else is a remark.
        let (verdict, risk) = judge(entry.level, by, fit.differs() || kind.is_none());
        let mut why = Vec::new();
        if let Some(how) = kind {
            why.push(self.type_told(&entry.error_type, how));
        }
        why.extend(fit.why());
        if let Some((share, words)) = alike {
            why.push(self.words_told(*share, words));
        }
        if entry.level == BlockLevel::None {
            why.push("its block_level is none: it is told, and neither warns nor blocks".to_owned());
        }
        Some(Match { id: Arc::clone(id), by, score, keys: fit.len(), why, verdict, risk })
    }

    fn type_told(&self, wanted: &str, how: How) -> String {
        match how {
            How::Exact | How::Case => format!("type: {:?} is the same", self.kind),
            How::Wildcard | How::Range => format!("type: {:?} matches {wanted:?}", self.kind),
        }
    }

    fn words_told(&self, share: f64, words: &[String]) -> String {
        let what = if self.text.is_some() { "message" } else { "parameters" };
        let few: Vec<&str> = words.iter().take(8).map(String::as_str).collect();
        format!(
            "{what}: {:.0} % of the telling words are known, {} among them",
            share * 100.0,
            few.join(", ")
        )
    }
}

/// What decides comes first: what is worst, then the surest match, the narrowest pattern, the newest error.
fn decisive(left: &Match, right: &Match) -> Ordering {
    let surest = right.by.cmp(&left.by).then(right.score.total_cmp(&left.score));
    let worst = right.verdict.cmp(&left.verdict).then(right.risk.cmp(&left.risk));
    worst.then(surest).then(right.keys.cmp(&left.keys)).then(right.id.cmp(&left.id))
}
