//! Bytes from a password as PKCS#12 derives them (RFC 7292, appendix B).

use aws_lc_rs::digest;
use zeroize::Zeroizing;

use super::error::CertificateError;
use super::work::Work;

/// What derived bytes are for (RFC 7292, appendix B.3).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Decrypting.
    Key = 1,
    /// Where a chain of blocks starts.
    Start = 2,
    /// Authenticating.
    Mac = 3,
}

/// As many bytes as asked for (appendix B.2). `password` is in UTF-16, or empty.
pub(super) fn derive(
    hash: &'static digest::Algorithm,
    password: &[u8],
    salt: &[u8],
    purpose: Purpose,
    rounds: u32,
    length: usize,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    let block = hash.block_len();
    let filled =
        |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().cycle().take(bytes.len().next_multiple_of(block)).collect() };
    let diversifier = vec![purpose as u8; block];
    let mut input = Zeroizing::new([filled(salt), filled(password)].concat());
    let mut derived = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
    loop {
        // The first round hashes all of the input.
        work.spend(u64::from(rounds) + (input.len() / block) as u64)?;
        let mut context = digest::Context::new(hash);
        context.update(&diversifier);
        context.update(&input);
        let mut output = context.finish();
        for _ in 1..rounds {
            output = digest::digest(hash, output.as_ref());
        }
        derived.extend_from_slice(output.as_ref());
        if derived.len() >= length {
            derived.truncate(length);
            return Ok(derived);
        }
        for number in input.chunks_exact_mut(block) {
            add_and_one(number, output.as_ref());
        }
    }
}

/// Adds the repeated `addend` and one to a number of many bytes, the highest first, and drops what does not fit.
fn add_and_one(number: &mut [u8], addend: &[u8]) {
    let addend: Vec<u8> = addend.iter().copied().cycle().take(number.len()).collect();
    let mut carry = 1;
    for (digit, added) in number.iter_mut().zip(addend).rev() {
        let sum = u16::from(*digit) + u16::from(added) + carry;
        carry = sum >> 8;
        *digit = sum.to_be_bytes()[1];
    }
}
