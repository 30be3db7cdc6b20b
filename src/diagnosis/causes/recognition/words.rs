//! The table's signs made ready: every phrase in one list, and which signs begin with what.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::{Cause, Sign, all};

/// How many bytes of a phrase lead to it.
const HEAD_BYTES: usize = 3;

/// What a sign is made of, as the table writes it:
///
/// - `=401`: this status, written as one;
/// - `@devops`, `@entra`, `@azure`: the words speak of a host of Azure DevOps, of Entra, of either; with a `?` they may be without
///   any host, and are a guess then;
/// - `!text`: not in the same line;
/// - anything else: these words, whole, in any case of letters.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Word {
    /// A phrase, by its number.
    Phrase(u16),
    /// A status of HTTP.
    Status(u16),
    /// A host must stand by.
    Host(Wanted),
    /// A phrase that must not be in the line.
    Not(u16),
}

/// Which host words must speak of.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Wanted {
    /// Whether one of Azure DevOps will do.
    pub devops: bool,
    /// Whether one of Entra will do.
    pub entra: bool,
    /// Whether the words are a guess where no host stands by.
    pub guess: bool,
}

/// What a sign is taken from, and so how much it proves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A sentence of a service or of this task.
    Sentence,
    /// The words of a client.
    Client,
    /// Mere names.
    Name,
}

/// A sign that can be compared.
pub struct Ready {
    pub cause: &'static Cause,
    pub kind: Kind,
    pub words: Vec<Word>,
}

/// Everything that is looked for.
pub struct Words {
    phrases: Vec<String>,
    heads: HashMap<[u8; HEAD_BYTES], Vec<u16>>,
    signs: Vec<Ready>,
    by_first: HashMap<Word, Vec<usize>>,
}

/// Phrases that mean something in every log.
pub const LISTED: &str = "error_codes";
pub const OWN: &str = "troubleshooting:";
/// What stands with a try that is followed by another.
const TRIED_AGAIN: [&str; 9] = [
    "retrying",
    "will retry",
    "retry fetch failed",
    "before retry",
    "remaining retries",
    "retries remaining",
    "retries left",
    "retriable error",
    "will try again",
];

static WORDS: LazyLock<Words> = LazyLock::new(Words::of_the_table);

/// What the table looks for.
pub fn words() -> &'static Words {
    &WORDS
}

impl Words {
    fn of_the_table() -> Self {
        let mut words =
            Self { phrases: Vec::new(), heads: HashMap::new(), signs: Vec::new(), by_first: HashMap::new() };
        for phrase in TRIED_AGAIN.into_iter().chain([LISTED, OWN]) {
            words.phrase(phrase);
        }
        for cause in all() {
            for (kind, signs) in [(Kind::Sentence, cause.signs), (Kind::Client, cause.words), (Kind::Name, cause.hints)]
            {
                for sign in signs {
                    words.sign(cause, kind, sign);
                }
            }
        }
        words
    }

    fn sign(&mut self, cause: &'static Cause, kind: Kind, sign: Sign) {
        let ready: Vec<Word> = sign.iter().map(|word| self.word(word)).collect();
        let Some(first) = ready.first() else { return };
        self.by_first.entry(*first).or_default().push(self.signs.len());
        self.signs.push(Ready { cause, kind, words: ready });
    }

    fn word(&mut self, word: &str) -> Word {
        let rest = word.get(1..).unwrap_or_default();
        match word.as_bytes().first() {
            Some(b'=') => Word::Status(rest.parse().unwrap_or_default()),
            Some(b'!') => Word::Not(self.phrase(rest)),
            Some(b'@') => {
                let name = rest.trim_end_matches('?');
                Word::Host(Wanted { devops: name != "entra", entra: name != "devops", guess: rest != name })
            }
            _ => Word::Phrase(self.phrase(word)),
        }
    }

    fn phrase(&mut self, phrase: &str) -> u16 {
        let phrase = phrase.to_ascii_lowercase();
        let known = self.phrases.iter().position(|known| *known == phrase);
        let number = known.unwrap_or(self.phrases.len());
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        if known.is_none()
            && let Some(head) = phrase.as_bytes().first_chunk()
        {
            self.heads.entry(*head).or_default().push(number);
            self.phrases.push(phrase);
        }
        number
    }

    /// The phrases that begin exactly here, each with its length.
    pub fn at<'w>(&'w self, lower: &'w [u8], at: usize) -> impl Iterator<Item = (u16, usize)> + 'w {
        let head = lower.get(at..).and_then(<[u8]>::first_chunk);
        let numbers = head.and_then(|head| self.heads.get(head)).into_iter().flatten();
        numbers.filter_map(move |number| {
            let phrase = self.phrases[usize::from(*number)].as_bytes();
            let end = at + phrase.len();
            // No letter goes on before or after.
            let is_cut = |before: Option<&u8>, after: Option<&u8>| {
                [before, after].into_iter().all(|byte| byte.is_some_and(u8::is_ascii_alphanumeric))
            };
            let whole = lower[at..].starts_with(phrase)
                && !is_cut(at.checked_sub(1).and_then(|before| lower.get(before)), lower.get(at))
                && !is_cut(lower.get(end - 1), lower.get(end));
            whole.then_some((*number, phrase.len()))
        })
    }

    /// The signs whose first word this is.
    pub fn beginning_with(&self, word: Word) -> impl Iterator<Item = &Ready> {
        self.by_first.get(&word).into_iter().flatten().map(|number| &self.signs[*number])
    }

    /// What a word weighs: its letters, and a status more than a common name.
    pub fn letters(&self, word: Word) -> usize {
        match word {
            Word::Phrase(number) => self.phrases[usize::from(number)].len(),
            Word::Status(_) => 20,
            Word::Host(_) | Word::Not(_) => 0,
        }
    }

    /// Whether this phrase says that what failed is tried again.
    pub fn says_again(number: u16) -> bool {
        usize::from(number) < TRIED_AGAIN.len()
    }

    /// Whether this is the phrase that one of the constants of this room holds.
    pub fn is(&self, number: u16, phrase: &str) -> bool {
        self.phrases[usize::from(number)] == phrase
    }
}
