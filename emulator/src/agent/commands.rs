//! The grammar of logging commands: `##vso[area.event name=value;…]data`.

/// A parsed command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Area, such as `task`.
    pub area: String,
    /// Event, such as `setvariable`.
    pub event: String,
    /// Properties in order; a name may occur twice, the last counts.
    pub properties: Vec<(String, String)>,
    /// Text after the header.
    pub data: String,
}

/// What restricted mode leaves.
pub const RESTRICTED_MODE_ALLOWS: &[&str] = &[
    "task.setvariable",
    "task.settaskvariable",
    "task.setsecret",
    "task.logissue",
    "task.issue",
    "task.logdetail",
    "task.complete",
    "task.setprogress",
    "task.debug",
    "task.prependpath",
    "telemetry.publish",
];

impl Command {
    /// Finds a command in a line. `None` when there is none or its header is malformed.
    pub fn parse(line: &str, decode_percents: bool) -> Option<Self> {
        let start = position_without_case(line, "##vso[")?;
        let rest = &line[start + "##vso[".len()..];
        let (header, data) = rest.split_once(']')?;
        let (name, properties) = header.split_once(' ').unwrap_or((header, ""));
        let mut parts = name.split('.');
        let (area, event) = (parts.next()?, parts.next()?);
        if area.is_empty() || event.is_empty() || parts.next().is_some() {
            return None;
        }
        // No trimming: a blank after `;` makes another name.
        let properties = properties
            .split(';')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
            .map(|(name, value)| (name.to_owned(), unescape(value, decode_percents)))
            .collect();
        Some(Self { area: area.to_owned(), event: event.to_owned(), properties, data: unescape(data, decode_percents) })
    }

    /// The value of a property, without regard to the case of its name; the last one counts.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().rev().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A property that .NET's `Boolean.TryParse` takes for true.
    pub fn flag(&self, name: &str) -> bool {
        self.property(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// `area.event` in lower case.
    pub fn name(&self) -> String {
        format!("{}.{}", self.area, self.event).to_lowercase()
    }
}

/// Whether a line mentions `##vso` at all.
pub fn mentions_command(line: &str) -> bool {
    position_without_case(line, "##vso").is_some()
}

fn position_without_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

fn unescape(text: &str, decode_percents: bool) -> String {
    let text = text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]");
    if decode_percents { text.replace("%AZP25", "%") } else { text }
}

/// Escapes the data of a command as the task library does it.
pub fn escape_data(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}
