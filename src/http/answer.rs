//! What came back, and how others read it.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::diagnosis::first_sentence;
use crate::kernel::clock::now;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most a mebibyte.
    pub body: String,
    /// How many requests it took.
    pub tries: u32,
}

impl Answer {
    /// Whether the service could not serve the request now: statuses 408, 429 and 5xx.
    pub fn is_busy(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..=599)
    }

    /// A header's text; nothing where it is absent or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The service's own id of the request, for its support.
    pub fn request_id(&self) -> Option<String> {
        self.header("x-vss-e2eid").or_else(|| self.header("activityid")).map(first_sentence)
    }

    /// The service's clock, in seconds since 1970.
    pub fn date(&self) -> Option<u64> {
        http_date(self.headers.get(DATE)?.to_str().ok()?)
    }

    /// By how many seconds this machine's clock is ahead of the service's; negative where it is behind.
    pub fn clock_ahead_seconds(&self) -> Option<i64> {
        let service = i64::try_from(self.date()?).ok()?;
        Some(i64::try_from(now()).ok()? - service)
    }

    /// How long the service asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let until = |date: u64| Duration::from_secs(date.saturating_sub(self.date().unwrap_or_else(now)));
        text.parse().ok().map(Duration::from_secs).or_else(|| http_date(text).map(until))
    }
}

/// What came where JSON was expected: its content type and how it begins.
pub fn not_json(answer: &Answer) -> String {
    let kind = answer.header("content-type").map_or_else(|| "without a content type".to_owned(), first_sentence);
    let start: String = first_sentence(&answer.body).chars().take(80).collect();
    if start.is_empty() { format!("an empty body ({kind})") } else { format!("{kind}: {start}") }
}

fn http_date(text: &str) -> Option<u64> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    u64::try_from(Timestamp::from(zoned).as_second()).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)]) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        Answer { status, headers, body: String::new(), tries: 1 }
    }

    #[test]
    fn the_service_says_how_long_to_wait() {
        let dated =
            answer(503, &[("retry-after", "Sat, 21 Nov 2026 02:00:09 GMT"), ("date", "Sat, 21 Nov 2026 02:00:00 GMT")]);
        assert_eq!(dated.retry_after(), Some(Duration::from_secs(9)));
        assert_eq!(answer(429, &[("retry-after", "7")]).retry_after(), Some(Duration::from_secs(7)));
    }
}
