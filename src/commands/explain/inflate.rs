//! Unpacks deflated data while it is read.
//!
//! Of our own, since a library's decoder weighs twenty kilobytes, for speed that a log does not need. Source: RFC 1951; codes are
//! looked up as in its section 3.2.2, a bit at a time.

use std::io::{self, BufRead};

/// How far back a repetition may reach.
const WINDOW: usize = 32 * 1024;
const LONGEST_CODE: usize = 15;
/// In which order the lengths of the codes for lengths come (RFC 1951, 3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Data in the middle of being unpacked.
pub struct Inflate {
    bits: usize,
    held: usize,
    block: Block,
    is_last: bool,
    window: Box<[u8]>,
    written: usize,
    /// What is still to be repeated: how many bytes, and from how far back.
    again: (usize, usize),
}

enum Block {
    /// The next one begins.
    Next,
    /// So many bytes as they are.
    Stored(usize),
    /// Codes of letters and lengths, and of distances.
    Coded(Codes, Codes),
    End,
}

/// How many codes there are of each length, and what they stand for, in their order.
struct Codes {
    counts: [u16; LONGEST_CODE + 1],
    symbols: Vec<u16>,
}

impl Codes {
    fn of(lengths: &[u8]) -> Self {
        let mut codes = Self { counts: [0; LONGEST_CODE + 1], symbols: Vec::new() };
        for length in 1..=LONGEST_CODE {
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, of)| usize::from(**of) == length) {
                codes.symbols.push(u16::try_from(symbol).unwrap_or(u16::MAX));
                codes.counts[length] += 1;
            }
        }
        codes
    }
}

fn low(number: usize) -> u8 {
    number.to_le_bytes()[0]
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is damaged")
}

impl Inflate {
    pub fn new() -> Self {
        let window = vec![0; WINDOW].into_boxed_slice();
        Self { bits: 0, held: 0, block: Block::Next, is_last: false, window, written: 0, again: (0, 0) }
    }

    /// Unpacks as much as there is room for; nothing more comes where it writes nothing.
    pub fn read(&mut self, source: &mut dyn BufRead, into: &mut [u8]) -> io::Result<usize> {
        let mut length = 0;
        while length < into.len() {
            let Some(byte) = self.byte(source)? else { break };
            self.window[self.written % WINDOW] = byte;
            self.written += 1;
            into[length] = byte;
            length += 1;
        }
        Ok(length)
    }

    fn byte(&mut self, source: &mut dyn BufRead) -> io::Result<Option<u8>> {
        loop {
            let (left, distance) = self.again;
            if left > 0 {
                self.again.0 -= 1;
                return Ok(Some(self.window[(self.written - distance) % WINDOW]));
            }
            match std::mem::replace(&mut self.block, Block::Next) {
                Block::Next if self.is_last => self.block = Block::End,
                Block::Next => self.begin(source)?,
                Block::End => {
                    self.block = Block::End;
                    return Ok(None);
                }
                Block::Stored(0) => {}
                Block::Stored(left) => {
                    self.block = Block::Stored(left - 1);
                    return Ok(Some(low(self.number(source, 8)?)));
                }
                Block::Coded(letters, distances) => {
                    let symbol = self.symbol(source, &letters)?;
                    let repeated = if symbol > 256 { Some(self.repeated(source, symbol, &distances)?) } else { None };
                    if symbol != 256 {
                        self.block = Block::Coded(letters, distances);
                    }
                    match repeated {
                        Some(again) => self.again = again,
                        None if symbol < 256 => return Ok(Some(low(symbol))),
                        None => {}
                    }
                }
            }
        }
    }

    /// How much is repeated, from how far back (RFC 1951, 3.2.5).
    fn repeated(&mut self, source: &mut dyn BufRead, symbol: usize, distances: &Codes) -> io::Result<(usize, usize)> {
        let length = match symbol - 257 {
            code @ 0..8 => code + 3,
            28 => 258,
            code @ 8..28 => {
                let extra = code / 4 - 1;
                ((4 + code % 4) << extra) + 3 + self.number(source, extra)?
            }
            _ => return Err(damaged()),
        };
        let distance = match self.symbol(source, distances)? {
            code @ 0..4 => code + 1,
            code @ 4..30 => {
                let extra = code / 2 - 1;
                ((2 + code % 2) << extra) + 1 + self.number(source, extra)?
            }
            _ => return Err(damaged()),
        };
        if distance > self.written.min(WINDOW) { Err(damaged()) } else { Ok((length, distance)) }
    }

    fn begin(&mut self, source: &mut dyn BufRead) -> io::Result<()> {
        self.is_last = self.number(source, 1)? == 1;
        self.block = match self.number(source, 2)? {
            0 => {
                self.bits >>= self.held % 8;
                self.held -= self.held % 8;
                let (length, complement) = (self.number(source, 16)?, self.number(source, 16)?);
                if length ^ complement != 0xffff {
                    return Err(damaged());
                }
                Block::Stored(length)
            }
            1 => {
                let mut lengths = [8; 288];
                lengths[144..256].fill(9);
                lengths[256..280].fill(7);
                Block::Coded(Codes::of(&lengths), Codes::of(&[5; 30]))
            }
            2 => self.described(source)?,
            _ => return Err(damaged()),
        };
        Ok(())
    }

    /// Codes that the data itself describes (RFC 1951, 3.2.7).
    fn described(&mut self, source: &mut dyn BufRead) -> io::Result<Block> {
        let letters = self.number(source, 5)? + 257;
        let distances = self.number(source, 5)? + 1;
        let described = self.number(source, 4)? + 4;
        let mut lengths = [0; 19];
        for place in &ORDER[..described] {
            lengths[*place] = low(self.number(source, 3)?);
        }
        let codes = Codes::of(&lengths);
        let mut lengths: Vec<u8> = Vec::new();
        while lengths.len() < letters + distances {
            let (value, times) = match self.symbol(source, &codes)? {
                16 => (*lengths.last().ok_or_else(damaged)?, 3 + self.number(source, 2)?),
                17 => (0, 3 + self.number(source, 3)?),
                18 => (0, 11 + self.number(source, 7)?),
                length => (low(length), 1),
            };
            lengths.resize(lengths.len() + times, value);
        }
        if lengths.len() > letters + distances {
            return Err(damaged());
        }
        Ok(Block::Coded(Codes::of(&lengths[..letters]), Codes::of(&lengths[letters..])))
    }

    fn symbol(&mut self, source: &mut dyn BufRead, codes: &Codes) -> io::Result<usize> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &codes.counts[1..] {
            let count = usize::from(*count);
            code |= self.number(source, 1)?;
            if code < first + count {
                return codes.symbols.get(index + code - first).map(|symbol| usize::from(*symbol)).ok_or_else(damaged);
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(damaged())
    }

    /// The next bits as a number, the first of them the least.
    fn number(&mut self, source: &mut dyn BufRead, count: usize) -> io::Result<usize> {
        while self.held < count {
            let mut byte = [0];
            source
                .read_exact(&mut byte)
                .map_err(|_| io::Error::new(io::ErrorKind::UnexpectedEof, "it is cut short"))?;
            self.bits |= usize::from(byte[0]) << self.held;
            self.held += 8;
        }
        let number = self.bits & ((1 << count) - 1);
        self.bits >>= count;
        self.held -= count;
        Ok(number)
    }
}
