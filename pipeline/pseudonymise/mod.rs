//! Takes an identifier's bytes, gives a keyed pseudonym.
//! Two projects, and two kinds of identifier, get keys of their own: their pseudonyms cannot be joined.
//! Never prints or stores an identifier or a key.

mod key;
mod open_pseudonymiser;

use std::collections::BTreeMap;
use std::sync::Arc;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use key::{Key, new_key_file};
pub use open_pseudonymiser::{Digest, Salt, digest};

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
///
/// The sub-key lies within, as the state of HMAC. The crates do not wipe that state when it is dropped (the feature
/// `zeroize` of `hmac` and `sha2` is not turned on), so it stays in freed memory until something else is written there:
/// what keeps it from a reader is that the process leaves no core and lets nobody attach ([`crate::process`]).
#[derive(Clone)]
pub struct Space {
    mac: Hmac<Sha256>,
    form: Form,
}

/// What an identifier is brought to before it is hashed.
#[derive(Clone)]
enum Form {
    AsItStands,
    UpperCase,
    LowerCase,
    Digest(Arc<Salt>),
}

impl Space {
    /// The same space, in which a key is one key in whatever case it is written.
    #[must_use]
    pub fn in_upper_case(self) -> Self {
        Space { form: Form::UpperCase, ..self }
    }

    /// As [`Space::in_upper_case`]: for digests, whose usual form has small letters.
    #[must_use]
    pub fn in_lower_case(self) -> Self {
        Space { form: Form::LowerCase, ..self }
    }

    /// The same space, for numbers that join digests of the same numbers under the same salt.
    #[must_use]
    pub fn digesting(self, salt: &Arc<Salt>) -> Self {
        Space { form: Form::Digest(salt.clone()), ..self }
    }

    /// The pseudonym of `identifier`, whose form the caller has checked.
    pub fn pseudonym(&self, identifier: &[u8]) -> Pseudonym {
        let mut mac = self.mac.clone();
        match &self.form {
            Form::AsItStands => mac.update(identifier),
            Form::UpperCase => update_in(&mut mac, identifier, <[u8]>::make_ascii_uppercase),
            Form::LowerCase => update_in(&mut mac, identifier, <[u8]>::make_ascii_lowercase),
            Form::Digest(salt) => mac.update(&salt.digest(identifier)),
        }
        let digest = mac.finalize().into_bytes();
        let mut head = [0; 16];
        head.copy_from_slice(&digest[..16]);
        Pseudonym((u128::from_be_bytes(head) >> 2) as i128)
    }
}

fn update_in(mac: &mut Hmac<Sha256>, identifier: &[u8], case: fn(&mut [u8])) {
    let mut folded = [0; 64];
    for chunk in identifier.chunks(folded.len()) {
        let folded = &mut folded[..chunk.len()];
        folded.copy_from_slice(chunk);
        case(folded);
        mac.update(folded);
    }
}

/// Every space that the schemas name, derived from one key (RFC 5869) and used with HMAC-SHA-256 (RFC 2104).
pub struct Pseudonymiser {
    spaces: BTreeMap<String, Space>,
    salt: Option<Arc<Salt>>,
    key_id: String,
}

impl Pseudonymiser {
    /// Derives one sub-key a space: `HKDF(salt = project, ikm = key, info = "smirr/1/pseudonym/<space>")`.
    ///
    /// # Errors
    /// [`Error::System`] only if HKDF refuses the length, which a 32-byte output never causes.
    pub fn new(key: &Key, salt: Option<Salt>, project: &str, spaces: impl IntoIterator<Item = String>) -> Result<Self> {
        let hkdf = Hkdf::<Sha256>::new(Some(project.as_bytes()), key.bytes());
        let mut made = BTreeMap::new();
        for space in spaces {
            let mac = mac_for(&hkdf, &format!("smirr/1/pseudonym/{space}"))?;
            made.insert(space, Space { mac, form: Form::AsItStands });
        }
        let key_id = match &salt {
            None => short_hex(derive(&hkdf, "smirr/1/key id")?.as_ref()),
            // Under another salt, the same numbers get other pseudonyms: it is named like another key.
            Some(salt) => {
                let mac = mac_for(&hkdf, "smirr/1/key and salt id")?;
                short_hex(&mac.chain_update(salt.bytes()).finalize().into_bytes())
            }
        };
        Ok(Self { spaces: made, salt: salt.map(Arc::new), key_id })
    }

    /// The salt of digests, where the board has one.
    pub fn salt(&self) -> Option<&Arc<Salt>> {
        self.salt.as_ref()
    }

    /// One without a key or any space: it makes no pseudonym, and a table that asks for one cannot be read by it.
    pub fn none() -> Self {
        Self { spaces: BTreeMap::new(), key_id: String::new(), salt: None }
    }

    /// The space of that name, if the schemas declare it.
    pub fn space(&self, name: &str) -> Option<&Space> {
        self.spaces.get(name)
    }

    /// A name for the key, the project and the salt that says nothing about them: 16 hexadecimal digits.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

fn derive(hkdf: &Hkdf<Sha256>, info: &str) -> Result<Zeroizing<[u8; 32]>> {
    let mut output = Zeroizing::new([0; 32]);
    hkdf.expand(info.as_bytes(), output.as_mut())
        .map_err(|_| Error::System("the pseudonym key could not be derived".into()))?;
    Ok(output)
}

fn mac_for(hkdf: &Hkdf<Sha256>, info: &str) -> Result<Hmac<Sha256>> {
    Hmac::new_from_slice(derive(hkdf, info)?.as_ref())
        .map_err(|_| Error::System("the pseudonym key has an unusable length".into()))
}

fn short_hex(bytes: &[u8]) -> String {
    bytes[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonymiser(key: &str, project: &str) -> Pseudonymiser {
        let spaces = ["chi", "onward_id", "slk_581", "open_pseudonymiser"].map(str::to_owned);
        Pseudonymiser::new(&Key::parse(key).unwrap(), None, project, spaces).unwrap()
    }

    const KEY: &str = "c4d16a0e93b7582f1ed9407c65ab38f2708b5e21fd964c13a8e702dfb93c5a64";
    const OTHER: &str = "c4d16a0e93b7582f1ed9407c65ab38f2708b5e21fd964c13a8e702dfb93c5a65";

    #[test]
    fn agrees_with_the_standards() {
        // Worked out with Python's hmac and hashlib: HKDF by RFC 5869, then HMAC, then 126 bits.
        let made = pseudonymiser(KEY, "smirr");
        let number = made.space("chi").unwrap().pseudonym(b"0101010101").number();
        assert_eq!(number, EXPECTED);
        assert_eq!(made.key_id(), EXPECTED_ID);
    }
    const EXPECTED: i128 = 6490633373552336483957371053923945938;
    const EXPECTED_ID: &str = "e47d5494b65f76c5";

    #[test]
    fn hkdf_is_that_of_rfc_5869() {
        // Test case 1 of its appendix A.
        let (salt, info) = (Vec::from_iter(0..=0x0cu8), Vec::from_iter(0xf0..=0xf9u8));
        let mut output = [0; 42];
        Hkdf::<Sha256>::new(Some(&salt), &[0x0b; 22]).expand(&info, &mut output).unwrap();
        let text = output.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_case_of_a_key_makes_no_second_person() {
        let made = pseudonymiser(KEY, "smirr");
        let of = |space: Space, text: &[u8]| space.pseudonym(text).number();
        let space = |name: &str| made.space(name).unwrap().clone();
        let key = b"MIHAN191220002";
        assert_eq!(of(space("slk_581"), key), of(space("slk_581").in_upper_case(), &key.to_ascii_lowercase()));
        let sent = digest(b"9434765919", b"mackerel");
        let name = "open_pseudonymiser";
        assert_eq!(of(space(name), &sent), of(space(name).in_lower_case(), &sent.to_ascii_uppercase()));
    }

    #[test]
    fn a_number_joins_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let salt = |text: &str| {
            let path = folder.path().join("salt");
            let written = std::fs::write(&path, text).and_then(|()| {
                let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                std::fs::set_permissions(&path, private)
            });
            written.unwrap();
            Salt::read(&crate::config::plan::KeySource::File(path)).unwrap()
        };
        let name = "open_pseudonymiser";
        let made = |text: &str| {
            let spaces = [name.to_owned()];
            Pseudonymiser::new(&Key::parse(KEY).unwrap(), Some(salt(text)), "smirr", spaces).unwrap()
        };
        let (text, other) = ("kX4vQ9mZ2pR7tW1yB6nJ3cF8hL5sD0gA", "kX4vQ9mZ2pR7tW1yB6nJ3cF8hL5sD0gB");
        let (first, second) = (made(text), made(other));
        let of = |made: &Pseudonymiser| {
            made.space(name).unwrap().clone().digesting(made.salt().unwrap()).pseudonym(b"9434765919").number()
        };
        let sent = first.space(name).unwrap().pseudonym(&digest(b"9434765919", text.as_bytes())).number();
        assert_eq!(of(&first), sent);
        assert_ne!(of(&second), sent);
        // A new salt is told apart like a new key, so that nothing made under the old one is taken for current.
        assert_ne!(first.key_id(), second.key_id());
        assert_ne!(first.key_id(), pseudonymiser(KEY, "smirr").key_id());
    }

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
