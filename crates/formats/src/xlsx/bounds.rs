//! Refuses what would unpack to more memory than a spreadsheet deserves, before the library that reads it allocates.

mod biff;
mod opendocument;

use datahall_core::{Code, Error, Result};
use std::io::{Read, Seek, SeekFrom};
use zip::ZipArchive;

/// The kinds of spreadsheet file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Xlsx,
    Xlsb,
    Xls,
    Ods,
}

/// Bytes that the parts of a packed file may unpack to together.
const MAX_UNPACKED: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes of the texts that cells share: whoever reads them holds each as a value of its own, however short.
const MAX_SHARED: u64 = 256 * 1024 * 1024;
const OLE: [u8; 8] = *b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Tells which kind of file it is, and that it is not made to exhaust memory.
pub(super) fn check(input: &mut (impl Read + Seek)) -> Result<Kind> {
    let mut magic = Vec::new();
    input.by_ref().take(8).read_to_end(&mut magic).map_err(|error| damaged(&error))?;
    input.seek(SeekFrom::Start(0)).map_err(|error| damaged(&error))?;
    if magic == OLE {
        biff::check(input)?;
        return Ok(Kind::Xls);
    }
    if !magic.starts_with(b"PK") {
        return Err(Error::invalid("not a spreadsheet (xlsx, xlsm, xlsb, xls or ods)"));
    }
    let mut archive = ZipArchive::new(input).map_err(|error| damaged(&error))?;
    let kind = kind(&archive);
    let mut left = MAX_UNPACKED;
    for index in 0..archive.len() {
        // What cannot be unpacked here cannot be unpacked later either.
        let Ok(entry) = archive.by_index(index) else { continue };
        let name = entry.name().map(|name| name.to_lowercase()).unwrap_or_default();
        if ![".xml", ".bin", ".rels"].iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        let shared = name.contains("sharedstrings.");
        let mut part = entry.take(if shared { left.min(MAX_SHARED) + 1 } else { left + 1 });
        let limit = part.limit();
        if kind == Kind::Ods && name == "content.xml" {
            opendocument::check(std::io::BufReader::new(&mut part))?;
        }
        // Read to the end whatever the directory of the archive says of its size.
        let _ = std::io::copy(&mut part, &mut std::io::sink());
        let read = limit - part.limit();
        if shared && read > MAX_SHARED {
            return Err(too_large("the texts of its cells unpack to more than 256 MiB"));
        }
        left = left.checked_sub(read).ok_or_else(|| too_large("it unpacks to more than 2 GiB"))?;
    }
    Ok(kind)
}

fn kind<R: Read + Seek>(archive: &ZipArchive<R>) -> Kind {
    let names: Vec<String> = archive.file_names().flatten().map(|name| name.to_lowercase().replace('\\', "/")).collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    if has("xl/workbook.bin") {
        Kind::Xlsb
    } else if has("content.xml") {
        Kind::Ods
    } else {
        Kind::Xlsx
    }
}

fn damaged(error: &dyn std::fmt::Display) -> Error {
    Error::invalid(format!("not a readable spreadsheet: {error}"))
}

fn too_large(why: &str) -> Error {
    Error::new(Code::TooLarge, format!("the spreadsheet is too large: {why}"))
}
