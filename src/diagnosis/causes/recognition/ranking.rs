//! Which of all that shows in a text counts most.

use std::cmp::Reverse;

use super::super::Cause;
use super::line::Place;

/// How near two signs are of one error, in bytes.
const ONE_ERROR_BYTES: usize = 1200;
/// After how many hits those that cannot win are dropped.
const MOST_HITS: usize = 256;
/// How many codes are kept that no row has.
const MOST_UNKNOWN: usize = 16;

/// How much something proves, the most first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Evidence {
    /// This task names the cause.
    Own,
    /// Entra lists the code.
    Listed,
    /// A service's code.
    Code,
    /// A service's sentence.
    Sentence,
    /// What a client says of a host of Azure.
    Client,
    /// A status of such a host.
    Status,
    /// What a client says, of whatever host.
    Guess,
    /// Names that such trouble goes with.
    Name,
}

/// What a text can name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Named {
    /// A row of the table.
    Cause(&'static Cause),
    /// A code that no row has, in capitals.
    UnknownCode(String),
}

/// Something that a text speaks of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mention {
    /// What it is.
    pub what: Named,
    /// What speaks for it.
    pub evidence: Evidence,
    /// Whether it fits no less than the first.
    pub is_as_likely: bool,
    /// Where it stands.
    pub place: Place,
    /// The text before it, and from it on.
    pub around: (String, String),
}

impl Mention {
    /// The row of the table; nothing for a code that is in none.
    pub fn cause(&self) -> Option<&'static Cause> {
        match self.what {
            Named::Cause(cause) => Some(cause),
            Named::UnknownCode(_) => None,
        }
    }
}

/// A mention before it is known which count.
#[derive(Clone, Debug)]
pub struct Hit {
    pub what: Named,
    pub evidence: Evidence,
    /// How many letters speak for it.
    pub letters: usize,
    pub at: usize,
    /// Which line it is in.
    pub line: usize,
    pub is_error: bool,
    pub is_tried_again: bool,
    pub place: Place,
    pub before: String,
    pub after: String,
}

/// What a hit is worth: less is more.
type Rank = (bool, bool, Evidence, bool, i64, usize, Reverse<usize>);

impl Hit {
    fn rank(&self) -> Rank {
        let line = i64::try_from(self.line).unwrap_or(i64::MAX);
        // Of errors the first ends the job; else the last try is the one that counts. Within a line the first word has it.
        let order = if self.is_error { line } else { -line };
        let is_unknown = matches!(self.what, Named::UnknownCode(_));
        (self.is_tried_again, is_unknown, self.evidence, !self.is_error, order, self.at, Reverse(self.letters))
    }

    /// How well it fits, whatever its place.
    fn fit(&self) -> (bool, bool, Evidence, bool) {
        let (is_tried_again, is_unknown, evidence, is_no_error, ..) = self.rank();
        (is_tried_again, is_unknown, evidence, is_no_error)
    }

    /// Whether this is nothing but a weaker sign of the other's error.
    fn is_part_of(&self, other: &Self) -> bool {
        let is_near = self.at.abs_diff(other.at) <= ONE_ERROR_BYTES;
        let is_weaker = (other.evidence, Reverse(other.letters)) < (self.evidence, Reverse(self.letters));
        // Codes stand for themselves, but for the sentence that a code begins.
        let coded = Evidence::Code;
        let is_apart = self.evidence <= coded && self.at != other.at;
        // What was tried again is no part of what came in the end.
        let is_over = other.is_tried_again && !self.is_tried_again;
        is_near && is_weaker && !is_apart && !is_over
    }
}

/// All hits, as far as they can count.
#[derive(Debug, Default)]
pub struct Hits {
    hits: Vec<Hit>,
}

impl Hits {
    pub fn add(&mut self, hits: Vec<Hit>) {
        self.hits.extend(hits);
        if self.hits.len() > MOST_HITS {
            self.settle();
        }
    }

    /// Drops what is part of another error, and all but the best of each kind.
    fn settle(&mut self) {
        let all = std::mem::take(&mut self.hits);
        let mut left: Vec<&Hit> = all.iter().filter(|hit| !all.iter().any(|other| hit.is_part_of(other))).collect();
        let mut unknown = 0;
        while let Some(best) = (0..left.len()).min_by_key(|number| left[*number].rank()) {
            let hit = left.swap_remove(best);
            unknown += usize::from(matches!(hit.what, Named::UnknownCode(_)));
            if unknown <= MOST_UNKNOWN && self.hits.iter().all(|earlier| earlier.what != hit.what) {
                self.hits.push(hit.clone());
            }
        }
    }

    /// What counts, the likeliest first. Mere names and guesses count only where nothing else does.
    pub fn mentions(mut self) -> Vec<Mention> {
        self.settle();
        let weak = |hit: &Hit| hit.evidence >= Evidence::Guess;
        let strong = self.hits.iter().any(|hit| !weak(hit));
        let best_weak = self.hits.first().map(|hit| hit.evidence);
        let first = self.hits.first().map(Hit::fit);
        let counts = |hit: &Hit| if strong { !weak(hit) } else { Some(hit.evidence) == best_weak };
        let hits = self.hits.into_iter().filter(counts).enumerate();
        hits.map(|(number, hit)| Mention {
            is_as_likely: number > 0 && Some(hit.fit()) == first,
            what: hit.what,
            evidence: hit.evidence,
            place: hit.place,
            around: (hit.before, hit.after),
        })
        .collect()
    }
}
