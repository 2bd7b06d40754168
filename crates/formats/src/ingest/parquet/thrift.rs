//! As much of Thrift's compact protocol as it takes to walk over what Parquet writes, without recursion and without trust.

/// Bytes that are read one after the other; `None` from any method: they end too early or make no sense.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(u8);

impl Kind {
    pub(super) const LIST: Self = Self(9);
    pub(super) const STRUCT: Self = Self(12);

    /// Whether it is a whole number of 16 to 64 bits.
    pub(super) fn is_int(self) -> bool {
        (4..=6).contains(&self.0)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A whole number.
    pub(super) fn int(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// The next field of a struct whose last one was `last`: its number and type. `Some(None)` at the struct's end.
    pub(super) fn field(&mut self, last: i64) -> Option<Option<(i64, Kind)>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        let step = i64::from(head >> 4);
        let number = if step == 0 { self.int()? } else { last.checked_add(step)? };
        Some(Some((number, Kind(head & 0x0f))))
    }

    /// The start of a list: how many there are, and of what type.
    pub(super) fn list(&mut self) -> Option<(u64, Kind)> {
        let head = self.byte()?;
        let short = u64::from(head >> 4);
        let count = if short == 15 { self.unsigned()? } else { short };
        Some((count, Kind(head & 0x0f)))
    }

    /// Passes over a value of a type, whatever is in it.
    pub(super) fn skip(&mut self, kind: Kind) -> Option<()> {
        // What is still to be passed over: so many values of a type (in a list, where a truth value is a byte), or a struct.
        let mut left: Vec<(u64, Kind, bool)> = vec![(1, kind, false)];
        while let Some((count, kind, in_list)) = left.pop() {
            if count == 0 {
                continue;
            }
            if left.len() > 64 {
                return None;
            }
            if count > 1 {
                left.push((count - 1, kind, in_list));
            }
            match kind.0 {
                1 | 2 if in_list => drop(self.byte()?),
                1 | 2 => {}
                3 => drop(self.byte()?),
                4..=6 => drop(self.unsigned()?),
                7 => self.pass(8)?,
                8 => {
                    let length = self.unsigned()?;
                    self.pass(length)?;
                }
                9 | 10 => {
                    let (count, kind) = self.list()?;
                    left.push((count, kind, true));
                }
                12 => self.skip_struct(&mut left)?,
                _ => return None,
            }
        }
        Some(())
    }

    /// Passes over the next field of a struct, which is begun again as long as it has one.
    fn skip_struct(&mut self, left: &mut Vec<(u64, Kind, bool)>) -> Option<()> {
        let mut last = 0;
        while let Some((number, kind)) = self.field(last)? {
            last = number;
            if kind == Kind::STRUCT || kind == Kind::LIST || kind.0 == 10 {
                // Where fields are numbered from does not matter to who passes over them.
                left.push((1, Kind::STRUCT, false));
                left.push((1, kind, false));
                return Some(());
            }
            self.skip_plain(kind)?;
        }
        Some(())
    }

    fn skip_plain(&mut self, kind: Kind) -> Option<()> {
        match kind.0 {
            1 | 2 => Some(()),
            3 => self.byte().map(drop),
            4..=6 => self.unsigned().map(drop),
            7 => self.pass(8),
            8 => {
                let length = self.unsigned()?;
                self.pass(length)
            }
            _ => None,
        }
    }

    fn pass(&mut self, count: u64) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(count).ok()?)?;
        self.at = (end <= self.bytes.len()).then_some(end)?;
        Some(())
    }
}
