//! Writers of the archive formats that packages come in: gzipped tar, zip, and one Java class.

use flate2::{Compression, Crc, write::GzEncoder};
use std::io::Write;

/// A gzipped tar archive (ustar) of these files, mode 0644.
pub(crate) fn tgz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, content) in files {
        let mut header = [0_u8; 512];
        let mut put = |offset: usize, text: &[u8]| header[offset..offset + text.len()].copy_from_slice(text);
        put(0, name.as_bytes());
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, format!("{:011o}\0", content.len()).as_bytes());
        put(136, b"00000000000\0");
        put(148, b"        ");
        put(156, b"0");
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to a vector does not fail.
    let _ = packed.write_all(&tar);
    packed.finish().unwrap_or_default()
}

/// A zip archive of these files, not compressed.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let mut crc = Crc::new();
        crc.update(content);
        let offset = size(archive.len());
        // Version, flags, method, time, date (1 January 1980), checksum, sizes, length of the name, length of the extra field.
        let mut common = Vec::new();
        for number in [20_u16, 0, 0, 0, 0x21] {
            common.extend_from_slice(&number.to_le_bytes());
        }
        for number in [crc.sum(), size(content.len()), size(content.len())] {
            common.extend_from_slice(&number.to_le_bytes());
        }
        common.extend_from_slice(&short(name.len()).to_le_bytes());
        common.extend_from_slice(&[0; 2]);
        archive.extend_from_slice(b"PK\x03\x04");
        archive.extend_from_slice(&common);
        archive.extend_from_slice(name.as_bytes());
        archive.extend_from_slice(content);
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let (start, length, count) = (size(archive.len()), size(directory.len()), short(files.len()));
    archive.extend_from_slice(&directory);
    archive.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    archive.extend_from_slice(&count.to_le_bytes());
    archive.extend_from_slice(&count.to_le_bytes());
    archive.extend_from_slice(&length.to_le_bytes());
    archive.extend_from_slice(&start.to_le_bytes());
    archive.extend_from_slice(&[0; 2]);
    archive
}

fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// The text of a file in a zip archive that is stored or deflated; nothing when it is missing or damaged.
///
/// Reads from the central directory, as pushed packages come from clients that compress.
pub(crate) fn unzip(archive: &[u8], wanted: impl Fn(&str) -> bool) -> Option<Vec<u8>> {
    let end = memchr::memmem::rfind(archive, b"PK\x05\x06")?;
    let number = |at: usize, bytes: usize| -> Option<usize> {
        let raw = archive.get(at..at + bytes)?;
        Some(raw.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let mut at = number(end + 16, 4)?;
    for _ in 0..number(end + 10, 2)? {
        let (method, packed) = (number(at + 10, 2)?, number(at + 20, 4)?);
        let (name, extra, comment) = (number(at + 28, 2)?, number(at + 30, 2)?, number(at + 32, 2)?);
        let offset = number(at + 42, 4)?;
        if wanted(&String::from_utf8_lossy(archive.get(at + 46..at + 46 + name)?)) {
            let start = offset + 30 + number(offset + 26, 2)? + number(offset + 28, 2)?;
            let data = archive.get(start..start + packed)?;
            if method == 0 {
                return Some(data.to_vec());
            }
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::DeflateDecoder::new(data), &mut text).ok()?;
            return Some(text);
        }
        at += 46 + name + extra + comment;
    }
    None
}

/// A Java class that extends Maven's `AbstractMojo` and whose `execute` returns at once (class file format 52, Java 8).
pub(crate) fn empty_mojo(name: &str) -> Vec<u8> {
    let text = |text: &str| [&[1], short(text.len()).to_be_bytes().as_slice(), text.as_bytes()].concat();
    let method = |name: u8, stack: u8, code: &[u8]| {
        let mut bytes = vec![0, 1, 0, name, 0, 6, 0, 1, 0, 9];
        bytes.extend_from_slice(&size(code.len() + 12).to_be_bytes());
        bytes.extend_from_slice(&[0, stack, 0, 1]);
        bytes.extend_from_slice(&size(code.len()).to_be_bytes());
        bytes.extend_from_slice(code);
        bytes.extend_from_slice(&[0, 0, 0, 0]);
        bytes
    };
    [
        [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52, 0, 11].to_vec(),
        vec![10, 0, 2, 0, 3],
        vec![7, 0, 4],
        vec![12, 0, 5, 0, 6],
        text("org/apache/maven/plugin/AbstractMojo"),
        text("<init>"),
        text("()V"),
        vec![7, 0, 8],
        text(name),
        text("Code"),
        text("execute"),
        vec![0, 0x21, 0, 7, 0, 2, 0, 0, 0, 0, 0, 2],
        method(5, 1, &[0x2a, 0xb7, 0, 1, 0xb1]),
        method(10, 0, &[0xb1]),
        vec![0, 0],
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zip_can_be_read_back() {
        let archive = zip(&[("a.txt", b"alpha"), ("b/c.nuspec", b"beta")]);
        assert_eq!(unzip(&archive, |name| name.ends_with(".nuspec")).as_deref(), Some(b"beta".as_slice()));
        assert_eq!(unzip(&archive, |name| name == "missing"), None);
    }
}
