//! Text cut into lines, none longer than is taken.

use super::super::{Fault, Result};
use std::io::Read;
use std::ops::ControlFlow;

const PIECE: usize = 1 << 20;

/// Gives every line of `input` that is not blank, with its number from 1, to `each`, until it breaks.
pub(crate) fn each(mut input: impl Read, longest: usize, each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) -> Result<()> {
    let (mut held, mut number, mut seen) = (Vec::new(), 1, 0);
    loop {
        let read = input.by_ref().take(PIECE as u64).read_to_end(&mut held).map_err(Fault::io)?;
        let mut start = 0;
        while let Some(end) = memchr::memchr(b'\n', &held[seen..]).map(|end| seen + end) {
            if give(&held[start..end], number, each).is_break() {
                return Ok(());
            }
            number += 1;
            (start, seen) = (end + 1, end + 1);
        }
        held.drain(..start);
        seen = held.len();
        if read == 0 {
            let _ = give(&held, number, each);
            return Ok(());
        }
        if held.len() > longest {
            let most = longest >> 20;
            return Err(Fault::TooLarge(format!("line {number} is longer than {most} MiB, the most that is taken")));
        }
    }
}

fn give(line: &[u8], number: u64, each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) -> ControlFlow<()> {
    if line.trim_ascii().is_empty() { ControlFlow::Continue(()) } else { each(line, number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, longest: usize) -> Result<Vec<(String, u64)>> {
        let mut lines = Vec::new();
        each(text.as_bytes(), longest, &mut |line, number| {
            lines.push((String::from_utf8(line.to_vec()).unwrap(), number));
            ControlFlow::Continue(())
        })?;
        Ok(lines)
    }

    #[test]
    fn blank_lines_are_counted_and_left_out() {
        assert_eq!(lines("a\n\n \nb", 9).unwrap(), [("a".into(), 1), ("b".into(), 4)]);
        assert_eq!(lines("a\r\n", 9).unwrap(), [("a\r".into(), 1)]);
        assert_eq!(lines("", 9).unwrap(), []);
    }

    #[test]
    fn long_lines_are_refused_by_their_number() {
        let text = format!("a\n{}", "x".repeat(3 << 20));
        assert!(lines(&text, 1 << 20).unwrap_err().to_string().starts_with("line 2 is longer than 1 MiB"));
        assert_eq!(lines(&text, 4 << 20).unwrap().len(), 2);
    }
}
