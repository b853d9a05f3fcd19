//! Object stores, opened: by which credentials, how patiently, and what their troubles are called.
//!
//! Errors of the network may hold the address, with whatever signs it, and those of a server may hold anything: none of
//! their text is passed on, only what kind they are of ([`words`]).

use std::future::Future;
use std::str::FromStr;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use crate::config::plan::{Cloud, Objects};
use crate::error::{Error, Result};
use crate::secret;

/// How often a request is tried again, at growing intervals: some ten seconds in all.
const RETRIES: usize = 5;

const DENIED: &str = "the store refuses these credentials; see `credentials`, and who may list and read the bucket";
const MISSING: &str = "there is no such bucket or object";
pub(super) const CHANGED: &str = "it changed while it was read; run again";
const UNREACHED: &str = "no connection to the store; see `endpoint`, the network, and run again";
const LATE: &str = "the store did not answer in time; run again";
const FAILING: &str = "the store answers with errors of its own; run again later";
pub(super) const BROKEN: &str = "the connection to the store broke; run again";
const NAMELESS: &str = "no credentials were found; name their place under `credentials`, or set the variables of the \
                        cloud's own tools";
const UNASKED: &str = "the store cannot be asked; see `endpoint`, `region` and `credentials`";

/// An open store.
pub(super) struct Bucket {
    /// Asked on the threads of [`wait`].
    pub store: Arc<dyn ObjectStore>,
    /// What ended the last request that was tried again in vain: the next one would wait as long for nothing.
    pub gone: OnceLock<&'static str>,
}

impl Bucket {
    /// Opens no connection yet.
    ///
    /// # Errors
    /// [`Error::Input`] where the credentials or the settings cannot be used.
    pub fn open(objects: &Objects) -> Result<Self> {
        let settings = Settings::read(objects)?;
        let store = match objects.cloud {
            Cloud::S3 => settings.s3(objects)?,
            Cloud::Azure => settings.azure(objects)?,
            Cloud::Google => settings.google(objects)?,
        };
        Ok(Bucket { store, gone: OnceLock::new() })
    }

    /// The words for an error, which are kept where the store itself is out of reach.
    pub fn note(&self, error: &object_store::Error) -> &'static str {
        let words = words(error);
        if [UNREACHED, LATE, FAILING].contains(&words) {
            self.gone.get_or_init(|| words);
        }
        words
    }
}

/// Lines of `NAME=value`, and what to call where they came from. The values are in the crate's own memory once they are
/// used, which does not wipe it.
struct Settings {
    named: Option<(Zeroizing<String>, String)>,
    shown: String,
}

impl Settings {
    fn read(objects: &Objects) -> Result<Self> {
        let named = objects.credentials.as_ref().map(|source| secret::read(source, "credentials")).transpose()?;
        Ok(Settings { named, shown: objects.root() })
    }

    /// Every setting with a name that the cloud's own tools know; none where the environment has them.
    fn named<K: FromStr>(&self, prefix: &str) -> Result<Vec<(K, String)>> {
        let Some((text, from)) = &self.named else { return Ok(Vec::new()) };
        let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let read = |(at, line): (usize, &str)| {
            let (name, value) = line.split_once('=').unwrap_or_default();
            let name = name.trim();
            let key = if name.starts_with(prefix) { name.to_ascii_lowercase().parse().ok() } else { None };
            // Nothing of the line is repeated: what has no name may be the secret alone.
            key.map(|key| (key, value.trim().trim_matches('"').to_owned())).ok_or_else(|| {
                Error::Input(format!(
                    "line {at} of {from} is not `NAME=value` with a name that begins with {prefix} and that smirr knows"
                ))
            })
        };
        lines.map(read).collect()
    }

    fn unusable(&self) -> Error {
        Error::Input(format!("{}: {UNASKED}", self.shown))
    }

    fn s3(&self, objects: &Objects) -> Result<Arc<dyn ObjectStore>> {
        let mut builder = match self.named {
            Some(_) => AmazonS3Builder::new(),
            None => AmazonS3Builder::from_env(),
        };
        let options =
            client(objects).into_iter().map(|(key, value)| (AmazonS3ConfigKey::Client(key), value.to_owned()));
        let named = self.named("AWS_")?.into_iter().chain(options);
        builder = named.fold(builder, |builder, (key, value)| builder.with_config(key, value));
        if let Some(endpoint) = &objects.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        if let Some(region) = &objects.region {
            builder = builder.with_region(region);
        }
        let store = builder.with_bucket_name(&objects.bucket).with_retry(retries()).build();
        store.map(|it| Arc::new(it) as Arc<dyn ObjectStore>).map_err(|_| self.unusable())
    }

    fn azure(&self, objects: &Objects) -> Result<Arc<dyn ObjectStore>> {
        let mut builder = match self.named {
            Some(_) => MicrosoftAzureBuilder::new(),
            None => MicrosoftAzureBuilder::from_env(),
        };
        let options = client(objects).into_iter().map(|(key, value)| (AzureConfigKey::Client(key), value.to_owned()));
        let named = self.named("AZURE_")?.into_iter().chain(options);
        builder = named.fold(builder, |builder, (key, value)| builder.with_config(key, value));
        if let Some(endpoint) = &objects.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
        }
        if let Some(account) = &objects.account {
            builder = builder.with_account(account);
        }
        let store = builder.with_container_name(&objects.bucket).with_retry(retries()).build();
        store.map(|it| Arc::new(it) as Arc<dyn ObjectStore>).map_err(|_| self.unusable())
    }

    fn google(&self, objects: &Objects) -> Result<Arc<dyn ObjectStore>> {
        let mut builder = match self.named {
            Some(_) => GoogleCloudStorageBuilder::new(),
            None => GoogleCloudStorageBuilder::from_env(),
        };
        let options = client(objects).into_iter().map(|(key, value)| (GoogleConfigKey::Client(key), value.to_owned()));
        let named = self.named("GOOGLE_")?.into_iter().chain(options);
        builder = named.fold(builder, |builder, (key, value)| builder.with_config(key, value));
        if let Some(endpoint) = &objects.endpoint {
            builder = builder.with_base_url(endpoint.trim_end_matches('/'));
        }
        let store = builder.with_bucket_name(&objects.bucket).with_retry(retries()).build();
        store.map(|it| Arc::new(it) as Arc<dyn ObjectStore>).map_err(|_| self.unusable())
    }
}

/// A piece has two minutes, for the slowest line of a health board. What `check` let pass may be plain HTTP.
fn client(objects: &Objects) -> Vec<(ClientConfigKey, &'static str)> {
    let plain = objects.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let plain = plain.then_some((ClientConfigKey::AllowHttp, "true"));
    [(ClientConfigKey::Timeout, "120 seconds")].into_iter().chain(plain).collect()
}

fn retries() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(200), max_backoff: Duration::from_secs(10), base: 2.0 };
    RetryConfig { backoff, max_retries: RETRIES, ..RetryConfig::default() }
}

/// What kind of trouble an error is, in words of smirr's own.
pub(super) fn words(error: &object_store::Error) -> &'static str {
    use object_store::Error as It;
    match error {
        It::NotFound { .. } => return MISSING,
        It::Precondition { .. } | It::NotModified { .. } => return CHANGED,
        It::PermissionDenied { .. } | It::Unauthenticated { .. } => return DENIED,
        _ => {}
    }
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if text.contains("169.254.") || text.contains("metadata.google.internal") {
            return NAMELESS;
        }
        // The crate keeps the type with the status to itself; only the number is taken from its text.
        let status = text.strip_prefix("Server returned non-2xx status code: ").and_then(|rest| rest.get(..3));
        match status {
            Some("401" | "403") => return DENIED,
            Some("404") => return MISSING,
            Some("408" | "429") => return LATE,
            Some(status) if status.starts_with('5') => return FAILING,
            _ => {}
        }
        if let Some(error) = cause.downcast_ref::<HttpError>() {
            return match error.kind() {
                HttpErrorKind::Connect => UNREACHED,
                HttpErrorKind::Timeout => LATE,
                HttpErrorKind::Unknown => UNASKED,
                _ => BROKEN,
            };
        }
        next = cause.source();
    }
    UNASKED
}

/// Two threads that carry all requests: they wait for the network, and seldom work.
pub(super) fn runtime() -> Option<&'static Runtime> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let make = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().ok();
    RUNTIME.get_or_init(make).as_ref()
}

/// Does a piece of work on those threads, and waits for it; `None` where it ended in a fault.
pub(super) fn wait<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let (tell, coming) = sync_channel(1);
    runtime()?.spawn(async move {
        let _ = tell.send(work.await);
    });
    coming.recv().ok()
}
