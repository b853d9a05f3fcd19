//! Choices read from bytes: what proptest shrinks byte by byte, and every byte means something.

/// Bytes as choices. A tape that has ended gives the first choice for ever, which is always the plainest.
pub struct Tape<'a>(std::slice::Iter<'a, u8>);

impl<'a> Tape<'a> {
    /// From its beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Tape(bytes.iter())
    }

    /// A number below `n`, which is at most 256.
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % n
    }

    /// One of some values.
    pub fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())].clone()
    }

    /// True once in `n` times; never at the tape's end.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }
}
