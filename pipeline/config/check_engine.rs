//! What computes the reports: the address of a cluster, which only some builds of smirr can speak to.

use super::check_board::Board;
use super::plan::Cluster;
use super::suggest::quote;

/// The port of a scheduler that was given none.
const USUAL_PORT: u16 = 50050;
/// A day: whoever waits longer has forgotten.
const MOST_MINUTES: u64 = 24 * 60;

impl Board<'_> {
    /// The cluster, where there is one.
    pub(super) fn cluster(&mut self) -> Option<Cluster> {
        let yaml = self.yaml.engine.as_ref()?;
        if !cfg!(feature = "distributed") {
            let help = "build it with `cargo build --release --locked --features distributed`; or leave `engine` out, and \
                        reports are computed in this process";
            self.engine(&["engine"], "this smirr was built without the feature `distributed`", Some(help.into()));
        }
        if !(1..=MOST_MINUTES).contains(&yaml.minutes) {
            self.engine(&["engine", "minutes"], &format!("a query may take 1 to {MOST_MINUTES} minutes"), None);
        }
        let Some((host, port)) = address(&yaml.ballista) else {
            let shown = if has_secret(&yaml.ballista) { "this".into() } else { quote(&yaml.ballista) };
            let help = format!("write `df://host:{USUAL_PORT}`, without a user, a password or a path");
            self.engine(&["engine", "ballista"], &format!("{shown} is no address of a scheduler"), Some(help));
            return None;
        };
        Some(Cluster { host, port, minutes: yaml.minutes })
    }

    /// A complaint, which shows the line that it is about unless a password may stand there.
    fn engine(&mut self, path: &[&str], message: &str, help: Option<String>) {
        let mut complaint = self.document.value(path, message);
        if self.yaml.engine.as_ref().is_some_and(|it| has_secret(&it.ballista)) {
            complaint = complaint.without_text([]);
        }
        complaint.help = help;
        self.complaints.push(complaint);
    }
}

/// Whether an address carries a user, and so perhaps a password.
fn has_secret(url: &str) -> bool {
    url.contains('@')
}

/// The host and port of `df://host:port`.
fn address(url: &str) -> Option<(String, u16)> {
    let rest = url.strip_prefix("df://")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    // Of IPv6, the colons are within brackets.
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok().filter(|port| *port > 0)?),
        _ => (rest, USUAL_PORT),
    };
    let is_name = |host: &str| host.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    let is_address = |host: &str| host.parse::<std::net::Ipv6Addr>().is_ok();
    let known = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => is_address(inner),
        None => !host.is_empty() && is_name(host),
    };
    known.then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (url, host, port) in [
            ("df://cluster.board.example:50050", "cluster.board.example", 50050),
            ("df://scheduler", "scheduler", 50050),
            ("df://127.0.0.1:8/", "127.0.0.1", 8),
            ("df://[::1]:50051", "[::1]", 50051),
            ("df://[::1]", "[::1]", 50050),
        ] {
            assert_eq!(address(url), Some((host.to_owned(), port)), "{url}");
        }
        for url in [
            "",
            "df://",
            "df://:50050",
            "http://host:50050",
            "host:50050",
            "df://host:0",
            "df://host:70000",
            "df://host:port",
            "df://user:secret@host:50050",
            "df://host/path",
            "df://host:50050?x",
            "df://[::1",
            "df://[x]:5",
            "df://a b",
        ] {
            assert_eq!(address(url), None, "{url}");
        }
    }
}
