//! The dialects of references, over a stream of characters.

use std::collections::VecDeque;

/// A longer name is none that a step could mean.
const LONGEST_NAME: usize = 512;
/// Stands in a reported name for what nobody knows.
pub(super) const ANYTHING: &str = "\u{1}";
/// References that stand in each other; the outermost of more are forgotten.
const DEEPEST: usize = 64;

/// Reports every name that a view of `text` refers to, with its line.
pub(super) fn scan(text: &str, view: &mut dyn Iterator<Item = (usize, char)>, report: &mut dyn FnMut(&str, usize)) {
    let mut line = Lines { text: text.as_bytes(), position: 0, line: 1 };
    let mut braces = Brackets::new('}');
    let mut parentheses = Brackets::new(')');
    let mut fields = Brackets { are_fields: true, ..Brackets::new('}') };
    let mut percents: Option<Word> = None;
    let mut bare: Option<Word> = None;
    let mut is_behind_dollar = false;
    for (at, character) in view {
        let line = line.at(at);
        match character {
            '{' => fields.open(line),
            '}' => fields.close(report),
            // No name has one in it.
            '\n' => (0..fields.open.len()).for_each(|_| fields.close(report)),
            other => fields.push(other),
        }
        let opened = match (is_behind_dollar, character) {
            (true, '{') => Some(&mut braces),
            (true, '(') => Some(&mut parentheses),
            _ => None,
        };
        if let Some(brackets) = opened {
            brackets.open(line);
            is_behind_dollar = false;
            continue;
        }
        let is_part_of_name = character.is_ascii_alphanumeric() || character == '_';
        if is_behind_dollar && is_part_of_name {
            bare = Some(Word::new(line));
        }
        bare = bare.and_then(|word| word.of_bare(character, is_part_of_name, report));
        for brackets in [&mut braces, &mut parentheses] {
            if is_behind_dollar {
                brackets.push('$');
            }
            if character == brackets.closing {
                brackets.close(report);
            } else if character != '$' {
                brackets.push(character);
            }
        }
        percents = match (percents, character) {
            (word, '%') => {
                word.inspect(|word| word.report_whole(report));
                Some(Word::new(line))
            }
            (_, '\n') => None,
            (word, other) => word.map(|word| word.then(other)),
        };
        is_behind_dollar = character == '$';
    }
    bare.inspect(|word| word.report(report));
}

/// Counts lines on the way.
struct Lines<'t> {
    text: &'t [u8],
    position: usize,
    line: usize,
}

impl Lines<'_> {
    fn at(&mut self, position: usize) -> usize {
        while self.position < position {
            let (byte, next) = (self.text[self.position], self.text.get(self.position + 1));
            let ends = byte == b'\n' || (byte == b'\r' && next != Some(&b'\n'));
            self.line += usize::from(ends);
            self.position += 1;
        }
        self.line
    }
}

/// What may be a name, as far as it has been read.
#[derive(Clone, Debug)]
struct Word {
    line: usize,
    text: String,
    is_too_long: bool,
}

impl Word {
    fn new(line: usize) -> Self {
        Self { line, text: String::new(), is_too_long: false }
    }

    fn push(&mut self, more: &str) {
        self.is_too_long |= self.text.len() + more.len() > LONGEST_NAME;
        if !self.is_too_long {
            self.text.push_str(more);
        }
    }

    fn then(mut self, character: char) -> Self {
        self.push(character.encode_utf8(&mut [0; 4]));
        self
    }

    /// `$X`, which ends where a name ends, and `$Env:X`.
    fn of_bare(mut self, character: char, is_part_of_name: bool, report: &mut dyn FnMut(&str, usize)) -> Option<Self> {
        if is_part_of_name {
            return Some(self.then(character));
        }
        if character == ':' && self.text.eq_ignore_ascii_case("env") {
            self.text.clear();
            return Some(self);
        }
        self.report(report);
        None
    }

    /// What stands in its place where its variable is unset: `X-this`, `X:-this`, and in a field `env:X:this`.
    fn default(&self, is_field: bool) -> &str {
        let parts = if is_field { self.text.rsplit_once(':') } else { self.text.split_once('-') };
        parts.map_or("", |(_, default)| default)
    }

    /// Reports all of it, and what stands before a sign: `X-this`, `X:~0,3`, each behind `env.` as well.
    fn report_whole(&self, report: &mut dyn FnMut(&str, usize)) {
        let whole = self.text.trim();
        let of_environment = whole.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("env"));
        let inner = if of_environment { whole[3..].strip_prefix(['.', ':']) } else { None };
        for text in [Some(whole), inner].into_iter().flatten() {
            let signs = text.match_indices(|c| ":-?#%/+=^,@!".contains(c)).take(8);
            let parts = signs.map(|(at, _)| text[..at].trim());
            // What stands for a name may be longer than one: it begins with the name.
            let all = Some(text).filter(|_| !self.is_too_long);
            for name in parts.chain(all).filter(|name| !name.is_empty()) {
                report(name, self.line);
            }
        }
    }

    /// Reports each name that a dialect could see in it: those, and each run of letters and digits.
    fn report(&self, report: &mut dyn FnMut(&str, usize)) {
        self.report_whole(report);
        let whole = self.text.trim();
        let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let dotted = whole.split(|c| c != '.' && !of_name(c));
        let plain = whole.split(|c| !of_name(c));
        for name in dotted.chain(plain).filter(|name| !name.is_empty() && *name != whole) {
            report(name, self.line);
        }
    }

    /// Reports what may be the name in a field: what colons part behind `env`.
    fn report_field(&self, report: &mut dyn FnMut(&str, usize)) {
        let ends = ["env", ANYTHING].iter().filter_map(|start| {
            let mut found = self.text.match_indices(start).map(|(at, start)| at + start.len());
            found.find(|end| self.text[*end..].starts_with([':', '!']))
        });
        let names = ends.min().map_or("", |end| &self.text[end..]).split(':');
        names.filter(|name| !name.is_empty()).for_each(|name| report(name, self.line));
    }
}

/// `${…}`, `$(…)` or hatch's fields, `{env:…}`, one in another.
struct Brackets {
    closing: char,
    are_fields: bool,
    open: VecDeque<Readings>,
}

/// A name may be put together of others: pnpm replaces twice, so that `${A_${B-C}}` is `${A_C}`. Of each reference inside, one
/// reading has what stands there where the variable is unset, the other nothing, or in a field anything.
struct Readings {
    default: Word,
    blank: Word,
}

impl Brackets {
    fn new(closing: char) -> Self {
        Self { closing, are_fields: false, open: VecDeque::new() }
    }

    fn open(&mut self, line: usize) {
        if self.open.len() == DEEPEST {
            self.open.pop_front();
        }
        self.open.push_back(Readings { default: Word::new(line), blank: Word::new(line) });
    }

    fn push(&mut self, character: char) {
        if let Some(innermost) = self.open.back_mut() {
            let mut bytes = [0; 4];
            let text = character.encode_utf8(&mut bytes);
            innermost.default.push(text);
            innermost.blank.push(text);
        }
    }

    fn close(&mut self, report: &mut dyn FnMut(&str, usize)) {
        let Some(closed) = self.open.pop_back() else { return };
        let tell = if self.are_fields { Word::report_field } else { Word::report };
        tell(&closed.default, report);
        if closed.blank.text != closed.default.text || closed.default.is_too_long {
            tell(&closed.blank, report);
        }
        if let Some(outer) = self.open.back_mut() {
            outer.default.push(closed.default.default(self.are_fields));
            outer.default.is_too_long |= closed.default.is_too_long;
            // What a field of hatch stands for may come from anywhere, such as the name of an environment.
            if self.are_fields {
                outer.blank.push(ANYTHING);
            }
        }
    }
}
