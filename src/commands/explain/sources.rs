//! Where the text comes from, line by line and in bounded memory: the arguments, stdin, files, the zip of logs that Azure DevOps gives.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use super::{paste, zip};
use crate::diagnosis::causes::{Place, Reader};
use crate::disk;

/// A longer line is read in pieces, each with the end of the one before.
const LONGEST_LINE_BYTES: usize = 8 * 1024;
const OVERLAP_BYTES: usize = 400;
/// What a zip may hold, unpacked.
const LARGEST_ZIP_BYTES: u64 = 256 << 20;

/// Takes lines, and knows where they stand.
pub struct Lines {
    pub reader: Reader,
    /// How many lines there were.
    pub count: u64,
    /// The beginning of the first.
    pub first: String,
    /// What was not read, in words.
    pub left_out: Vec<String>,
}

impl Lines {
    pub fn new() -> Self {
        Self { reader: Reader::default(), count: 0, first: String::new(), left_out: Vec::new() }
    }

    /// Reads a text at hand.
    pub fn text(&mut self, text: &str) {
        // Bytes in memory can be read.
        _ = self.lines(None, &mut text.as_bytes());
    }

    /// Reads the files that all these arguments name; `false` where one names none.
    pub fn files(&mut self, arguments: &[String]) -> io::Result<bool> {
        let files: Option<Vec<_>> = arguments.iter().map(|path| disk::open_file(Path::new(path))).collect();
        let Some(files) = files else { return Ok(false) };
        for (path, mut file) in arguments.iter().zip(files) {
            let name = Path::new(path).file_name().map_or(path.clone(), |name| name.to_string_lossy().into_owned());
            self.any(Some(&name), &mut file)?;
        }
        Ok(!arguments.is_empty())
    }

    /// Reads a log or a zip of logs.
    pub fn any(&mut self, name: Option<&str>, source: &mut dyn Read) -> io::Result<()> {
        let mut source = BufReader::new(source);
        if source.fill_buf()?.starts_with(zip::SIGNATURE) {
            self.zip(name, &mut source)
        } else {
            self.decoded(name, &mut source)
        }
    }

    fn zip(&mut self, name: Option<&str>, source: &mut dyn BufRead) -> io::Result<()> {
        let mut left = LARGEST_ZIP_BYTES;
        loop {
            match zip::next(source) {
                Ok(Some(mut entry)) => {
                    let file = entry.name.clone();
                    let mut part = BufReader::new((&mut entry).take(left));
                    let read = self.decoded(Some(&file), &mut part);
                    left = part.into_inner().limit();
                    // First: what is left of this file may be packed without end.
                    if left == 0 {
                        self.left_out.push(format!(
                            "{}: what follows {} MiB",
                            name.unwrap_or("the zip"),
                            LARGEST_ZIP_BYTES >> 20
                        ));
                        return Ok(());
                    }
                    if let Err(error) = read.and_then(|()| entry.finish()) {
                        self.left_out.push(format!("{file}: {error}"));
                        return Ok(());
                    }
                }
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.left_out.push(format!("{}: {error}", name.unwrap_or("the zip")));
                    return Ok(());
                }
            }
        }
    }

    /// Reads UTF-8, or UTF-16 as Windows PowerShell writes it.
    fn decoded(&mut self, name: Option<&str>, source: &mut dyn BufRead) -> io::Result<()> {
        let begin = source.fill_buf()?;
        let is_zero =
            |from: usize| begin.len() > 8 && begin.iter().skip(from).step_by(2).take(4).all(|byte| *byte == 0);
        let big = begin.starts_with(&[0xfe, 0xff]) || is_zero(0) && !is_zero(1);
        let little = begin.starts_with(&[0xff, 0xfe]) || is_zero(1) && !is_zero(0);
        if big || little {
            self.lines(name, &mut BufReader::new(Utf16 { source, big, high: None, ready: Vec::new() }))
        } else {
            self.lines(name, source)
        }
    }

    fn lines(&mut self, file: Option<&str>, source: &mut dyn BufRead) -> io::Result<()> {
        let mut place = Place { file: file.map(Rc::from), step: None, line: 0 };
        let mut bytes = Vec::new();
        let mut is_new = true;
        loop {
            let room = (LONGEST_LINE_BYTES - bytes.len()) as u64;
            let read = (&mut *source).take(room).read_until(b'\n', &mut bytes)?;
            if bytes.is_empty() {
                return Ok(());
            }
            place.line += u64::from(is_new);
            self.count += u64::from(is_new);
            is_new = read == 0 || bytes.ends_with(b"\n");
            // A piece ends and begins between words, so that no code is cut.
            let is_between = |byte: &u8| !byte.is_ascii_alphanumeric();
            let end = if is_new { bytes.len() } else { bytes.iter().rposition(is_between).unwrap_or(bytes.len()) };
            let end = if end < OVERLAP_BYTES { bytes.len() } else { end };
            self.line(&String::from_utf8_lossy(&bytes[..end]), &mut place);
            let overlap = end.saturating_sub(OVERLAP_BYTES);
            let begin = overlap + bytes[overlap..end].iter().position(is_between).unwrap_or(end - overlap);
            bytes.drain(..if is_new { end } else { begin });
        }
    }

    fn line(&mut self, line: &str, place: &mut Place) {
        let plain = paste::plain(line);
        if self.count == 1 && self.first.is_empty() {
            self.first = plain.chars().take(100).collect();
        }
        if let Some(step) = paste::step(&plain) {
            place.step = Some(step.into());
        }
        for part in plain.lines() {
            self.reader.line(part, place.clone());
        }
    }
}

/// UTF-16 as UTF-8.
struct Utf16<'s> {
    source: &'s mut dyn BufRead,
    big: bool,
    /// The first half of a pair.
    high: Option<u16>,
    /// What is decoded and not yet taken.
    ready: Vec<u8>,
}

impl Read for Utf16<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut unit = [0; 2];
        while self.ready.len() < into.len() {
            let mut length = 0;
            while length < 2 {
                match self.source.read(&mut unit[length..])? {
                    0 => break,
                    read => length += read,
                }
            }
            if length < 2 {
                break;
            }
            let unit = if self.big { u16::from_be_bytes(unit) } else { u16::from_le_bytes(unit) };
            let units = self.high.take().into_iter().chain([unit]);
            for decoded in char::decode_utf16(units) {
                match decoded {
                    Ok(character) => self.ready.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
                    Err(half) if half.unpaired_surrogate() == unit && (0xd800..0xdc00).contains(&unit) => {
                        self.high = Some(unit);
                    }
                    Err(_) => self.ready.push(b'?'),
                }
            }
        }
        let length = into.len().min(self.ready.len());
        into[..length].copy_from_slice(&self.ready[..length]);
        self.ready.drain(..length);
        Ok(length)
    }
}
