//! Text cut into chunks that hold whole rows, whatever is in quotes.

use super::super::{Fault, Result};
use super::{Dialect, More};
use std::io::Read;

/// Bytes of a chunk, more or less.
pub(crate) const CHUNK: usize = 2 << 20;

/// Whole rows.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Their bytes.
    pub(crate) bytes: Vec<u8>,
    /// Whether no row came before.
    pub(crate) first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not within quotes.
    Open,
    /// Within quotes.
    Quoted,
    /// Just behind a quote within quotes: the end of the field, or the first of two.
    Closing,
    /// Just behind what makes the next letter stand for itself; whether within quotes.
    Escaping(bool),
}

/// Cuts what comes from `input`.
pub(crate) struct Cutter<R> {
    input: R,
    delimiter: u8,
    quote: u8,
    more: More,
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
    pub(crate) fn new(input: R, dialect: &Dialect, chunk: usize, longest: usize) -> Self {
        Self {
            input,
            delimiter: dialect.delimiter,
            quote: dialect.quote,
            more: dialect.more,
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
                State::Quoted => match self.special() {
                    Some(found) => {
                        let closes = self.held[found] == self.quote;
                        self.seen = found + 1;
                        self.state = if closes { State::Closing } else { State::Escaping(true) };
                    }
                    None => self.seen = self.held.len(),
                },
                State::Escaping(quoted) => {
                    self.seen += 1;
                    self.state = if quoted { State::Quoted } else { State::Open };
                }
                State::Closing if self.held[self.seen] == self.quote && !self.more.single => {
                    self.seen += 1;
                    self.state = State::Quoted;
                }
                State::Closing => self.state = State::Open,
                State::Open => self.look_outside(),
            }
        }
    }

    /// The next quote, or what makes one a letter.
    fn special(&self) -> Option<usize> {
        let rest = &self.held[self.seen..];
        let found = match self.more.escape {
            Some(escape) if self.more.unquoted => memchr::memchr(escape, rest),
            Some(escape) => memchr::memchr2(self.quote, escape, rest),
            None if self.more.unquoted => None,
            None => memchr::memchr(self.quote, rest),
        };
        found.map(|found| self.seen + found)
    }

    fn look_outside(&mut self) {
        let found = self.special();
        let stop = found.unwrap_or(self.held.len());
        // A carriage return at the very end may be half of a line's end.
        let whole = if found.is_none() && !self.ended && self.held.last() == Some(&b'\r') { stop - 1 } else { stop };
        if let Some(last) = memchr::memrchr2(b'\n', b'\r', &self.held[self.seen.min(whole)..whole]) {
            self.end = self.seen.min(whole) + last + 1;
        }
        self.seen = if found.is_some() { stop + 1 } else { stop };
        if found.is_some_and(|found| self.more.escape == Some(self.held[found])) {
            self.state = State::Escaping(false);
        } else if found.is_some() && self.starts_field(stop) {
            self.state = State::Quoted;
        }
    }

    /// Whether a quote at `stop` is the first letter of a field.
    fn starts_field(&self, stop: usize) -> bool {
        let blanks = if self.more.trim { self.held[..stop].iter().rev().take_while(|byte| **byte == b' ').count() } else { 0 };
        (stop - blanks).checked_sub(1).is_none_or(|before| {
            let before = self.held[before];
            before == self.delimiter || matches!(before, b'\n' | b'\r')
        })
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
