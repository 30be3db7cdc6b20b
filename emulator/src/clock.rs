//! The time of day in the forms that the services use.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970 in UTC.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}

/// Year, month, day, hour, minute, second of a moment in UTC.
fn parts(seconds: i64) -> (i64, i64, i64, i64, i64, i64) {
    // Days are counted in years that start in March, so that the leap day is the last one.
    let days = seconds.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let rest = seconds.rem_euclid(86_400);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1, rest / 3600, rest / 60 % 60, rest % 60)
}

/// As Entra writes it at the end of an error: `2026-11-20 10:11:12Z`.
pub(crate) fn entra_stamp(seconds: i64) -> String {
    let (year, month, day, hour, minute, second) = parts(seconds);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
}

/// As Entra writes it inside a text: `2026-11-20T10:11:12.0000000Z`.
pub(crate) fn entra_time(seconds: i64) -> String {
    entra_stamp(seconds).replace(' ', "T").replace('Z', ".0000000Z")
}

/// As American formats write it: `11/20/2026 10:11:12 AM +00:00`.
pub(crate) fn american(seconds: i64) -> String {
    let (year, month, day, hour, minute, second) = parts(seconds);
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("{month:02}/{day:02}/{year:04} {hour:02}:{minute:02}:{second:02} {half} +00:00")
}

/// As HTTP writes it: `Fri, 20 Nov 2026 10:11:12 GMT`.
pub(crate) fn http_date(seconds: i64) -> String {
    let (year, month, day, hour, minute, second) = parts(seconds);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        .get(usize::try_from(seconds.div_euclid(86_400).rem_euclid(7)).unwrap_or(0))
        .unwrap_or(&"Thu");
    let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .get(usize::try_from(month - 1).unwrap_or(0))
        .unwrap_or(&"Jan");
    format!("{weekday}, {day:02} {name} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_moments() {
        assert_eq!(entra_stamp(0), "1970-01-01 00:00:00Z");
        assert_eq!(entra_stamp(1_709_210_096), "2024-02-29 12:34:56Z");
        assert_eq!(american(1_709_210_096), "02/29/2024 12:34:56 PM +00:00");
        assert_eq!(american(0), "01/01/1970 12:00:00 AM +00:00");
        assert_eq!(http_date(1_709_210_096), "Thu, 29 Feb 2024 12:34:56 GMT");
    }
}
