//! The footer of a Parquet file, looked at before the library follows it: who reads its schema goes as deep as that is nested.

use super::super::{Fault, Limits, Result};
use super::thrift::{Kind, Reader};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Bytes of a footer at most.
const LARGEST: u64 = 64 << 20;

/// Refuses a file whose footer is missing, too long, or describes columns nested too deep.
pub(super) fn check(mut file: &File, limits: &Limits) -> Result<()> {
    let length = file.seek(SeekFrom::End(0)).map_err(Fault::io)?;
    let broken = |what: &str| Fault::Broken(format!("not a readable Parquet file: {what}"));
    if length < 12 {
        return Err(broken("it is cut off"));
    }
    let mut end = [0; 8];
    file.seek(SeekFrom::End(-8)).and_then(|_| file.read_exact(&mut end)).map_err(Fault::io)?;
    match &end[4..] {
        b"PAR1" => {}
        b"PARE" => return Err(broken("it is encrypted")),
        _ => return Err(broken("it is cut off: it has no footer")),
    }
    let size = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    if size > LARGEST {
        return Err(Fault::TooLarge(format!("the footer of the Parquet file is longer than {} MiB", LARGEST >> 20)));
    }
    let start = length.checked_sub(8 + size).filter(|start| *start >= 4).ok_or_else(|| broken("its footer is damaged"))?;
    let mut footer = vec![0; size as usize];
    file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut footer)).map_err(Fault::io)?;
    let (depth, leaves) = shape(&footer, limits).ok_or_else(|| broken("its footer is damaged"))?;
    if depth > limits.depth {
        return Err(Fault::TooLarge(format!("columns are nested more than {} levels deep", limits.depth)));
    }
    limits.check_columns(leaves)
}

/// How deep the schema is nested, and how many columns without columns within it has. Looking ends where a limit is passed.
fn shape(footer: &[u8], limits: &Limits) -> Option<(usize, usize)> {
    const SCHEMA: i64 = 2;
    let mut reader = Reader::new(footer);
    let mut last = 0;
    while let Some((number, kind)) = reader.field(last)? {
        last = number;
        if number != SCHEMA || kind != Kind::LIST {
            reader.skip(kind)?;
            continue;
        }
        let (count, kind) = reader.list()?;
        if kind != Kind::STRUCT {
            return None;
        }
        // How many are still to come on each level that is open.
        let (mut open, mut depth, mut leaves): (Vec<u64>, usize, usize) = (Vec::new(), 0, 0);
        for _ in 0..count {
            let children = children(&mut reader)?;
            if let Some(left) = open.last_mut() {
                *left = left.checked_sub(1)?;
            }
            open.push(children);
            depth = depth.max(open.len());
            leaves += usize::from(children == 0);
            while open.last() == Some(&0) {
                open.pop();
            }
            // A list is two levels, and each level of ours may be one.
            if depth > limits.depth * 3 || leaves > limits.columns {
                return Some((depth, leaves));
            }
        }
        // The root is no level.
        return Some((if depth > limits.depth * 3 { depth } else { 0 }, leaves));
    }
    None
}

/// The children of one element of the schema.
fn children(reader: &mut Reader<'_>) -> Option<u64> {
    const CHILDREN: i64 = 5;
    let (mut last, mut children) = (0, 0);
    while let Some((number, kind)) = reader.field(last)? {
        last = number;
        if number == CHILDREN && kind.is_int() {
            children = u64::try_from(reader.int()?).ok()?;
        } else {
            reader.skip(kind)?;
        }
    }
    Some(children)
}
