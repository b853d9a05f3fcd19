//! Digests as OpenPseudonymiser makes them, for senders who send these in place of a number.
//!
//! SHA-256 over the values in the alphabetical order of their columns' names, blanks taken out, with the salt at the
//! end, all as UTF-8 text; written as 64 hexadecimal digits (openpseudonymiser.org, "Digest Creation").
//! **Verified** by calculation, in the tests below: the library's published example (date of birth 29.11.1973, NHS
//! number 9434765919, salt `mackerel`) and both of the site's own (`123456789`, without salt and with `hello`).
//! **Not verified**: the program itself was not run; encrypted salt files are not read, so the salt has to be agreed
//! as text; whether every port takes blanks out of the salt is not known, so a salt that has any is refused.
//!
//! Weaker than a keyed pseudonym: whoever has the salt finds the number behind a digest in seconds, because there are
//! too few numbers. So a digest is an identifier here, and becomes a pseudonym under the board's own key like any other.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::config::plan::KeySource;
use crate::error::{Error, Result};
use crate::secret;

/// 64 hexadecimal digits in lower case.
pub type Digest = [u8; 64];

/// As many characters as a key's bytes: a shorter phrase is found by trying words.
const LEAST_CHARACTERS: usize = 32;
/// 32 random hexadecimal digits have fewer distinct ones than this with odds below 1e-4; letters, with odds below 1e-20.
const LEAST_DISTINCT: usize = 8;

/// The salt that all senders of a project share. Wiped from memory when dropped; it cannot be printed, cloned or
/// serialised.
///
/// ```compile_fail
/// fn print(salt: &smirr::pseudonymise::Salt) -> String { format!("{salt:?}") }
/// ```
pub struct Salt(Zeroizing<String>);

impl Salt {
    /// Reads the salt from where the configuration says it is; the rules for a key's file hold for it too.
    ///
    /// # Errors
    /// [`Error::Input`] where it is missing, open to others than its owner, or weak; never with its text.
    pub fn read(source: &KeySource) -> Result<Self> {
        let (text, what) = secret::read(source, "salt")?;
        Self::checked(text, &what)
    }

    fn checked(text: Zeroizing<String>, what: &str) -> Result<Self> {
        let salt = Zeroizing::new(text.trim().to_owned());
        let wrong = |why: &str| {
            Error::Input(format!("{what} {why}; agree on 32 or more random letters and digits with the other senders"))
        };
        if salt.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(wrong("has blanks in it"));
        }
        if salt.chars().count() < LEAST_CHARACTERS {
            return Err(wrong("is shorter than 32 characters"));
        }
        let mut distinct = Zeroizing::new(salt.chars().collect::<Vec<_>>());
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < LEAST_DISTINCT {
            return Err(wrong("repeats itself too much to be random"));
        }
        Ok(Salt(salt))
    }

    /// The digest of one value, whose form the caller has checked: no blanks.
    pub fn digest(&self, value: &[u8]) -> Digest {
        digest(value, self.0.as_bytes())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The digest of one value under one salt.
pub fn digest(value: &[u8], salt: &[u8]) -> Digest {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = Sha256::new().chain_update(value).chain_update(salt).finalize();
    let mut digits = [b'0'; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(digest: Digest) -> String {
        String::from_utf8(digest.to_vec()).unwrap()
    }

    #[test]
    fn agrees_with_the_published_examples() {
        // The library's test: `DOB` comes before `NHSNumber`, whose spaces are taken out. It prints upper case.
        let library = "ED72F814B7905F3D3958749FA90FE657C101EC657402783DB68CBE3513E76087";
        assert_eq!(text(digest(b"29.11.19739434765919", b"mackerel")).to_uppercase(), library);
        // The site's questions and answers.
        let plain = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
        let salted = "a4455e6581b78d69e569895c2b615dfa90a6cd56938e40ca91edd26e44deedfe";
        assert_eq!([text(digest(b"123456789", b"")), text(digest(b"123456789", b"hello"))], [plain, salted]);
    }

    #[test]
    fn a_salt_is_strong_and_never_quoted() {
        let checked = |text: &str| Salt::checked(Zeroizing::new(text.to_owned()), "the salt");
        let strong = "kX4vQ9mZ2pR7tW1yB6nJ3cF8hL5sD0gA";
        let salt = checked(&format!("{strong}\n")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(salt.digest(b"9434765919"), digest(b"9434765919", strong.as_bytes()));
        let blank = format!("{} {}", &strong[..16], &strong[16..]);
        for weak in ["", "mackerel", &strong[1..], &"ab".repeat(40), &blank] {
            let error = checked(weak).err().expect("refused").to_string();
            assert!(weak.is_empty() || !error.contains(weak), "{error}");
        }
    }
}
