//! Takes an identifier's bytes, gives a keyed pseudonym.
//! Two projects, and two kinds of identifier, get keys of their own: their pseudonyms cannot be joined.
//! Never prints or stores an identifier or a key.

mod key;

use std::collections::BTreeMap;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use key::{Key, new_key_file};

use crate::error::{Error, Result};

/// A pseudonym: 126 bits of HMAC-SHA-256, as a non-negative number.
///
/// 126 and not 128, because that is what `Decimal128(38, 0)` holds: a fixed 16-byte primitive on which the engine
/// groups and joins faster than on byte strings (`tests/bench/README.md`), and which Parquet, DataFusion and
/// Ballista all carry. Among 55 million people the odds that any two share one are below 1e-22.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pseudonym(i128);

impl Pseudonym {
    /// The number that is stored.
    pub fn number(self) -> i128 {
        self.0
    }
}

/// One name space of identifiers under one key: `chi`, or a token's `space`.
#[derive(Clone)]
pub struct Space(Hmac<Sha256>);

impl Space {
    /// The pseudonym of `identifier`, whose form the caller has checked and made canonical.
    pub fn pseudonym(&self, identifier: &[u8]) -> Pseudonym {
        let mut mac = self.0.clone();
        mac.update(identifier);
        let digest = mac.finalize().into_bytes();
        let mut head = [0; 16];
        head.copy_from_slice(&digest[..16]);
        Pseudonym((u128::from_be_bytes(head) >> 2) as i128)
    }
}

/// Every space that the schemas name, derived from one key (RFC 5869) and used with HMAC-SHA-256 (RFC 2104).
pub struct Pseudonymiser {
    spaces: BTreeMap<String, Space>,
    key_id: String,
}

impl Pseudonymiser {
    /// Derives one sub-key a space: `HKDF(salt = project, ikm = key, info = "smirr/1/pseudonym/<space>")`.
    ///
    /// # Errors
    /// [`Error::System`] only if HKDF refuses the length, which a 32-byte output never causes.
    pub fn new(key: &Key, project: &str, spaces: impl IntoIterator<Item = String>) -> Result<Self> {
        let hkdf = Hkdf::<Sha256>::new(Some(project.as_bytes()), key.bytes());
        let derive = |info: &str| -> Result<Zeroizing<[u8; 32]>> {
            let mut output = Zeroizing::new([0; 32]);
            hkdf.expand(info.as_bytes(), output.as_mut())
                .map_err(|_| Error::System("the pseudonym key could not be derived".into()))?;
            Ok(output)
        };
        let mut made = BTreeMap::new();
        for space in spaces {
            let sub_key = derive(&format!("smirr/1/pseudonym/{space}"))?;
            let mac = Hmac::new_from_slice(sub_key.as_ref())
                .map_err(|_| Error::System("the pseudonym key has an unusable length".into()))?;
            made.insert(space, Space(mac));
        }
        let id = derive("smirr/1/key id")?;
        Ok(Self { spaces: made, key_id: id[..8].iter().map(|byte| format!("{byte:02x}")).collect() })
    }

    /// One without a key or any space: it makes no pseudonym, and a table that asks for one cannot be read by it.
    pub fn none() -> Self {
        Self { spaces: BTreeMap::new(), key_id: String::new() }
    }

    /// The space of that name, if the schemas declare it.
    pub fn space(&self, name: &str) -> Option<&Space> {
        self.spaces.get(name)
    }

    /// A name for the key and project that says nothing about the key: 16 hexadecimal digits.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonymiser(key: &str, project: &str) -> Pseudonymiser {
        let key = Key::parse(key).unwrap();
        Pseudonymiser::new(&key, project, ["chi".to_owned(), "onward_id".to_owned()]).unwrap()
    }

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const OTHER: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn agrees_with_the_standards() {
        // Worked out with Python's hmac and hashlib: HKDF by RFC 5869, then HMAC, then 126 bits.
        let made = pseudonymiser(KEY, "smirr");
        let number = made.space("chi").unwrap().pseudonym(b"0101010101").number();
        assert_eq!(number, EXPECTED);
        assert_eq!(made.key_id(), EXPECTED_ID);
    }
    const EXPECTED: i128 = 70141545148082945382027873429429799566;
    const EXPECTED_ID: &str = "c8d893b51f9f737e";

    #[test]
    fn keys_projects_and_spaces_do_not_join() {
        let number = |p: &Pseudonymiser, space: &str| p.space(space).unwrap().pseudonym(b"0101010101").number();
        let base = number(&pseudonymiser(KEY, "smirr"), "chi");
        assert_eq!(base, number(&pseudonymiser(KEY, "smirr"), "chi"));
        assert_ne!(base, number(&pseudonymiser(OTHER, "smirr"), "chi"));
        assert_ne!(base, number(&pseudonymiser(KEY, "another"), "chi"));
        assert_ne!(base, number(&pseudonymiser(KEY, "smirr"), "onward_id"));
    }

    #[test]
    fn fits_the_column() {
        let made = pseudonymiser(KEY, "smirr");
        for i in 0..2000u32 {
            let number = made.space("chi").unwrap().pseudonym(&i.to_be_bytes()).number();
            assert!((0..10i128.pow(38)).contains(&number));
        }
    }
}
