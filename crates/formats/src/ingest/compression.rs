//! Compressed text: gzip, zstd, and zip with one member, unpacked into a file of its own and never to more than is taken.

use super::{Fault, Limits, Result};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes unpacked at once.
const PIECE: usize = 256 << 10;
/// From here on the ratio counts.
const RATIO_FROM: u64 = 64 << 20;
/// The largest window (as a power of two) of zstd: what unpacking it may take in memory.
const WINDOW: u32 = 26;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
    Zip,
}

impl Compression {
    /// What the first bytes of a file say.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\x1f\x8b") {
            Some(Self::Gzip)
        } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
            Some(Self::Zstd)
        } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            Some(Self::Zip)
        } else {
            None
        }
    }

    /// What answers call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Zip => "zip",
        }
    }
}

/// A file of ours that goes with this.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl Scratch {
    /// A new file, which nobody else may read.
    pub(crate) fn create(path: PathBuf) -> Result<(Self, File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(Fault::io)?;
        Ok((Self { path }, file))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Unpacks the file at `path` to one at `to`; with it comes the name of what was in it, which for gzip and zstd is `name` without
/// their ending.
///
/// # Errors
/// [`Fault::TooLarge`] for a bomb, by what it says of itself or by what comes out; [`Fault::Broken`] when it is damaged,
/// encrypted, or a zip of several files.
pub(crate) fn unpack(how: Compression, path: &Path, name: &str, to: PathBuf, limits: &Limits) -> Result<(Scratch, String)> {
    let file = File::open(path).map_err(Fault::io)?;
    let packed = file.metadata().map_err(Fault::io)?.len();
    match how {
        Compression::Gzip => {
            // What its end says of its length is no more than four bytes that may be anything.
            let decoder = flate2::bufread::MultiGzDecoder::new(BufReader::new(file));
            Ok((copy(decoder, how, packed, to, limits)?, without_ending(name, &[".gz", ".gzip"])))
        }
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(file).map_err(Fault::io)?;
            decoder.window_log_max(WINDOW).map_err(Fault::io)?;
            Ok((copy(decoder, how, packed, to, limits)?, without_ending(name, &[".zst", ".zstd"])))
        }
        Compression::Zip => {
            let damaged = |error: zip::result::ZipError| Fault::Broken(format!("the zip file is damaged: {error}"));
            let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
            let (at, inner) = only_member(&mut archive)?;
            let member = archive.by_index(at).map_err(damaged)?;
            check(member.size(), packed, limits)?;
            Ok((copy(member, how, packed, to, limits)?, inner))
        }
    }
}

fn only_member(archive: &mut zip::ZipArchive<BufReader<File>>) -> Result<(usize, String)> {
    let damaged = |error: zip::result::ZipError| Fault::Broken(format!("the zip file is damaged: {error}"));
    let mut found = None;
    // What a file manager of one maker adds is nobody's data.
    for at in 0..archive.len() {
        let member = archive.by_index_raw(at).map_err(damaged)?;
        let name = member.name().map_err(damaged)?.into_owned();
        if member.is_dir() || name.starts_with("__MACOSX/") || name.ends_with(".DS_Store") {
            continue;
        }
        if member.encrypted() {
            return Err(Fault::Broken("the zip file is encrypted".to_owned()));
        }
        if found.replace((at, name)).is_some() {
            return Err(Fault::Unsupported("a zip file with more than one file in it: send them one by one".to_owned()));
        }
    }
    found.ok_or_else(|| Fault::Broken("the zip file is empty".to_owned()))
}

fn copy(mut from: impl Read, how: Compression, packed: u64, to: PathBuf, limits: &Limits) -> Result<Scratch> {
    let (scratch, mut file) = Scratch::create(to)?;
    let (mut piece, mut total) = (vec![0; PIECE], 0);
    loop {
        let read = match from.read(&mut piece) {
            Ok(0) => return file.flush().map(|()| scratch).map_err(Fault::io),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => {
                let name = how.name();
                return Err(Fault::Broken(format!("cannot be unpacked: the {name} data is cut off or damaged")));
            }
        };
        total += read as u64;
        check(total, packed, limits)?;
        file.write_all(&piece[..read]).map_err(Fault::io)?;
    }
}

/// Refuses a file of `packed` bytes that becomes one of `unpacked`.
fn check(unpacked: u64, packed: u64, limits: &Limits) -> Result<()> {
    if unpacked > limits.unpacked_bytes {
        let most = limits.unpacked_bytes >> 20;
        return Err(Fault::TooLarge(format!("the file unpacks to more than {most} MiB, the most that is taken")));
    }
    if unpacked > RATIO_FROM && unpacked / packed.max(1) > limits.ratio {
        let most = limits.ratio;
        return Err(Fault::TooLarge(format!("the file unpacks to more than {most} times its size, the most that is taken")));
    }
    Ok(())
}

fn without_ending(name: &str, endings: &[&str]) -> String {
    let lower = name.to_ascii_lowercase();
    let ending = endings.iter().find(|ending| lower.ends_with(**ending));
    name[..name.len() - ending.map_or(0, |ending| ending.len())].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(how: Compression, content: &[u8]) -> Vec<u8> {
        match how {
            Compression::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Zstd => zstd::stream::encode_all(content, 1).unwrap(),
            Compression::Zip => zip(&[("folder/a.csv", content), ("__MACOSX/x", b"")]),
        }
    }

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn unpacked(how: Compression, bytes: &[u8], limits: &Limits) -> Result<(Vec<u8>, String)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in");
        std::fs::write(&path, bytes).unwrap();
        let (scratch, name) = unpack(how, &path, "b.csv.GZ", folder.path().join("out"), limits)?;
        let content = std::fs::read(&scratch.path).unwrap();
        drop(scratch);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        Ok((content, name))
    }

    const ALL: [Compression; 3] = [Compression::Gzip, Compression::Zstd, Compression::Zip];

    #[test]
    fn each_kind_is_known_and_unpacked() {
        for how in ALL {
            let bytes = packed(how, b"a,b\n1,2\n");
            assert_eq!(Compression::of(&bytes), Some(how));
            let (content, name) = unpacked(how, &bytes, &Limits::default()).unwrap();
            assert_eq!(content, b"a,b\n1,2\n");
            let expected = match how {
                Compression::Gzip => "b.csv",
                Compression::Zstd => "b.csv.GZ",
                Compression::Zip => "folder/a.csv",
            };
            assert_eq!(name, expected);
        }
    }

    #[test]
    fn bombs_are_refused_by_their_size_and_by_their_ratio() {
        let zeros = vec![b'0'; 70 << 20];
        for how in ALL {
            let bytes = packed(how, &zeros);
            let refused = |limits: &Limits| unpacked(how, &bytes, limits).unwrap_err();
            assert!(matches!(refused(&Limits { unpacked_bytes: 1 << 20, ..Limits::default() }), Fault::TooLarge(_)), "{how:?}");
            assert!(matches!(refused(&Limits { ratio: 100, ..Limits::default() }), Fault::TooLarge(_)), "{how:?}");
        }
    }

    #[test]
    fn what_is_cut_off_is_told() {
        let noise: Vec<u8> = (0..100_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for how in ALL {
            let bytes = packed(how, &noise);
            let fault = unpacked(how, &bytes[..bytes.len() / 2], &Limits::default()).unwrap_err();
            assert!(matches!(fault, Fault::Broken(_)), "{how:?}: {fault}");
        }
    }

    #[test]
    fn a_zip_of_several_files_or_of_none_is_refused() {
        let two = unpacked(Compression::Zip, &zip(&[("a.csv", b"a"), ("b.csv", b"b")]), &Limits::default()).unwrap_err();
        assert!(matches!(two, Fault::Unsupported(_)));
        let none = unpacked(Compression::Zip, &zip(&[]), &Limits::default()).unwrap_err();
        assert!(matches!(none, Fault::Broken(_)));
    }
}
