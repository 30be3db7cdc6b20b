//! How much work a file may ask for before its password is known to be right.
//!
//! Every encrypted part names its own number of rounds, and a file may have many parts. What counts is the sum.

use super::error::CertificateError;

/// Rounds of a hash that reading one file may take; some seconds on a slow machine. What writes such files asks for
/// 2,000 (Windows, OpenSSL) to 600,000 (OWASP's advice) a part.
const MOST_ROUNDS: u64 = 10_000_000;
/// Memory that scrypt may take, in bytes. OpenSSL asks for 16 MiB.
const MOST_SCRYPT_BYTES: u64 = 256 * 1024 * 1024;
/// Rounds of a hash that take as long as scrypt takes for a block of 128 bytes; rather too many.
const ROUNDS_OF_A_SCRYPT_BLOCK: u64 = 2;

/// The rounds that are left.
#[derive(Debug)]
pub(super) struct Work {
    rounds_left: u64,
}

impl Work {
    /// All that one file may ask for.
    pub(super) fn of_one_file() -> Self {
        Self { rounds_left: MOST_ROUNDS }
    }

    /// Takes some of the rounds that are left.
    pub(super) fn spend(&mut self, rounds: u64) -> Result<(), CertificateError> {
        self.rounds_left = self.rounds_left.checked_sub(rounds).ok_or(CertificateError::TooMuchWork)?;
        Ok(())
    }

    /// Takes what scrypt costs with these parameters (RFC 7914: N, r, p).
    pub(super) fn spend_on_scrypt(&mut self, cost: u64, block_size: u16, lanes: u16) -> Result<(), CertificateError> {
        // Others are no parameters of scrypt, and what computes it takes their absence for granted.
        if cost < 2 || !cost.is_power_of_two() || block_size == 0 || lanes == 0 {
            return Err(CertificateError::Damaged);
        }
        let blocks = cost.checked_mul(block_size.into()).ok_or(CertificateError::TooMuchWork)?;
        if blocks.saturating_mul(128) > MOST_SCRYPT_BYTES {
            return Err(CertificateError::TooMuchWork);
        }
        self.spend(blocks.saturating_mul(lanes.into()).saturating_mul(ROUNDS_OF_A_SCRYPT_BLOCK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scrypt_cannot_be_asked_for_is_damage_and_what_takes_too_long_too_much() {
        for (cost, block_size, lanes) in [(0, 0, 0), (0, 8, 1), (1, 8, 1), (16385, 8, 1), (16384, 0, 1), (16384, 8, 0)]
        {
            let outcome = Work::of_one_file().spend_on_scrypt(cost, block_size, lanes);
            assert_eq!(outcome, Err(CertificateError::Damaged), "{cost} {block_size} {lanes}");
        }
        assert_eq!(Work::of_one_file().spend_on_scrypt(16384, 8, 1), Ok(()));
        assert_eq!(Work::of_one_file().spend_on_scrypt(1 << 40, 8, 1), Err(CertificateError::TooMuchWork));
    }
}
