//! Where the files of revisions are: `DATA_DIR/packages/PACKAGE/NUMBER/` with `archive/`, the sources as they came, `data/`, what is made
//! of them, and `datapackage.json`. A file is there whole or not at all.

use super::pipelines::Kept;
use datahall_core::{Code, Error, Result};
use md5::{Digest, Md5};
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What the descriptor is called.
pub(crate) const DESCRIPTOR: &str = "datapackage.json";
/// The folder of sources.
pub(super) const ARCHIVE: &str = "archive";
/// The folder of what is made.
pub(super) const DATA: &str = "data";
/// Tables that are read at once: each takes some tens of MiB and as many threads as there are processors.
const READ_AT_ONCE: usize = 2;
/// Bytes that are gathered before they are written.
const GATHERED: usize = 1 << 18;

/// Where data packages are made, and what is remembered while they are.
pub(crate) struct Packages {
    /// All of the server's own files; none of them is a source of data.
    pub(super) data_dir: PathBuf,
    folder: PathBuf,
    /// Where sources are unpacked.
    scratch: PathBuf,
    /// What pipelines of one revision need in common.
    pub(super) kept: Kept,
    /// One permit a table that is read.
    pub(super) readings: Arc<Semaphore>,
}

impl Packages {
    /// Below that folder, which is made when it is not there.
    ///
    /// # Errors
    /// `Internal` when it cannot be made.
    pub(crate) fn new(data_dir: &Path) -> Result<Self> {
        let data_dir = std::path::absolute(data_dir).map_err(Error::internal)?;
        let (folder, scratch) = (data_dir.join("packages"), data_dir.join("tmp").join("packages"));
        match std::fs::remove_dir_all(&scratch) {
            // What an earlier run left there.
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        make_folder(&folder)?;
        make_folder(&scratch)?;
        Ok(Self { data_dir, folder, scratch, kept: Kept::default(), readings: Arc::new(Semaphore::new(READ_AT_ONCE)) })
    }

    /// A folder for what unpacking a source takes; it goes with this. Blocks.
    ///
    /// # Errors
    /// `StorageFull`.
    pub(super) fn scratch(&self, unique: &str) -> Result<Scratch> {
        let folder = self.scratch.join(unique);
        make_folder(&folder)?;
        Ok(Scratch(folder))
    }

    /// The place of a revision of the package of that id.
    ///
    /// # Errors
    /// `Internal` for an id that is no name of a folder.
    pub(crate) fn place(&self, package: &str, number: i64) -> Result<Place> {
        if !is_name(package) || number < 1 {
            return Err(Error::internal(format!("no place of a revision: {package}/{number}")));
        }
        Ok(Place { folder: self.folder.join(package).join(number.to_string()) })
    }
}

/// A folder that goes with this, and all that is in it.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The folder of one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    folder: PathBuf,
}

impl Place {
    /// The file that a path within the package names: the descriptor, or one in `archive/` or `data/`. `None` for whatever else; whether
    /// it is there, and who may read it, is another question.
    pub(crate) fn file(&self, path: &str) -> Option<PathBuf> {
        match path.split_once('/') {
            None => (path == DESCRIPTOR).then(|| self.folder.join(DESCRIPTOR)),
            Some((folder @ (ARCHIVE | DATA), name)) => is_name(name).then(|| self.folder.join(folder).join(name)),
            Some(_) => None,
        }
    }

    /// A file to be written under the path, which replaces what is there when it is finished. Blocks.
    ///
    /// # Errors
    /// `Internal` for a path that names no file of a package; `StorageFull`.
    pub(super) fn begin(&self, path: &str, unique: &str) -> Result<Part> {
        let finished = self.file(path).ok_or_else(|| Error::internal(format!("no file of a package: {path}")))?;
        let folder = finished.parent().unwrap_or(&self.folder);
        make_folder(folder)?;
        // A leading dot, so that no path within the package names it.
        let name = finished.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let part = folder.join(format!(".{name}.part-{unique}"));
        let file = File::options().read(true).write(true).create_new(true).open(&part).map_err(failed)?;
        Ok(Part { file: BufWriter::with_capacity(GATHERED, file), part, finished, digest: Md5::new(), bytes: 0 })
    }

    /// Removes all of it. Blocks.
    ///
    /// # Errors
    /// `Internal` when something of it cannot be deleted. Removing what is not there is none.
    pub(crate) fn remove(&self) -> Result<()> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        // The package's own folder goes with its last revision.
        if let Some(package) = self.folder.parent() {
            let _ = std::fs::remove_dir(package);
        }
        Ok(())
    }

    /// Removes what was begun in it and never finished. Blocks.
    pub(super) fn tidy(&self) {
        for folder in [self.folder.clone(), self.folder.join(ARCHIVE), self.folder.join(DATA)] {
            let Ok(entries) = std::fs::read_dir(folder) else { continue };
            for entry in entries.flatten() {
                if entry.file_name().to_string_lossy().starts_with('.') {
                    let _ = std::fs::remove_file(entry.path());
                }
            }
        }
    }
}

/// A file that is being written; gone when it is dropped before it is finished.
pub(super) struct Part {
    file: BufWriter<File>,
    /// Empty once it is finished.
    part: PathBuf,
    finished: PathBuf,
    digest: Md5,
    bytes: u64,
}

/// A file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) bytes: u64,
    /// MD5, in hexadecimal: what the standard means by a hash that names no algorithm.
    pub(super) hash: String,
}

impl Part {
    /// Puts it where it belongs, durably, in the place of what may be there.
    pub(super) fn finish(mut self) -> Result<Whole> {
        let whole = self.settle()?;
        std::fs::rename(&self.part, &self.finished).map_err(failed)?;
        self.part = PathBuf::new();
        sync_folder(&self.finished)?;
        Ok(whole)
    }

    /// The same, unless another was there first: then this one is dropped, and `None` given.
    pub(super) fn finish_first(mut self) -> Result<Option<Whole>> {
        let whole = self.settle()?;
        match std::fs::hard_link(&self.part, &self.finished) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            // Some file systems have no links; there the last one wins.
            Err(_) if self.finished.exists() => return Ok(None),
            Err(_) => {
                std::fs::rename(&self.part, &self.finished).map_err(failed)?;
                self.part = PathBuf::new();
            }
        }
        sync_folder(&self.finished)?;
        Ok(Some(whole))
    }

    /// The file itself, for whoever writes here and there in it; its bytes are counted when it is whole.
    pub(super) fn raw(&self) -> Result<File> {
        self.file.get_ref().try_clone().map_err(failed)
    }

    /// As [`Part::finish`], of one that was written by way of [`Part::raw`].
    pub(super) fn finish_raw(mut self) -> Result<Whole> {
        self.settle()?;
        let whole = hashed(&self.part)?;
        std::fs::rename(&self.part, &self.finished).map_err(failed)?;
        self.part = PathBuf::new();
        sync_folder(&self.finished)?;
        Ok(whole)
    }

    fn settle(&mut self) -> Result<Whole> {
        self.file.flush().map_err(failed)?;
        self.file.get_ref().sync_all().map_err(failed)?;
        Ok(Whole { bytes: self.bytes, hash: hex(&std::mem::take(&mut self.digest).finalize()) })
    }
}

impl Write for Part {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        self.file.write_all(piece)?;
        self.digest.update(piece);
        self.bytes += piece.len() as u64;
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.part.as_os_str().is_empty() {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// What a file that is there comes to. Blocks.
///
/// # Errors
/// `Internal` when it cannot be read.
pub(super) fn hashed(path: &Path) -> Result<Whole> {
    let (mut file, mut digest, mut bytes) = (File::open(path).map_err(failed)?, Md5::new(), 0);
    let mut piece = vec![0; GATHERED];
    loop {
        match file.read(&mut piece).map_err(failed)? {
            0 => return Ok(Whole { bytes, hash: hex(&digest.finalize()) }),
            read => {
                digest.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What goes wrong with a file of a package.
pub(super) fn failed(error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
            Error::new(Code::StorageFull, "there is no space left for the files of the package").with_detail(error)
        }
        _ => Error::internal(error),
    }
}

fn is_name(name: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty() && name.len() <= 255 && name.bytes().all(fit) && !name.starts_with('.')
}

fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(failed)
}

/// A name is durable with its folder.
fn sync_folder(file: &Path) -> Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, Place) {
        let folder = tempfile::tempdir().unwrap();
        let place = Packages::new(folder.path()).unwrap().place("p1", 3).unwrap();
        (folder, place)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let (_folder, place) = place();
        let mut part = place.begin("data/a_csv.csv", "1").unwrap();
        part.write_all(b"abc").unwrap();
        let path = place.file("data/a_csv.csv").unwrap();
        assert!(!path.exists());
        // printf abc | md5sum
        assert_eq!(part.finish().unwrap(), Whole { bytes: 3, hash: "900150983cd24fb0d6963f7d28e17f72".into() });
        assert_eq!(hashed(&path).unwrap(), Whole { bytes: 3, hash: "900150983cd24fb0d6963f7d28e17f72".into() });
        let mut given_up = place.begin("data/a_csv.csv", "2").unwrap();
        given_up.write_all(b"other").unwrap();
        drop(given_up);
        assert_eq!((std::fs::read(&path).unwrap(), names(path.parent().unwrap())), (b"abc".to_vec(), vec!["a_csv.csv".into()]));
        let mut again = place.begin("data/a_csv.csv", "3").unwrap();
        again.write_all(b"later").unwrap();
        again.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"later");
    }

    #[test]
    fn of_two_sources_the_first_stays() {
        let (_folder, place) = place();
        let (mut first, mut second) = (place.begin("archive/a", "1").unwrap(), place.begin("archive/a", "2").unwrap());
        first.write_all(b"first").unwrap();
        second.write_all(b"second").unwrap();
        assert!(second.finish_first().unwrap().is_some() && first.finish_first().unwrap().is_none());
        let path = place.file("archive/a").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), names(path.parent().unwrap())), (b"second".to_vec(), vec!["a".into()]));
    }

    #[test]
    fn nothing_outside_can_be_named() {
        let (_folder, place) = place();
        for path in [
            "",
            "/",
            "x",
            "data",
            "data/",
            "data/.",
            "data/..",
            "data/../x",
            "data/a/b",
            "../data/a",
            "/data/a",
            "archive/.a.part-1",
            "data/a\0",
            "data/a b",
            "data\\a",
            "Data/a",
            "data//a",
            "datapackage.json/",
            "data/%2e%2e",
        ] {
            assert_eq!(place.file(path), None, "{path:?}");
        }
        for path in ["datapackage.json", "data/a_csv.csv", "archive/a.b-c"] {
            assert!(place.file(path).unwrap().ends_with(path), "{path}");
        }
        let (folder, _) = self::place();
        let packages = Packages::new(folder.path()).unwrap();
        for (package, number) in [("..", 1), ("", 1), ("a/b", 1), (".a", 1), ("a", 0), ("a", -1)] {
            assert!(packages.place(package, number).is_err(), "{package}/{number}");
        }
    }

    #[test]
    fn what_was_left_half_goes_and_a_revision_goes_whole() {
        let (folder, place) = place();
        place.begin("data/a_csv.csv", "lost").unwrap().finish().unwrap();
        let left = place.folder.join(DATA).join(".a_csv.csv.part-lost");
        std::fs::rename(place.file("data/a_csv.csv").unwrap(), left).unwrap();
        place.begin("datapackage.json", "1").unwrap().finish().unwrap();
        place.tidy();
        assert_eq!(names(&place.folder.join(DATA)), Vec::<String>::new());
        assert!(place.file(DESCRIPTOR).unwrap().exists());
        place.remove().unwrap();
        place.remove().unwrap();
        assert_eq!(names(&folder.path().join("packages")), Vec::<String>::new());
    }
}
