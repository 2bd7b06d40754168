//! Text cut into chunks that hold whole rows, whatever is in quotes.

use super::super::{Fault, Result};
use super::Dialect;
use std::io::Read;

/// Bytes of a chunk, more or less.
pub(super) const CHUNK: usize = 2 << 20;

/// Whole rows.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Their bytes.
    pub(super) bytes: Vec<u8>,
    /// Whether no row came before.
    pub(super) first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not within quotes.
    Open,
    /// Within quotes.
    Quoted,
    /// Just behind a quote within quotes: the end of the field, or the first of two.
    Closing,
}

/// Cuts what comes from `input`.
pub(super) struct Cutter<R> {
    input: R,
    delimiter: u8,
    quote: u8,
    chunk: usize,
    longest: usize,
    /// What came and was not handed on yet.
    held: Vec<u8>,
    /// How much of it was looked at.
    seen: usize,
    state: State,
    /// Where the last row ends that is held as a whole.
    end: usize,
    first: bool,
    ended: bool,
    /// Ends of lines before what is held.
    lines: u64,
}

impl<R: Read> Cutter<R> {
    pub(super) fn new(input: R, dialect: &Dialect, chunk: usize, longest: usize) -> Self {
        Self {
            input,
            delimiter: dialect.delimiter,
            quote: dialect.quote,
            chunk,
            longest,
            held: Vec::new(),
            seen: 0,
            state: State::Open,
            end: 0,
            first: true,
            ended: false,
            lines: 0,
        }
    }

    fn cut(&mut self) -> Result<Option<Chunk>> {
        while !self.ended {
            let wanted = self.chunk as u64;
            // What is asked for is what is taken, so that memory is bounded by it.
            let read = self.input.by_ref().take(wanted).read_to_end(&mut self.held).map_err(Fault::io)?;
            self.ended = read == 0;
            self.look();
            if self.end > 0 {
                return Ok(Some(self.hand_on(self.end)));
            }
            if self.held.len() > self.longest {
                return Err(self.too_long());
            }
        }
        Ok((!self.held.is_empty()).then(|| self.hand_on(self.held.len())))
    }

    fn hand_on(&mut self, end: usize) -> Chunk {
        let rest = self.held[end..].to_vec();
        let bytes = std::mem::replace(&mut self.held, rest);
        let mut chunk = Chunk { bytes, first: self.first };
        chunk.bytes.truncate(end);
        // As long as nothing but ends of lines came, the first row is still to come.
        self.first &= chunk.bytes.iter().all(|byte| matches!(byte, b'\n' | b'\r'));
        self.lines += memchr::memchr_iter(b'\n', &chunk.bytes).count() as u64;
        self.seen -= end;
        self.end = 0;
        chunk
    }

    fn too_long(&self) -> Fault {
        let (line, most) = (self.lines + 1, self.longest >> 20);
        let why = if self.state == State::Quoted { "; is there a quote that is never closed?" } else { "" };
        Fault::TooLarge(format!("the row that begins on line {line} is longer than {most} MiB, the most that is taken{why}"))
    }

    /// Goes on from where it looked last, from quote to quote.
    fn look(&mut self) {
        while self.seen < self.held.len() {
            match self.state {
                State::Quoted => match memchr::memchr(self.quote, &self.held[self.seen..]) {
                    Some(found) => {
                        self.seen += found + 1;
                        self.state = State::Closing;
                    }
                    None => self.seen = self.held.len(),
                },
                State::Closing if self.held[self.seen] == self.quote => {
                    self.seen += 1;
                    self.state = State::Quoted;
                }
                State::Closing => self.state = State::Open,
                State::Open => self.look_outside(),
            }
        }
    }

    fn look_outside(&mut self) {
        let found = memchr::memchr(self.quote, &self.held[self.seen..]);
        let stop = found.map_or(self.held.len(), |found| self.seen + found);
        // A carriage return at the very end may be half of a line's end.
        let whole = if found.is_none() && !self.ended && self.held.last() == Some(&b'\r') { stop - 1 } else { stop };
        if let Some(last) = memchr::memrchr2(b'\n', b'\r', &self.held[self.seen.min(whole)..whole]) {
            self.end = self.seen.min(whole) + last + 1;
        }
        self.seen = if found.is_some() { stop + 1 } else { stop };
        let starts_field = found.is_some()
            && stop.checked_sub(1).is_none_or(|before| {
                let before = self.held[before];
                before == self.delimiter || matches!(before, b'\n' | b'\r')
            });
        if starts_field {
            self.state = State::Quoted;
        }
    }
}

impl<R: Read> Iterator for Cutter<R> {
    type Item = Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.cut() {
            Ok(chunk) => chunk.map(Ok),
            Err(fault) => {
                (self.ended, self.held) = (true, Vec::new());
                self.seen = 0;
                Some(Err(fault))
            }
        }
    }
}
