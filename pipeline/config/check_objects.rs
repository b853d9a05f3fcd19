//! Sources in object stores: what an address, an endpoint and the rest may say. Opens no connection.

use super::board::DetailedSource;
use super::check_board::Board;
use super::plan::{Cloud, Objects, Origin, Sheet};

/// What an address tells: which cloud, the bucket, the account in Azure's longer form, and the glob over keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Address<'a> {
    cloud: Cloud,
    bucket: &'a str,
    account: Option<&'a str>,
    keys: &'a str,
}

/// Why an address cannot be used, and what to do. Never with its text, which may hold a credential.
type Refusal = (&'static str, &'static str);

const WHERE_CREDENTIALS_GO: &str =
    "name the place of the credentials: `credentials: { file: ... }`, or `env`, or `command`; never write them here";
const AZURE: &str = ".dfs.core.windows.net";

/// Whether a path is an address, of whatever kind.
pub fn is_address(path: &str) -> bool {
    path.contains("://")
}

/// Whether a text may hold a credential where an address is asked for: who signs in, or a signed query.
pub fn may_hold_a_credential(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    rest.contains('?') || (authority.contains('@') && !is_azures(authority))
}

/// `container@account.dfs.core.windows.net`, which signs nobody in.
fn is_azures(authority: &str) -> bool {
    authority
        .split_once('@')
        .is_some_and(|(container, host)| is_name(container) && host.strip_suffix(AZURE).is_some_and(is_name))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Reads an address.
pub fn address(text: &str) -> Result<Address<'_>, Refusal> {
    let bucket_help = "as in s3://bucket/2026-Q3/practices/*/patients.csv.gz";
    if may_hold_a_credential(text) {
        return Err(("an address holds no user, no password and no query string", WHERE_CREDENTIALS_GO));
    }
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let cloud = match scheme {
        "s3" => Cloud::S3,
        "az" | "abfs" | "abfss" => Cloud::Azure,
        "gs" => Cloud::Google,
        _ => {
            return Err((
                "no source of smirr's has such an address",
                "one of s3://, az://, abfss:// and gs://, or a path",
            ));
        }
    };
    let Some((authority, keys)) = rest.split_once('/') else {
        return Err(("the address names no object", bucket_help));
    };
    let (bucket, account) = match authority.split_once('@') {
        Some((container, host)) if cloud == Cloud::Azure => (container, host.strip_suffix(AZURE)),
        _ => (authority, None),
    };
    if !is_name(bucket) {
        return Err(("the address names no bucket", bucket_help));
    }
    if keys.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(("a part of the key between slashes is empty, `.` or `..`", bucket_help));
    }
    if glob::Pattern::new(keys).is_err() {
        return Err(("the key is no glob", "`*` and `[a-z]` match within a part of the key, `**` matches whole parts"));
    }
    Ok(Address { cloud, bucket, account, keys })
}

/// Whether a store is on this very machine, which plain HTTP does not leave.
fn is_loopback(endpoint: &str) -> bool {
    let host = endpoint.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let name = if host.starts_with('[') { host.split(']').next() } else { host.split(':').next() };
    let name = name.unwrap_or_default().trim_start_matches('[');
    let numbers = name.split('.').map(|part| part.parse::<u8>().ok()).collect::<Vec<_>>();
    matches!(name, "localhost" | "::1") || matches!(numbers[..], [Some(127), Some(_), Some(_), Some(_)])
}

impl Board<'_> {
    /// Objects in a store. `None` after a complaint.
    pub(super) fn objects(
        &mut self,
        base: &[&str],
        place: &[&str],
        path: &str,
        detailed: Option<&DetailedSource>,
        sheet: Sheet,
    ) -> Option<Origin> {
        if let Err((message, help)) = address(path) {
            self.complain(place, message, Some(help.into()));
            return None;
        }
        let path = &self.in_quarter(place, path);
        let Ok(address) = address(path) else { return None };
        let below = |key: &'static str| base.iter().copied().chain([key]).collect::<Vec<_>>();
        let plain_http = detailed.is_some_and(|it| it.plain_http);
        if let Some(endpoint) = detailed.and_then(|it| it.endpoint.as_deref()) {
            self.endpoint(&below("endpoint"), endpoint, plain_http);
        }
        let credentials = match detailed.and_then(|it| it.credentials.as_ref()) {
            Some(yaml) => Some(self.secret(&below("credentials"), "credentials", yaml, false)?),
            None => None,
        };
        Some(Origin::Objects(Objects {
            cloud: address.cloud,
            bucket: address.bucket.into(),
            account: address.account.map(str::to_owned),
            keys: address.keys.into(),
            endpoint: detailed.and_then(|it| it.endpoint.clone()),
            region: detailed.and_then(|it| it.region.clone()),
            credentials,
            sheet,
        }))
    }

    /// What opens a store has no meaning for a file.
    pub(super) fn no_store(&mut self, base: &[&str], detailed: &DetailedSource) {
        let given = [
            ("endpoint", detailed.endpoint.is_some()),
            ("region", detailed.region.is_some()),
            ("plain_http", detailed.plain_http),
            ("credentials", detailed.credentials.is_some()),
        ];
        for (key, _) in given.into_iter().filter(|(_, given)| *given) {
            let place = base.iter().copied().chain([key]).collect::<Vec<_>>();
            let help = "leave it out, or let `path` begin with s3://, az://, abfss:// or gs://".to_string();
            self.complain(&place, &format!("`{key}` is for object stores, and this path is a file's"), Some(help));
        }
    }

    fn endpoint(&mut self, place: &[&str], endpoint: &str, plain_http: bool) {
        let host = endpoint.split_once("://").map_or("", |(_, rest)| rest);
        if may_hold_a_credential(endpoint) {
            let help = WHERE_CREDENTIALS_GO.to_string();
            return self.complain(place, "an endpoint holds no user, no password and no query string", Some(help));
        }
        if host.is_empty() || !(endpoint.starts_with("https://") || endpoint.starts_with("http://")) {
            let help = "write it as https://host, or https://host:port".to_string();
            return self.complain(place, "this is not the address of a store", Some(help));
        }
        if endpoint.starts_with("http://") && !is_loopback(endpoint) && !plain_http {
            let help = "write https://, or say `plain_http: true` where the network itself is encrypted".to_string();
            self.complain(place, "over plain HTTP anyone on the way can read the extracts", Some(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_a_glob_over_keys() {
        let read = |text| address(text).ok().map(|it| (it.cloud, it.bucket, it.account, it.keys));
        assert_eq!(read("s3://b/q/*/p.csv"), Some((Cloud::S3, "b", None, "q/*/p.csv")));
        assert_eq!(read("az://c/p.csv"), Some((Cloud::Azure, "c", None, "p.csv")));
        assert_eq!(read("abfss://c@a.dfs.core.windows.net/p"), Some((Cloud::Azure, "c", Some("a"), "p")));
        assert_eq!(read("gs://b/p@q.csv"), Some((Cloud::Google, "b", None, "p@q.csv")));
        for wrong in
            ["s3://b", "s3://b/", "s3:///p", "s3://b/a//p", "s3://b/../p", "s3://b/[", "https://h/p", "s3://b c/p"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_with_a_credential_is_known() {
        for text in [
            "s3://u:p@b/k",
            "s3://key@b/k",
            "s3://b/k?X-Amz-Signature=1",
            "az://c/k?sig=1",
            "abfss://c:p@a.dfs.core.windows.net/k",
        ] {
            assert!(may_hold_a_credential(text), "{text}");
            assert!(address(text).is_err(), "{text}");
        }
        for text in ["s3://b/k", "abfss://c@a.dfs.core.windows.net/k", "s3://b/a@b.csv", "extracts/what?.csv"] {
            assert!(!may_hold_a_credential(text), "{text}");
        }
    }

    #[test]
    fn loopback_is_this_machine_alone() {
        for own in ["http://127.0.0.1:9000", "http://localhost/x", "http://[::1]:80", "http://127.9.9.9"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in ["http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example", "http://[2001:db8::1]"]
        {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
