//! Lines that a client says and is told, where its protocol has a line for each message.

use std::io::{self, BufRead, Read, Write};

use zeroize::Zeroizing;

/// What a line may measure. cargo's hold a few hundred bytes and the headers of a refusal, NuGet's the index of a source.
pub const LONGEST_LINE_BYTES: usize = 1024 * 1024;

/// What comes next from a client.
pub enum Line {
    /// A message, with its line break where it has one.
    Text(Zeroizing<Vec<u8>>),
    /// More than any message has.
    TooLong,
    /// Nothing any more.
    End,
}

/// Waits for the next line.
pub fn next_line(input: &mut dyn BufRead) -> io::Result<Line> {
    let mut line = Zeroizing::new(Vec::new());
    let length = input.take(LONGEST_LINE_BYTES as u64 + 1).read_until(b'\n', &mut line)?;
    Ok(match length {
        0 => Line::End,
        1..=LONGEST_LINE_BYTES => Line::Text(line),
        _ => Line::TooLong,
    })
}

/// Says a line. The client waits for it.
pub fn say(output: &mut dyn Write, line: &[u8]) -> io::Result<()> {
    output.write_all(line)?;
    output.write_all(b"\n")?;
    output.flush()
}
