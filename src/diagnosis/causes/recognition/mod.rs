//! Which causes a text speaks of. It is read line by line, in bounded memory: each line is judged with those around it.
//!
//! The evidence decides: this task's own last line, a service's code, its sentence, a client's words, a status, mere names. What names
//! no host of its own belongs to the host of its line, else to the next one near. See [`words`] for how the table writes signs.

mod line;
mod ranking;
mod words;

use std::collections::VecDeque;

pub use line::Place;
pub use ranking::{Evidence, Mention, Named};

use self::line::{Host, Line, Mark};
use self::ranking::{Hit, Hits};
use self::words::{LISTED, OWN, Ready, Wanted, Word, words};
use super::{Cause, Kind, Stage, by_name, with_code};

/// How far the words of a sign may be apart, in bytes: a status line with its headers, or an answer's body.
const NEAR_BYTES: usize = 1200;
/// How many lines around a line are held.
const NEAR_LINES: usize = 24;
/// How many lines away a host may stand that words belong to.
const HOST_LINES: usize = 8;
/// How long after a request its answer's first line may come.
const ANSWER_LINES: usize = 6;
/// Answers of services are short; a long one must not cost time.
const LONGEST_ANSWER: usize = 64 * 1024;
/// How much of the text around a mention is kept, before and after it.
const BEFORE_BYTES: usize = 2000;
const AFTER_BYTES: usize = 4000;
/// How many hosts are told that are none of Azure's.
const MOST_STRANGERS: usize = 8;

/// Trouble of the network at a host that is none of Azure DevOps or Entra.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stranger {
    /// The host, as it was written, in small letters.
    pub host: String,
    /// What is wrong there.
    pub cause: &'static Cause,
    /// Where it shows.
    pub place: Place,
}

/// What a text speaks of.
#[derive(Debug, Default)]
pub struct Reading {
    /// Causes and codes, each once, the likeliest first.
    pub mentions: Vec<Mention>,
    /// What is none of Azure's.
    pub strangers: Vec<Stranger>,
}

/// Reads a text by lines.
#[derive(Default)]
pub struct Reader {
    lines: VecDeque<Line>,
    /// How many of the lines held are judged.
    judged: usize,
    bytes: usize,
    /// How many lines there were; pieces of one count once.
    count: usize,
    hits: Hits,
    strangers: Vec<Stranger>,
    /// Whether the text is one answer or message, whose host is known.
    of_one_service: bool,
    /// Whether the last host named by a URL is one of Azure DevOps.
    page_is_devops: Option<bool>,
}

/// What the words of a sign belong to.
enum Belongs<'l> {
    /// A host of Azure, or they need none.
    Yes,
    /// To no host that is named.
    Guess,
    /// To another host.
    No(Option<&'l Host>),
}

impl Reader {
    /// Takes the next line, without colours, escapes and its end.
    pub fn line(&mut self, text: &str, place: Place) {
        self.count += usize::from(self.lines.back().is_none_or(|last| last.place != place));
        let line = Line::read(text, place, self.bytes, self.count);
        self.bytes += text.len() + 1;
        self.lines.push_back(line);
        if self.lines.len() > self.judged + NEAR_LINES {
            self.judge(self.judged);
            self.judged += 1;
        }
        if self.judged > NEAR_LINES {
            self.lines.pop_front();
            self.judged -= 1;
        }
    }

    /// What all lines together speak of.
    pub fn finish(mut self) -> Reading {
        for index in self.judged..self.lines.len() {
            self.judge(index);
        }
        Reading { mentions: self.hits.mentions(), strangers: self.strangers }
    }

    fn judge(&mut self, index: usize) {
        let line = &self.lines[index];
        if let Some(host) = line.hosts.iter().rfind(|host| line.text[host.at..].starts_with("://")) {
            let devops = Wanted { devops: true, entra: false, guess: false };
            self.page_is_devops = Some(host.is(devops));
        }
        let mut hits: Vec<Hit> = Vec::new();
        for (at, code) in &line.codes {
            let what = of_code(code);
            // Other programs have letters and digits like these; a code of the service has its sentence behind it.
            let is_likely = code.starts_with("aadsts") || line.text[at + code.len()..].starts_with(':');
            if is_likely || !matches!(what, Named::UnknownCode(_)) {
                hits.push(self.hit(index, *at, what, Evidence::Code, code.len()));
            }
        }
        for mark in &line.marks {
            let Word::Phrase(number) = mark.word else {
                self.add_signs(index, mark, &mut hits);
                continue;
            };
            if words().is(number, LISTED) {
                hits.extend(self.listed(index, mark.at));
            } else if words().is(number, OWN) {
                hits.extend(self.own_name(index, mark.at));
            } else {
                self.add_signs(index, mark, &mut hits);
            }
        }
        let strangers = self.strangers_at(index);
        self.hits.add(hits);
        for stranger in strangers {
            let is_known =
                self.strangers.iter().any(|known| known.host == stranger.host && known.cause == stranger.cause);
            if !is_known && self.strangers.len() < MOST_STRANGERS {
                self.strangers.push(stranger);
            }
        }
    }

    fn add_signs(&self, index: usize, first: &Mark, hits: &mut Vec<Hit>) {
        for sign in words().beginning_with(first.word) {
            if !self.stands(index, first, sign) {
                continue;
            }
            let evidence = match self.belongs(index, first, sign) {
                Belongs::No(_) => continue,
                Belongs::Guess => Evidence::Guess,
                Belongs::Yes => sign.evidence(),
            };
            // A sentence with a code in it says more than the code.
            let is_coded = self.lines[index].codes.iter().any(|(at, _)| *at == first.at);
            let evidence = if is_coded { Evidence::Code } else { evidence };
            let letters = sign.words.iter().map(|word| words().letters(*word)).sum();
            let what = Named::Cause(sign.cause);
            // Of a line that says it again and again, once is enough.
            let says = |hit: &Hit| (&hit.what, hit.evidence, hit.letters) == (&what, evidence, letters);
            if !hits.iter().any(says) {
                hits.push(self.hit(index, first.at, what, evidence, letters));
            }
        }
    }

    /// What of this line is trouble at a host that is none of Azure's.
    fn strangers_at(&self, index: usize) -> Vec<Stranger> {
        let mut strangers = Vec::new();
        for mark in &self.lines[index].marks {
            for sign in words()
                .beginning_with(mark.word)
                .filter(|sign| sign.cause.stage == Stage::Network && sign.kind == Kind::Client)
            {
                if let Belongs::No(Some(host)) = self.belongs(index, mark, sign)
                    && host.is_public()
                    && self.stands(index, mark, sign)
                {
                    let place = self.lines[index].place.clone();
                    strangers.push(Stranger { host: host.name.clone(), cause: sign.cause, place });
                }
            }
        }
        strangers
    }

    /// Whether all words of a sign stand near its first.
    fn stands(&self, index: usize, first: &Mark, sign: &Ready) -> bool {
        let line = &self.lines[index];
        let at = line.start + first.at;
        let near = |word: Word| {
            let reach = |line: &&Line| line.start <= at + NEAR_BYTES && line.start + line.text.len() + NEAR_BYTES >= at;
            let is_it =
                |line: &Line, mark: &Mark| mark.word == word && (line.start + mark.at).abs_diff(at) <= NEAR_BYTES;
            self.lines.iter().filter(reach).any(|line| line.marks.iter().any(|mark| is_it(line, mark)))
        };
        sign.words[1..].iter().all(|word| match word {
            Word::Not(number) => !line.has(Word::Phrase(*number)),
            Word::Host(_) => true,
            _ if line.has(*word) => true,
            Word::Status(_) => self.answers(index).any(|answer| answer.has(*word)),
            Word::Phrase(_) => sign.kind != Kind::Name && near(*word),
        })
    }

    /// The first lines of answers to a request in this line, and this line where it is such a one.
    fn answers(&self, index: usize) -> impl Iterator<Item = &Line> {
        self.lines.iter().skip(index + 1).take(ANSWER_LINES).filter(|line| line.opens_an_answer)
    }

    /// Whether the words of a sign speak of the host that it wants.
    fn belongs(&self, index: usize, first: &Mark, sign: &Ready) -> Belongs<'_> {
        let wanted =
            sign.words.iter().find_map(|word| if let Word::Host(wanted) = word { Some(*wanted) } else { None });
        let Some(wanted) = wanted.filter(|_| !self.of_one_service) else { return Belongs::Yes };
        let judge = |host: &'_ Host| host.is(wanted);
        let line = &self.lines[index];
        // Beside a host of the network at large, an address or a name of the machine's own is the proxy's or what a name stands for.
        let public = || line.hosts.iter().filter(|host| host.is_public());
        if let Some(host) = public().min_by_key(|host| host.at.abs_diff(first.at)).or(line.hosts.first()) {
            return if judge(host) { Belongs::Yes } else { Belongs::No(Some(host)) };
        }
        // A status alone belongs to its own line, unless it opens an answer.
        let is_bare = sign.words.iter().all(|word| !matches!(word, Word::Phrase(_)));
        if !is_bare || line.opens_an_answer {
            for distance in 1..=HOST_LINES {
                let after = self.lines.get(index + distance).filter(|_| !line.opens_an_answer);
                let before = index.checked_sub(distance).map(|before| &self.lines[before]);
                for beside in [after, before].into_iter().flatten() {
                    let is_near = beside.start.abs_diff(line.start) <= NEAR_BYTES;
                    let hosts = || beside.hosts.iter().filter(|_| is_near);
                    if hosts().any(judge) {
                        return Belongs::Yes;
                    }
                    if let Some(host) = hosts().next() {
                        return Belongs::No(Some(host));
                    }
                }
            }
        }
        match self.page_is_devops {
            Some(false) => Belongs::No(None),
            _ if wanted.guess => Belongs::Guess,
            _ => Belongs::No(None),
        }
    }

    /// The codes of Entra's list. A relay may write the numbers, or the whole list, as a text; it may escape the marks around it.
    fn listed(&self, index: usize, at: usize) -> Vec<Hit> {
        let marks = |c: char| c.is_ascii_whitespace() || "\\\":=".contains(c);
        let text = self.text_from(index, at + LISTED.len(), 400);
        let Some(list) = text.trim_start_matches(marks).strip_prefix('[') else { return Vec::new() };
        let end = list.find(|c: char| !c.is_ascii_digit() && !"[],\\\" \t\r\n".contains(c)).unwrap_or(list.len());
        let numbers =
            list[..end].split(|c: char| !c.is_ascii_digit()).filter(|number| (1..=10).contains(&number.len()));
        let hit = |(order, number): (usize, &str)| {
            // The first counts most.
            self.hit(index, at, of_code(&format!("aadsts{number}")), Evidence::Listed, 100 - order)
        };
        numbers.take(16).enumerate().map(hit).collect()
    }

    /// What our own messages end with.
    fn own_name(&self, index: usize, at: usize) -> Option<Hit> {
        let rest = self.lines[index].text[at + OWN.len()..].strip_prefix(' ')?;
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()?;
        Some(self.hit(index, at, Named::Cause(by_name(name)?), Evidence::Own, name.len()))
    }

    /// The text from a place on, over the ends of lines.
    fn text_from(&self, index: usize, at: usize, most: usize) -> String {
        let mut text = self.lines[index].text.get(at..).unwrap_or_default().to_owned();
        for line in self.lines.iter().skip(index + 1) {
            if text.len() > most {
                break;
            }
            text = text + "\n" + &line.text;
        }
        text.truncate(text.floor_char_boundary(most));
        text
    }

    fn hit(&self, index: usize, at: usize, what: Named, evidence: Evidence, letters: usize) -> Hit {
        let line = &self.lines[index];
        let mut before = String::new();
        for line in self.lines.range(..index).rev() {
            if before.len() + line.text.len() > BEFORE_BYTES {
                break;
            }
            before = format!("{}\n{before}", line.text);
        }
        before += &line.text[line.text.floor_char_boundary(at.saturating_sub(BEFORE_BYTES))..at];
        let near = |line: &Line| line.start.abs_diff(self.lines[index].start) <= NEAR_BYTES;
        let following = self.lines.range(index..).take_while(|line| near(line)).take(3);
        Hit {
            what,
            evidence,
            letters,
            at: line.start + at,
            line: line.number,
            is_error: following.clone().any(|line| line.is_error),
            is_tried_again: following.clone().any(|line| line.is_tried_again),
            place: line.place.clone(),
            before,
            after: self.text_from(index, at, AFTER_BYTES),
        }
    }
}

impl Ready {
    /// How much it proves where its words stand and their host is right.
    fn evidence(&self) -> Evidence {
        match self.kind {
            Kind::Sentence => Evidence::Sentence,
            Kind::Name => Evidence::Name,
            Kind::Client if self.words.iter().any(|word| matches!(word, Word::Phrase(_))) => Evidence::Client,
            Kind::Client => Evidence::Status,
        }
    }
}

fn of_code(code: &str) -> Named {
    with_code(code).map_or_else(|| Named::UnknownCode(code.to_ascii_uppercase()), Named::Cause)
}

/// The cause that one answer of a service, or one message of ours, speaks of first.
pub fn find_in(text: &str) -> Option<&'static Cause> {
    read_one(text).iter().find_map(Mention::cause)
}

/// The cause whose code a text names first; the elements of Entra's `error_codes` go before all others.
pub fn named_in(text: &str) -> Option<&'static Cause> {
    let mentions = read_one(text);
    let coded = |mention: &&Mention| matches!(mention.evidence, Evidence::Listed | Evidence::Code);
    mentions.iter().filter(coded).find_map(|mention| mention.cause().filter(|cause| cause.is_code()))
}

fn read_one(text: &str) -> Vec<Mention> {
    let mut reader = Reader { of_one_service: true, ..Reader::default() };
    for line in text[..text.floor_char_boundary(LONGEST_ANSWER)].lines() {
        reader.line(line, Place::default());
    }
    reader.finish().mentions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<&'static str> {
        find_in(text).map(|cause| cause.name)
    }

    #[test]
    fn a_longer_code_is_not_taken_for_a_shorter_one() {
        assert_eq!(name("AADSTS7002138: x"), Some("AADSTS7002138"));
        assert_eq!(name("aadsts700213: x"), Some("AADSTS700213"));
        assert_eq!(name("TF401444: the AADSTS90002"), Some("TF401444"));
        for unknown in ["AADSTS9000231: x", "AADSTS90002x", "xTF401444", "TF40144", "VS2022"] {
            assert_eq!(name(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn listed_codes_go_before_all_others() {
        for list in [
            r#""error_codes":[700213,90002]"#,
            r#"\"error_codes\": [ \"[700213]\" ]"#,
            r#""error_codes":"[700213]""#,
            "\"error_codes\": [\n  700213,\n  90002 ]",
        ] {
            assert_eq!(name(&format!("AADSTS500011: x {list}")), Some("AADSTS700213"), "{list}");
        }
        assert_eq!(read_one("error_codes: none, 90002"), []);
    }
}
