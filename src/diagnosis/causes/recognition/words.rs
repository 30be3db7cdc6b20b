//! The table's signs made ready: every phrase in one list, and which signs begin with what.

use std::sync::LazyLock;

use super::super::{Cause, Kind, all};

/// How many lists of phrases there are.
const HEADS: usize = 4096;

/// What a sign is made of; [`Cause::signs`] says how the table writes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Whether one of Azure DevOps will do.
    pub devops: bool,
    /// Whether one of Entra will do.
    pub entra: bool,
    /// Whether the words are a guess where no host stands by.
    pub guess: bool,
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
    /// The phrases by their first bytes.
    heads: Vec<Vec<u16>>,
    signs: Vec<Ready>,
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

/// The list of the phrases that begin like this; the first three bytes lead to it.
fn head(text: &[u8]) -> usize {
    text.iter().take(3).fold(0_usize, |head, byte| head * 31 + usize::from(*byte)) % HEADS
}

impl Words {
    fn of_the_table() -> Self {
        let mut words = Self { phrases: Vec::new(), heads: vec![Vec::new(); HEADS], signs: Vec::new() };
        for phrase in TRIED_AGAIN.into_iter().chain([LISTED, OWN]) {
            words.phrase(phrase);
        }
        for cause in all() {
            for (kind, sign) in cause.signs() {
                let sign = sign.map(|word| words.word(word)).collect();
                words.signs.push(Ready { cause, kind, words: sign });
            }
        }
        words
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
        let number = u16::try_from(known.unwrap_or(self.phrases.len())).unwrap_or(u16::MAX);
        if known.is_none() {
            self.heads[head(phrase.as_bytes())].push(number);
            self.phrases.push(phrase);
        }
        number
    }

    /// The phrases that begin exactly here.
    pub fn at<'w>(&'w self, lower: &'w [u8], at: usize) -> impl Iterator<Item = u16> + 'w {
        let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let is_inside = at > 0 && is_letter(lower.get(at - 1)) && is_letter(lower.get(at));
        self.heads[head(&lower[at..])].iter().copied().filter(move |number| {
            let phrase = self.phrases[usize::from(*number)].as_bytes();
            let end = at + phrase.len();
            // No letter goes on before or after.
            !is_inside
                && lower[at..].starts_with(phrase)
                && !(is_letter(lower.get(end - 1)) && is_letter(lower.get(end)))
        })
    }

    /// The signs whose first word this is.
    pub fn beginning_with(&self, word: Word) -> impl Iterator<Item = &Ready> {
        self.signs.iter().filter(move |sign| sign.words.first() == Some(&word))
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
