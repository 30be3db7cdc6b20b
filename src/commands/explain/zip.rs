//! Zip archives, read from front to back: the form in which Azure DevOps gives the logs of a run.
//!
//! Source: PKWARE's APPNOTE.TXT 6.3, local file headers and data descriptors.

use std::io::{self, BufRead, Read};

use super::inflate::Inflate;

/// What an archive begins with.
pub const SIGNATURE: &[u8] = b"PK\x03\x04";
/// What stands behind a file whose sizes were not known before it.
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const LONGEST_NAME: usize = 4096;

/// A file of an archive, unpacked while it is read.
pub struct Entry<'s> {
    /// Its path in the archive.
    pub name: String,
    source: &'s mut dyn BufRead,
    data: Data,
    has_descriptor: bool,
    is_large: bool,
}

enum Data {
    /// So many bytes as they are.
    Stored(u64),
    Deflated(Inflate),
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The next file; nothing where the archive's list of files begins.
pub fn next(source: &mut dyn BufRead) -> io::Result<Option<Entry<'_>>> {
    let mut head = [0; 30];
    source.read_exact(&mut head[..4])?;
    if head[..4] != *SIGNATURE {
        return if head[..2] == *b"PK" { Ok(None) } else { Err(broken("it is damaged")) };
    }
    source.read_exact(&mut head[4..])?;
    let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (flags, method, name_length, extra_length) = (short(6), short(8), usize::from(short(26)), short(28));
    if name_length > LONGEST_NAME || flags & 1 != 0 {
        return Err(broken("it is encrypted or damaged"));
    }
    let mut name = vec![0; name_length];
    source.read_exact(&mut name)?;
    let mut extra = vec![0; usize::from(extra_length)];
    source.read_exact(&mut extra)?;
    let has_descriptor = flags & 8 != 0;
    let data = match method {
        0 if !has_descriptor => Data::Stored(u64::from(long(18))),
        8 => Data::Deflated(Inflate::new()),
        _ => return Err(broken("it is packed in a way that is not read")),
    };
    let is_large = extra.starts_with(&[1, 0]);
    Ok(Some(Entry { name: String::from_utf8_lossy(&name).into_owned(), source, data, has_descriptor, is_large }))
}

impl Entry<'_> {
    /// Goes to the next file, past what was not read of this one.
    pub fn finish(mut self) -> io::Result<()> {
        let mut rest = [0; 1024];
        while self.read(&mut rest)? > 0 {}
        if self.has_descriptor {
            let mut first = [0; 4];
            self.source.read_exact(&mut first)?;
            // A signature, which may be absent, a checksum and two sizes.
            let sizes = if self.is_large { 16 } else { 8 };
            let rest = sizes + if first == *DESCRIPTOR { 4 } else { 0 };
            self.source.read_exact(&mut [0; 20][..rest])?;
        }
        Ok(())
    }
}

impl Read for Entry<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.data {
            Data::Stored(left) => {
                let read = (&mut *self.source).take(*left).read(into)?;
                if read == 0 && *left > 0 {
                    return Err(broken("it is cut short"));
                }
                *left -= read as u64;
                Ok(read)
            }
            Data::Deflated(inflate) => inflate.read(self.source, into),
        }
    }
}
