//! Objects in S3, Azure and Google Cloud storage, by key or glob over keys.
//!
//! An object is read in pieces, each asked for under the condition that the object is still the one that was listed: one
//! that is replaced meanwhile is refused, and never mixed. A broken connection is tried again by the crate below, and the
//! part that was not delivered alone is asked for.

use std::collections::VecDeque;
use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::TryStreamExt;
use glob::{MatchOptions, Pattern};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta};

use super::delivery::{Content, Delivery, Pages, Told};
use super::stores::{BROKEN, Bucket, CHANGED, runtime, wait, words};
use crate::config::plan::Objects;
use crate::error::{Error, Result};

/// Bytes asked for at once of what is read from end to end. Two such pieces are in memory: one in use, one coming.
const PIECE: u64 = 8 << 20;
/// The same of what is read in leaps, and of the start of everything: most extracts are one such piece.
const NEAR: u64 = 1 << 20;
/// Pieces kept of what is read in leaps, of all objects together: the pages of a row group's columns are read in turn.
const KEPT: usize = 64;
/// Adds the objects that the glob names.
///
/// # Errors
/// [`Error::Input`] where the store cannot be opened or listed.
pub(super) fn find(objects: &Objects, found: &mut Vec<Delivery>) -> Result<()> {
    let shown = format!("{}{}", objects.root(), objects.keys);
    let trouble = |words: &str| Error::Input(format!("{shown}: {words}"));
    let bucket = Arc::new(Bucket::open(objects)?);
    let (folder, pattern) = split(&objects.keys);
    let folder = Path::parse(folder).map_err(|_| trouble("the key is none that the store can have"))?;
    let Some(pattern) = pattern.and_then(|text| Pattern::new(text).ok()) else {
        found.extend(again_in(&bucket, objects, folder)?);
        return Ok(());
    };
    let (asked, prefix) = (bucket.clone(), folder.clone());
    let is_wanted = move |meta: &ObjectMeta| is_match(&pattern, meta.location.as_ref());
    let listed = wait(async move {
        let all = asked.store.list((!prefix.as_ref().is_empty()).then_some(&prefix));
        all.try_filter(|meta| std::future::ready(is_wanted(meta))).try_collect::<Vec<_>>().await
    });
    let listed = listed.ok_or_else(|| trouble(BROKEN))?.map_err(|error| trouble(words(&error)))?;
    found.extend(listed.into_iter().map(|meta| delivery(&bucket, objects, meta)));
    Ok(())
}

/// The object of this key, if there is one.
///
/// # Errors
/// As [`find`].
pub(super) fn again(objects: &Objects, key: &str) -> Result<Option<Delivery>> {
    let Ok(location) = Path::parse(key) else { return Ok(None) };
    again_in(&Arc::new(Bucket::open(objects)?), objects, location)
}

fn again_in(bucket: &Arc<Bucket>, objects: &Objects, location: Path) -> Result<Option<Delivery>> {
    let shown = format!("{}{location}", objects.root());
    let asked = bucket.clone();
    let answer = wait(async move {
        let options = GetOptions { head: true, ..GetOptions::default() };
        asked.store.get_opts(&location, options).await.map(|it| it.meta)
    });
    match answer {
        Some(Ok(meta)) => Ok(Some(delivery(bucket, objects, meta))),
        Some(Err(object_store::Error::NotFound { .. })) => Ok(None),
        Some(Err(error)) => Err(Error::Input(format!("{shown}: {}", words(&error)))),
        None => Err(Error::Input(format!("{shown}: {BROKEN}"))),
    }
}

fn delivery(bucket: &Arc<Bucket>, objects: &Objects, meta: ObjectMeta) -> Delivery {
    let name = format!("{}{}", objects.root(), meta.location);
    let (shown, bytes, sheet) = (name.clone(), meta.size, objects.sheet.clone());
    let object = Object { bucket: bucket.clone(), meta: Arc::new(meta), trouble: Arc::default() };
    Delivery { name, shown, bytes, sheet, content: Content::Pages(Arc::new(object)) }
}

/// The folder before the first part with a wildcard, and the whole glob; the key alone where there is none.
fn split(keys: &str) -> (&str, Option<&str>) {
    let Some(wild) = keys.find(['*', '?', '[']) else { return (keys, None) };
    (keys[..wild].rfind('/').map_or("", |end| &keys[..end]), Some(keys))
}

/// By the rules for files: `*` stays within a part of the key, and what begins with a dot is still being copied.
fn is_match(pattern: &Pattern, key: &str) -> bool {
    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
    let is_hidden = key.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
    !is_hidden && pattern.matches_with(key, options)
}

/// One object as it was listed.
#[derive(Clone)]
struct Object {
    bucket: Arc<Bucket>,
    meta: Arc<ObjectMeta>,
    trouble: Arc<Mutex<Option<&'static str>>>,
}

impl Object {
    /// On the condition that it is still the one that was listed: by its ETag, or by its day where that is a weak one,
    /// which may stay the same though bytes change.
    fn unchanged(&self) -> GetOptions {
        match self.tag() {
            Some(tag) => GetOptions { if_match: Some(format!("\"{tag}\"")), ..GetOptions::default() },
            None => GetOptions { if_unmodified_since: Some(self.meta.last_modified), ..GetOptions::default() },
        }
    }

    fn tag(&self) -> Option<&str> {
        self.meta.e_tag.as_deref().filter(|tag| !tag.starts_with("W/")).map(bare)
    }

    /// Asks for bytes, and goes on at once: they come through the channel.
    fn ask(&self, range: Range<u64>) -> Receiver<Result<Bytes, &'static str>> {
        let (tell, coming) = sync_channel(1);
        let object = self.clone();
        let work = async move {
            let read = match object.bucket.gone.get() {
                Some(words) => Err(*words),
                None => object.fetch(range).await,
            };
            if let Err(words) = read {
                *object.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
            }
            // Nobody may be waiting any more.
            let _ = tell.send(read);
        };
        if let Some(runtime) = runtime() {
            runtime.spawn(work);
        }
        coming
    }

    async fn fetch(&self, range: Range<u64>) -> Result<Bytes, &'static str> {
        let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..self.unchanged() };
        let store = &self.bucket.store;
        let answer = store.get_opts(&self.meta.location, options).await.map_err(|e| self.bucket.note(&e))?;
        // A server that does not know the condition passes over it.
        let is_same_tag = answer.meta.e_tag.as_deref().map(bare) == self.meta.e_tag.as_deref().map(bare);
        if answer.meta.size != self.meta.size || (answer.meta.e_tag.is_some() && !is_same_tag) {
            return Err(CHANGED);
        }
        let bytes = answer.bytes().await.map_err(|e| self.bucket.note(&e))?;
        if bytes.len() as u64 == range.end - range.start { Ok(bytes) } else { Err(BROKEN) }
    }

    /// The bytes from `start` to the end of its small piece; nothing at the end of the object.
    fn near(&self, start: u64) -> io::Result<Bytes> {
        if start >= self.meta.size {
            return Ok(Bytes::new());
        }
        let piece = start / NEAR;
        let bytes = match kept(self, piece) {
            Some(bytes) => bytes,
            None => {
                let bytes = received(&self.ask(piece * NEAR..((piece + 1) * NEAR).min(self.meta.size)))?;
                keep(self, piece, bytes.clone());
                bytes
            }
        };
        Ok(bytes.slice((start % NEAR) as usize..))
    }
}

impl Pages for Object {
    fn size(&self) -> io::Result<u64> {
        Ok(self.meta.size)
    }

    fn read_from(&self, start: u64) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Stream { object: self.clone(), next: start, begun: false, piece: Bytes::new(), coming: None }))
    }

    fn read_near(&self, start: u64) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Leap { object: self.clone(), next: start }))
    }

    fn mark(&self) -> Option<String> {
        Some(format!("{} {} {}", self.tag()?, self.meta.size, self.meta.last_modified.to_rfc3339()))
    }

    fn trouble(&self) -> Option<&'static str> {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An ETag without its quotes: Azure lists it without them, and answers with them.
fn bare(tag: &str) -> &str {
    tag.trim_matches('"')
}

/// Reads from end to end: a small piece, then large ones, the next of which comes while one is in use.
struct Stream {
    object: Object,
    /// Where what has been asked for ends, but for what is coming.
    next: u64,
    begun: bool,
    piece: Bytes,
    coming: Option<Receiver<Result<Bytes, &'static str>>>,
}

impl Stream {
    fn ask(&self) -> Receiver<Result<Bytes, &'static str>> {
        self.object.ask(self.next..(self.next + PIECE).min(self.object.meta.size))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && self.next < self.object.meta.size {
            if self.begun {
                let coming = self.coming.take().unwrap_or_else(|| self.ask());
                self.piece = received(&coming)?;
            } else {
                self.piece = self.object.near(self.next)?;
            }
            self.next += self.piece.len() as u64;
            // Who looks at the first bytes alone waits for no more.
            self.coming = (self.begun && self.next < self.object.meta.size).then(|| self.ask());
            self.begun = true;
        }
        let n = self.piece.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.piece.split_to(n));
        Ok(n)
    }
}

/// Reads a little from anywhere.
struct Leap {
    object: Object,
    next: u64,
}

impl Read for Leap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = Cursor::new(self.object.near(self.next)?).read(buffer)?;
        self.next += n as u64;
        Ok(n)
    }
}

fn received(coming: &Receiver<Result<Bytes, &'static str>>) -> io::Result<Bytes> {
    let words = match coming.recv() {
        Ok(Ok(bytes)) => return Ok(bytes),
        Ok(Err(words)) => words,
        Err(_) => BROKEN,
    };
    Err(io::Error::other(Told(words)))
}

/// A small piece: of which object as it was listed, and which of its pieces.
type Kept = (Arc<ObjectMeta>, u64, Bytes);

/// Small pieces, the latest last. They are of extracts: in memory alone, and few.
static NEAR_PIECES: Mutex<VecDeque<Kept>> = Mutex::new(VecDeque::new());

fn kept(object: &Object, piece: u64) -> Option<Bytes> {
    let mut all = NEAR_PIECES.lock().unwrap_or_else(PoisonError::into_inner);
    let is_it = |it: &Kept| it.1 == piece && Arc::ptr_eq(&it.0, &object.meta);
    let found = all.iter().position(is_it).and_then(|at| all.remove(at))?;
    let bytes = found.2.clone();
    all.push_back(found);
    Some(bytes)
}

fn keep(object: &Object, piece: u64, bytes: Bytes) {
    let mut all = NEAR_PIECES.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= KEPT {
        all.pop_front();
    }
    all.push_back((object.meta.clone(), piece, bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_ends_before_the_first_wildcard() {
        assert_eq!(split("q/practices/*/p.csv"), ("q/practices", Some("q/practices/*/p.csv")));
        assert_eq!(split("q/p*.csv"), ("q", Some("q/p*.csv")));
        assert_eq!(split("*.csv"), ("", Some("*.csv")));
        assert_eq!(split("q/p.csv"), ("q/p.csv", None));
    }

    #[test]
    fn a_tag_is_the_same_with_and_without_its_quotes() {
        assert_eq!((bare("\"0x2\""), bare("0x2")), ("0x2", "0x2"));
    }

    #[test]
    fn keys_match_as_files_do() {
        let is_match = |glob: &str, key: &str| is_match(&Pattern::new(glob).unwrap(), key);
        assert!(is_match("q/*/p.csv", "q/1/p.csv") && is_match("q/**/p.csv", "q/1/2/p.csv"));
        assert!(!is_match("q/*/p.csv", "q/1/2/p.csv") && !is_match("q/*.csv", "q/.p.csv"));
    }
}
