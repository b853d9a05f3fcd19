//! One extract as a sequence of blocks of whole CSV records, so that both cores work on one file.
//!
//! A block ends at a line end that is outside quotes. The scan follows the same rules as `csv-core` (RFC 4180): a
//! quote opens a quoted field only at the field's start, and a doubled quote inside one is a quote.

use std::io::{BufReader, Read};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::origin::Delivery;
use crate::origin::delivery::{cut_short, hex};

/// Large enough that a block's overheads vanish, small enough that a few fit in the cache's neighbourhood.
pub const BLOCK_BYTES: usize = 16 << 20;
/// UTF-8's byte order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// No record of the contract comes near this: a longer one is a quote that was never closed.
const LONGEST_RECORD: usize = 1 << 20;

/// Whole records of one file, in order.
pub struct Block {
    /// 0 for the first block, which begins with the header.
    pub number: usize,
    /// The file's line on which the block begins, counted from 1.
    pub first_line: u64,
    /// The records' bytes.
    pub bytes: Vec<u8>,
}

/// Reads one file as [`Block`]s, and hashes the bytes of the file as it goes.
pub struct Blocks {
    input: Box<dyn Read + Send>,
    rest: Vec<u8>,
    number: usize,
    line: u64,
    ended: bool,
    name: String,
    /// Bytes of a block, unless a record is longer.
    size: usize,
    /// Something of the file has been handed out or passed over: a byte order mark would be text by now.
    begun: bool,
}

/// Passes bytes on and hashes them: the hash is of exactly what was parsed, with no second reading.
struct Hashing<R> {
    inner: R,
    hash: std::sync::Arc<std::sync::Mutex<Sha256>>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.lock().unwrap_or_else(std::sync::PoisonError::into_inner).update(&buffer[..n]);
        Ok(n)
    }
}

/// The SHA-256 of what a [`Blocks`] has read so far.
#[derive(Clone)]
pub struct RunningHash(std::sync::Arc<std::sync::Mutex<Sha256>>);

impl RunningHash {
    /// 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        let state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        hex(&state.finalize())
    }
}

impl Blocks {
    /// Opens CSV, plain or compressed: the first bytes tell which, whatever the name says. `size` bytes go into a block; the
    /// rows are the same whatever the size.
    ///
    /// # Errors
    /// [`Error::Input`] where it cannot be read, or its encoding is not UTF-8.
    pub fn open(delivery: &Delivery, size: usize) -> Result<(Self, RunningHash)> {
        let mut input = delivery.read()?;
        let mut magic = [0; 4];
        let n = read_full(&mut input, &mut magic).map_err(|e| delivery.unreadable("read", &e))?;
        let hash = std::sync::Arc::new(std::sync::Mutex::new(Sha256::new()));
        let whole = std::io::Cursor::new(magic[..n].to_vec()).chain(input);
        let hashing = Hashing { inner: whole, hash: hash.clone() };
        let input: Box<dyn Read + Send> = match magic {
            [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, hashing))),
            [0x28, 0xb5, 0x2f, 0xfd] => {
                Box::new(zstd::Decoder::new(hashing).map_err(|e| delivery.unreadable("decompressed", &e))?)
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                return Err(Error::Input(format!(
                    "{}: the file is UTF-16; save it as CSV in UTF-8 and send it again",
                    delivery.shown
                )));
            }
            _ => Box::new(hashing),
        };
        let (rest, size, name) = (Vec::new(), size.max(1), delivery.shown.clone());
        let blocks = Blocks { input, rest, number: 0, line: 1, ended: false, name, size, begun: false };
        Ok((blocks, RunningHash(hash)))
    }

    /// The next block, or `None` at the end of the file.
    ///
    /// # Errors
    /// [`Error::Input`] where the file is cut short, or a quote is never closed, with the line.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        if self.ended {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.rest);
        loop {
            let before = bytes.len();
            let want = self.size.max(before + (self.size / 4).max(1));
            bytes.resize(want, 0);
            let n = read_full(&mut self.input, &mut bytes[before..]).map_err(|e| cut_short(&self.name, &e))?;
            bytes.truncate(before + n);
            let at_end = before + n < want;
            let cut = record_end(&bytes, !self.begun);
            if at_end {
                self.ended = true;
                self.refuse_open_quote(&bytes, cut.open_quote)?;
                return Ok((!bytes.is_empty()).then(|| self.block(bytes)));
            }
            if bytes.len() - cut.at > LONGEST_RECORD {
                self.refuse_open_quote(&bytes, cut.open_quote.or(Some(cut.at)))?;
            }
            if self.number == 0 && is_blank(&bytes[..cut.at]) {
                // The first block begins with the header, however many blank lines stand before it.
                self.line += lines_of(&bytes[..cut.at]);
                self.begun |= cut.at > 0;
                bytes.drain(..cut.at);
            } else if cut.at > 0 {
                self.rest = bytes.split_off(cut.at);
                return Ok(Some(self.block(bytes)));
            }
        }
    }

    fn block(&mut self, mut bytes: Vec<u8>) -> Block {
        let lines = lines_of(&bytes);
        let mut first_line = self.line;
        if self.begun && bytes.starts_with(MARK) {
            // The parser takes a mark off the start of whatever it is given. Only a file's first one is no text: a blank
            // line, which is no record, keeps the others.
            bytes.insert(0, b'\n');
            first_line -= 1;
        }
        let block = Block { number: self.number, first_line, bytes };
        self.begun = true;
        self.number += 1;
        self.line += lines;
        block
    }

    fn refuse_open_quote(&self, bytes: &[u8], open: Option<usize>) -> Result<()> {
        let Some(open) = open else { return Ok(()) };
        let line = self.line + lines_of(&bytes[..open]);
        Err(Error::Input(format!(
            "{}: line {line}: a quote that opens here is never closed, or the record is longer than 1 MiB; ask for the file again",
            self.name
        )))
    }
}

/// Line ends in the bytes.
fn lines_of(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Whether there is no record in whole lines.
fn is_blank(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

/// Fills the buffer as far as the input goes.
fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

struct Cut {
    /// One past the last line end that is outside quotes; 0 where there is none.
    at: usize,
    /// Where a quote opened that is still open at the end.
    open_quote: Option<usize>,
}

/// `starts`: the bytes are the file's first, before which a byte order mark may stand.
fn record_end(bytes: &[u8], starts: bool) -> Cut {
    let mut at = 0;
    let mut position = 0;
    while let Some(found) = memchr::memchr(b'"', &bytes[position..]).map(|offset| position + offset) {
        if let Some(line_end) = memchr::memrchr(b'\n', &bytes[position..found]) {
            at = position + line_end + 1;
        }
        let opens = found == 0
            || matches!(bytes[found - 1], b',' | b'\n' | b'\r')
            || (starts && starts_after_mark(bytes, found));
        position = found + 1;
        if opens {
            match closing_quote(bytes, found + 1) {
                Some(close) => position = close + 1,
                None => return Cut { at, open_quote: Some(found) },
            }
        }
    }
    if let Some(line_end) = memchr::memrchr(b'\n', &bytes[position..]) {
        at = position + line_end + 1;
    }
    Cut { at, open_quote: None }
}

/// A byte order mark may stand before the first field's quote.
fn starts_after_mark(bytes: &[u8], quote: usize) -> bool {
    quote == MARK.len() && bytes.starts_with(MARK)
}

fn closing_quote(bytes: &[u8], mut position: usize) -> Option<usize> {
    loop {
        let quote = position + memchr::memchr(b'"', &bytes[position..])?;
        if bytes.get(quote + 1) != Some(&b'"') {
            return Some(quote);
        }
        position = quote + 2;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn cut_at(text: &str) -> (usize, bool) {
        let cut = record_end(text.as_bytes(), true);
        (cut.at, cut.open_quote.is_some())
    }

    #[test]
    fn cuts_only_outside_quotes() {
        assert_eq!(cut_at("a,b\nc"), (4, false));
        assert_eq!(cut_at("a,\"x\ny\"\nc"), (8, false));
        assert_eq!(cut_at("a,\"x\ny"), (0, true));
        assert_eq!(cut_at("a,5\" pipe\nb"), (10, false));
        assert_eq!(cut_at("a,\"say \"\"x\"\"\n\"\nb"), (15, false));
        assert_eq!(cut_at(""), (0, false));
    }

    #[test]
    fn an_open_quote_is_told_by_line() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"a,b\n1,2\n3,\"4\n5,6\n").unwrap();
        let (mut blocks, _) = Blocks::open(&Delivery::file(file.path(), Default::default()), BLOCK_BYTES).unwrap();
        let error = blocks.next_block().err().expect("refused").to_string();
        assert!(error.contains("line 3"), "{error}");
    }

    #[test]
    fn truncated_gzip_is_an_input_error() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for i in 0..10_000 {
            writeln!(encoder, "{i},{}", i * 7919 % 10007).unwrap();
        }
        let whole = encoder.finish().unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&whole[..whole.len() / 2]).unwrap();
        let (mut blocks, _) = Blocks::open(&Delivery::file(file.path(), Default::default()), BLOCK_BYTES).unwrap();
        assert!(matches!(blocks.next_block(), Err(Error::Input(_))));
    }

    proptest! {
        /// Cutting and joining gives the same records as reading whole, with the same lines.
        #[test]
        fn agrees_with_csv_core(text in "([a-c,\"\n\r ]{0,12}|\"[a-c,\n]{0,6}\",){0,20}") {
            let cut = record_end(text.as_bytes(), true);
            let (head, tail) = text.as_bytes().split_at(cut.at);
            let read = |bytes: &[u8]| csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes)
                .byte_records().map(|r| r.unwrap().iter().map(<[u8]>::to_vec).collect::<Vec<_>>()).collect::<Vec<_>>();
            let mut parts = read(head);
            parts.extend(read(tail));
            prop_assert_eq!(parts, read(text.as_bytes()));
        }
    }
}
