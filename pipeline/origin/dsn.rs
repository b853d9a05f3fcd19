//! A connection string of PostgreSQL taken apart: `postgresql://user:password@host:5432/database?sslmode=verify-full`, or
//! `host=... user=... password='...'`, as PostgreSQL's own programs read them. No error repeats any of it.

use zeroize::Zeroizing;

/// Where a server is, and as whom to come.
pub struct Address {
    /// All but the password, one `name=value` a word.
    pub words: String,
    /// The password, where it has one.
    pub password: Option<Zeroizing<String>>,
}

/// What may be said, and nothing else: what smirr does not know, it would not do.
const KNOWN: [&str; 8] = ["host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "connect_timeout"];
/// `allow` would send the password in clear where the server likes.
const SSL_MODES: [&str; 5] = ["disable", "prefer", "require", "verify-ca", "verify-full"];

/// Takes a connection string apart.
///
/// # Errors
/// Why it cannot be used, in words that hold nothing of it.
pub fn parse(text: &str) -> Result<Address, &'static str> {
    let text = text.trim();
    let pairs = match text.split_once("://") {
        Some(("postgresql" | "postgres", rest)) => of_url(rest)?,
        _ => of_words(text)?,
    };
    let mut address = Address { words: String::new(), password: None };
    let mut seen = Vec::new();
    for (name, value) in pairs {
        let name = *KNOWN.iter().find(|known| **known == name).ok_or(
            "it says something other than host, port, user, password, dbname, sslmode, sslrootcert and connect_timeout",
        )?;
        if seen.contains(&name) {
            return Err("it says something twice");
        }
        seen.push(name);
        match name {
            "password" => address.password = Some(value),
            "sslmode" if !SSL_MODES.contains(&value.as_str()) => {
                return Err("its sslmode is none of disable, prefer, require, verify-ca and verify-full");
            }
            // The reader below splits at spaces and at `=`.
            _ if value.contains(|c: char| c.is_whitespace() || "='\\,".contains(c)) => {
                return Err("a host, user, database or path in it has a space, a quote, a comma or `=`");
            }
            _ if value.is_empty() => return Err("something in it is empty"),
            _ => address.words.push_str(&format!("{name}={} ", value.as_str())),
        }
    }
    if !seen.contains(&"host") || !seen.contains(&"user") {
        return Err("it needs a host and a user");
    }
    // Unless said: the server must prove by its certificate that it is the one.
    for (name, value) in [("port", "5432"), ("sslmode", "verify-full"), ("connect_timeout", "20")] {
        if !seen.contains(&name) {
            address.words.push_str(&format!("{name}={value} "));
        }
    }
    Ok(address)
}

type Pairs = Vec<(String, Zeroizing<String>)>;

/// What follows `postgresql://`.
fn of_url(rest: &str) -> Result<Pairs, &'static str> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (server, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, place) = server.rsplit_once('@').unwrap_or(("", server));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let (host, port) = match place.strip_prefix('[').and_then(|place| place.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':').unwrap_or_default()),
        None => place.split_once(':').unwrap_or((place, "")),
    };
    let named = [("user", user), ("password", password), ("host", host), ("port", port), ("dbname", database)];
    let named = named.into_iter().filter(|(_, value)| !value.is_empty());
    let queried = query.split('&').filter(|pair| !pair.is_empty());
    let queried = queried.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    named.chain(queried).map(|(name, value)| Ok((name.to_owned(), decoded(value)?))).collect()
}

/// `%40` is `@`.
fn decoded(text: &str) -> Result<Zeroizing<String>, &'static str> {
    const WRONG: &str = "a % in it is not followed by two hexadecimal digits of UTF-8; write % itself as %25";
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        let byte = match (first, more) {
            (b'%', [high, low, after @ ..]) => {
                rest = after;
                let digit = |digit: &u8| char::from(*digit).to_digit(16);
                let (high, low) = digit(high).zip(digit(low)).ok_or(WRONG)?;
                (high * 16 + low) as u8
            }
            (b'%', _) => return Err(WRONG),
            (byte, _) => *byte,
        };
        bytes.push(byte);
    }
    std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| WRONG)
}

/// `name = value`, the value in single quotes where it has spaces, with a backslash before a quote or a backslash.
fn of_words(text: &str) -> Result<Pairs, &'static str> {
    let mut pairs = Pairs::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or("it is neither a URL nor words like host=... user=...")?;
        let after = after.trim_start();
        let quoted = after.starts_with('\'');
        let mut value = Zeroizing::new(String::with_capacity(after.len()));
        let mut letters = after.char_indices().skip(usize::from(quoted));
        let end = loop {
            match letters.next() {
                Some((at, '\'')) if quoted => break Some(at + 1),
                Some((at, c)) if !quoted && c.is_whitespace() => break Some(at),
                Some((_, '\\')) => value.extend(letters.next().map(|(_, c)| c)),
                Some((_, c)) => value.push(c),
                None => break (!quoted).then_some(after.len()),
            }
        };
        let end = end.ok_or("a quote in it is never closed")?;
        pairs.push((name.trim().to_owned(), value));
        rest = after[end..].trim_start();
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, Option<String>), &'static str> {
        parse(text).map(|address| (address.words, address.password.map(|password| password.to_string())))
    }

    #[test]
    fn both_spellings_are_read_as_postgresql_reads_them() {
        let usual = "sslmode=verify-full connect_timeout=20 ";
        for (text, words, password) in [
            (
                "postgresql://ann:p%40s=s%20w@db.example:6000/org",
                "user=ann host=db.example port=6000 dbname=org ",
                Some("p@s=s w"),
            ),
            ("postgres://ann@[::1]:6000/org\n", "user=ann host=::1 port=6000 dbname=org ", None),
            ("host=db.example port=6000 user = ann dbname=org password='it''s'", "", None),
            (
                "host=db.example port=6000 user = ann dbname=org password='a\\'b\\\\ c='",
                "host=db.example port=6000 user=ann dbname=org ",
                Some("a'b\\ c="),
            ),
        ] {
            let expected = (format!("{words}{usual}"), password.map(str::to_owned));
            match words {
                "" => assert!(read(text).is_err(), "{text}"),
                _ => assert_eq!(read(text), Ok(expected), "{text}"),
            }
        }
        let own = read("postgresql://ann@db/org?sslmode=require&sslrootcert=/etc/ca.pem&connect_timeout=5");
        let words = "user=ann host=db dbname=org sslmode=require sslrootcert=/etc/ca.pem connect_timeout=5 port=5432 ";
        assert_eq!(own, Ok((words.to_owned(), None)));
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_being_repeated() {
        for text in [
            "",
            "CANARY",
            "host=CANARY",
            "host=a user=b CANARY=c",
            "host=a user=b password='CANARY",
            "host=a user=b sslmode=CANARY",
            "host=a user=b host=CANARY",
            "host=a user=CAN%20ARY dbname='CAN ARY'",
            "postgresql://CANARY%4@a/b",
            "postgresql://CANARY@a/b?options=-c",
            "mysql://CANARY:CANARY@a/b",
            "host='' user=CANARY",
        ] {
            let told = read(text).expect_err("it cannot be used");
            assert!(!told.contains("CANARY"), "{told}");
        }
    }
}
