//! What stands in one line of a log: phrases of the table, codes, statuses, hosts.

use std::rc::Rc;

use super::words::{Wanted, Word, Words, words};

/// Where in what was read something stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// The file, where there are several.
    pub file: Option<Rc<str>>,
    /// The step, where the log names it.
    pub step: Option<Rc<str>>,
    /// The line, from 1.
    pub line: u64,
}

/// A line, and what of it counts.
pub struct Line {
    pub text: String,
    pub place: Place,
    /// Where it begins among all that was read, in bytes.
    pub start: usize,
    /// Which line of all it is a part of.
    pub number: usize,
    pub marks: Vec<Mark>,
    pub hosts: Vec<Host>,
    /// Codes in small letters, with their places.
    pub codes: Vec<(usize, String)>,
    /// Whether the agent marks it as an error.
    pub is_error: bool,
    /// Whether what failed here is tried again.
    pub is_tried_again: bool,
    /// Whether it is the first line of an answer (`HTTP/1.1 401`).
    pub opens_an_answer: bool,
}

/// A word of a sign.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub word: Word,
    pub at: usize,
}

/// A host that a line names.
#[derive(Debug)]
pub struct Host {
    pub at: usize,
    pub name: String,
}

impl Host {
    /// Whether it is one of the wanted services.
    pub fn is(&self, wanted: Wanted) -> bool {
        let is_of = |domains: &[&str]| domains.iter().any(|domain| belongs(&self.name, domain));
        wanted.devops && is_of(&DEVOPS) || wanted.entra && is_of(&ENTRA)
    }

    /// Whether it is a host of the network at large, by a name.
    pub fn is_public(&self) -> bool {
        let last = self.name.rsplit('.').next().unwrap_or_default();
        let local = ["local", "localhost", "internal", "lan", "test", "localdomain"];
        self.name.contains('.')
            && last.len() > 1
            && last.bytes().all(|b| b.is_ascii_alphabetic())
            && !local.contains(&last)
    }
}

const DEVOPS: [&str; 3] = ["dev.azure.com", "visualstudio.com", "artifacts.visualstudio.com"];
const ENTRA: [&str; 6] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
];
/// Hosts that texts only refer to, for reading on.
const PAGES: [&str; 4] = ["aka.ms", "go.microsoft.com", "learn.microsoft.com", "docs.microsoft.com"];
/// What a host's name stands behind, where it has no scheme.
const BEFORE_A_HOST: [&str; 11] = [
    "enotfound ",
    "econnrefused ",
    "econnreset ",
    "eai_again ",
    "etimedout ",
    "resolve host: ",
    "failed to connect to ",
    "server at \"",
    "host='",
    "unknownhostexception: ",
    "lookup ",
];

/// How many of a kind are kept at each end of a line: one that is full of them must not cost time.
const MOST_MARKS: usize = 4;
const MOST_NAMES: usize = 16;

/// Adds to those of a kind, of which the first and the last few are kept.
fn add<T>(all: &mut Vec<T>, new: T, most: usize, is_alike: impl Fn(&T) -> bool) {
    let alike: Vec<usize> = (0..all.len()).filter(|number| is_alike(&all[*number])).collect();
    if alike.len() >= 2 * most {
        all.remove(alike[most]);
    }
    all.push(new);
}

fn belongs(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

impl Line {
    /// Reads a line that is clean already. `start` is where it begins, `number` which line it is of.
    pub fn read(text: &str, place: Place, start: usize, number: usize) -> Self {
        let lower = text.to_ascii_lowercase();
        let mut line = Self {
            is_error: lower.contains("##[error]") || lower.contains("##vso[task.logissue type=error"),
            is_tried_again: false,
            opens_an_answer: lower.trim_start_matches(['<', ' ', '*']).starts_with("http/"),
            text: text.to_owned(),
            place,
            start,
            number,
            marks: Vec::new(),
            hosts: Vec::new(),
            codes: Vec::new(),
        };
        let mut before = b' ';
        for (at, byte) in lower.bytes().enumerate() {
            if !(before.is_ascii_alphanumeric() && byte.is_ascii_alphanumeric()) {
                line.look(&lower, at);
            }
            before = byte;
        }
        line.add_hosts(&lower);
        line
    }

    fn look(&mut self, lower: &str, at: usize) {
        for number in words().at(lower.as_bytes(), at) {
            self.is_tried_again |= Words::says_again(number);
            self.mark(Word::Phrase(number), at);
        }
        if let Some(code) = code(&lower.as_bytes()[at..]) {
            add(&mut self.codes, (at, code), MOST_NAMES, |_| true);
        }
        if let Some(status) = status(lower, at) {
            self.mark(Word::Status(status), at);
        }
    }

    fn mark(&mut self, word: Word, at: usize) {
        add(&mut self.marks, Mark { word, at }, MOST_MARKS, |mark| mark.word == word);
    }

    fn add_hosts(&mut self, lower: &str) {
        for (at, mark) in lower.match_indices("://") {
            let scheme = lower[..at].trim_end_matches(|c: char| c.is_ascii_alphabetic());
            // A page to read is no host of the error.
            if ["see ", "visit ", "visit: "].iter().any(|word| scheme.ends_with(word)) {
                continue;
            }
            let rest = &lower[at + mark.len()..];
            let authority =
                rest.split(|c: char| c.is_whitespace() || "/?#'\"`<>(),;\\".contains(c)).next().unwrap_or_default();
            self.add_host(at, authority.rsplit('@').next().unwrap_or_default());
        }
        for domain in DEVOPS.iter().chain(&ENTRA) {
            for (at, _) in lower.match_indices(domain) {
                let of_host = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
                let begin = lower[..at].rfind(|c| !of_host(c)).map_or(0, |before| before + 1);
                if !lower[..begin].ends_with("://") {
                    let host = lower[begin..].split(|c| !of_host(c)).next().unwrap_or_default();
                    self.add_host(begin, host);
                }
            }
        }
        for before in BEFORE_A_HOST {
            if let Some((ahead, rest)) = lower.split_once(before) {
                let name = rest.split(|c: char| c.is_whitespace() || "'\"/,;()".contains(c)).next().unwrap_or_default();
                self.add_host(ahead.len(), name);
            }
        }
    }

    fn add_host(&mut self, at: usize, name: &str) {
        let name = name.split(':').next().unwrap_or_default().trim_end_matches('.');
        let is_known = self.hosts.iter().any(|host| host.at == at || host.name == name);
        if !name.is_empty() && !is_known && !PAGES.contains(&name) {
            add(&mut self.hosts, Host { at, name: name.to_owned() }, MOST_NAMES, |_| true);
        }
    }

    /// Whether a word stands in it.
    pub fn has(&self, word: Word) -> bool {
        self.marks.iter().any(|mark| mark.word == word)
    }
}

/// The code that begins here, in small letters.
fn code(lower: &[u8]) -> Option<String> {
    let prefix = ["aadsts", "tf", "vs"].into_iter().find(|prefix| lower.starts_with(prefix.as_bytes()))?;
    let digits = lower[prefix.len()..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let goes_on = lower.get(prefix.len() + digits).is_some_and(u8::is_ascii_alphanumeric);
    // Shorter numbers are years and versions; no service has longer ones.
    let code = (5..=10).contains(&digits) && !goes_on;
    code.then(|| String::from_utf8_lossy(&lower[..prefix.len() + digits]).into_owned())
}

/// What a status of HTTP stands behind.
const BEFORE_A_STATUS: [&str; 13] = [
    "http",
    "http/1.0",
    "http/1.1",
    "http/2",
    "http/3",
    "status",
    "code",
    "got",
    "error",
    "success",
    "fetch_",
    "statuscode",
    "answered",
];
/// What goes on after one.
const AFTER_A_STATUS: [&str; 14] = [
    "unauthorized",
    "forbidden",
    "not found",
    "proxy auth",
    "too many requests",
    "internal server",
    "bad gateway",
    "service unavailable",
    "gateway time",
    "non-authoritative",
    "client error",
    "server error",
    "error,",
    "http",
];

/// The status of HTTP that begins here: a number of three digits that the words around it call one.
fn status(lower: &str, at: usize) -> Option<u16> {
    let (before, here) = lower.split_at_checked(at)?;
    // npm writes E401.
    let (digits, is_npms) = match here.strip_prefix('e') {
        Some(digits) => (digits, true),
        None => (here, false),
    };
    let number = digits.get(..3).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    let after = &digits[3..];
    if after.starts_with(|c: char| c.is_ascii_alphanumeric())
        || after.starts_with(['.', '-', '%']) && !after.starts_with("- ")
    {
        return None;
    }
    let words = before.trim_end_matches([' ', ':', '=', '(', '"', '\'']);
    let goes_before = |word: &&str| {
        words
            .strip_suffix(*word)
            .is_some_and(|rest| !rest.ends_with(|c: char| c.is_ascii_alphanumeric()) || word.ends_with('_'))
    };
    let of_a_program = ["exit code", "exit status", "with code", "return code", "error code"];
    let is_behind = BEFORE_A_STATUS.iter().any(goes_before) && !of_a_program.iter().any(|end| words.ends_with(end));
    // bun writes the address first: `GET https://... - 401`.
    let is_of_request =
        words.ends_with(" -") && ["get http", "put http", "post http"].iter().any(|verb| words.contains(verb));
    let goes_on = after.trim_start_matches([' ', '(', ')', ':', '"', '-', '\'']);
    let is_before = AFTER_A_STATUS.iter().any(|word| goes_on.starts_with(word));
    (is_npms || is_behind || is_before || is_of_request).then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(text: &str) -> Vec<u16> {
        let line = Line::read(text, Place::default(), 0, 1);
        let status = |mark: &Mark| if let Word::Status(status) = mark.word { Some(status) } else { None };
        line.marks.iter().filter_map(status).collect()
    }

    #[test]
    fn a_number_is_a_status_only_where_it_is_called_one() {
        for text in [
            "code E401",
            "HTTP/1.1 401 Unauthorized",
            "HTTP/2 401",
            "status code: 401, reason phrase",
            "got 401",
            "success: 401 (Unauthorized)",
            "WARNING: 401 Error, Credentials",
            "ERR_PNPM_FETCH_401  GET https://dev.azure.com",
            "http fetch GET 401 https://dev.azure.com/x",
            "The requested URL returned error: 401",
            "\"statusCode\":401,",
            "error: GET https://dev.azure.com/x - 401",
        ] {
            assert_eq!(statuses(text), [401], "{text}");
        }
        for text in
            ["401 passing", "added 401 packages", "exit code 401", "x401", "4013", "1.401.2", "line 401", "took 401 ms"]
        {
            assert!(statuses(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn of_a_line_that_is_full_of_one_word_the_first_and_the_last_few_are_kept() {
        for word in ["code e401 ", "clock ", "error_codes ", "aadsts700213 ", "https://a.example/ "] {
            let line = Line::read(&word.repeat(8000 / word.len()), Place::default(), 0, 1);
            assert!(line.marks.len() <= 4 * 2 * MOST_MARKS, "{word} {}", line.marks.len());
            assert!(line.codes.len() <= 2 * MOST_NAMES && line.hosts.len() <= 2 * MOST_NAMES, "{word}");
        }
        let name = |number| format!("aadsts{number} https://h{number}.example/");
        let many = (10_000..11_000).map(name).collect::<Vec<_>>().join(" ");
        let line = Line::read(&many, Place::default(), 0, 1);
        assert_eq!((line.codes.len(), line.hosts.len()), (2 * MOST_NAMES, 2 * MOST_NAMES));
        assert!(line.codes[0].1 == "aadsts10000" && line.codes.last().unwrap().1 == "aadsts10999");
        assert!(line.hosts[0].name == "h10000.example" && line.hosts.last().unwrap().name == "h10999.example");
    }

    #[test]
    fn hosts_are_told_apart() {
        let names = |text: &str| -> Vec<String> {
            Line::read(text, Place::default(), 0, 1).hosts.into_iter().map(|host| host.name).collect()
        };
        assert_eq!(names("GET https://me:***@pkgs.dev.azure.com/contoso 401"), ["pkgs.dev.azure.com"]);
        assert_eq!(names("to login.microsoftonline.com: x, see https://aka.ms/y"), ["login.microsoftonline.com"]);
        assert_eq!(names("https://dev.azure.com.evil.example/contoso"), ["dev.azure.com.evil.example"]);
        assert_eq!(names("connect ECONNREFUSED 127.0.0.1:443"), ["127.0.0.1"]);
        assert_eq!(names("getaddrinfo ENOTFOUND redis"), ["redis"]);
        let devops = Wanted { devops: true, entra: false, guess: false };
        let is = |name: &str| Host { at: 0, name: name.to_owned() }.is(devops);
        assert!(is("pkgs.dev.azure.com") && is("contoso.pkgs.visualstudio.com") && !is("mydev.azure.com"));
        assert!(!is("dev.azure.com.evil.example") && !is("login.microsoftonline.com"));
    }
}
