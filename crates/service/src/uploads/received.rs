//! A file on its way in: written to disk piece by piece, never more of it than is taken.

use super::desk::Place;
use crate::{Ctx, Service};
use datahall_core::{Code, Error, Result};
use datahall_formats::ingest::File as Ingested;
use std::io::ErrorKind;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// The longest name that is kept, in bytes.
const LONGEST_NAME: usize = 255;

/// What a file is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be looked at.
    Preview,
    /// To become a dataset.
    Create,
}

/// A file on its way in. It is gone with this.
#[derive(Debug)]
pub struct Received {
    pub(super) place: Arc<Place>,
    name: String,
    file: Option<tokio::fs::File>,
    length: u64,
    most: u64,
}

impl Service {
    /// Bytes of the longest file that is taken.
    pub fn upload_limit(&self) -> u64 {
        self.settings.limits.upload_mb.saturating_mul(1 << 20)
    }

    /// Makes room for a file, for whoever may send one; before anything of it is read.
    ///
    /// # Errors
    /// `Unauthenticated` for nobody in particular; `Forbidden` for who may not make datasets and sends it to become one;
    /// `Unavailable` when too many are on their way in; `StorageFull`.
    pub async fn receive(&self, ctx: &Ctx, purpose: Purpose) -> Result<Received> {
        match purpose {
            Purpose::Preview => self.require_known(ctx)?,
            Purpose::Create => self.require_add(ctx)?,
        }
        let place = self.desk.open(&self.unique_suffix())?;
        Ok(Received { place: Arc::new(place), name: String::new(), file: None, length: 0, most: self.upload_limit() })
    }
}

impl Received {
    /// The file begins, which its sender calls `name`.
    ///
    /// # Errors
    /// `Invalid` when there was one already; `StorageFull`.
    pub async fn begin(&mut self, name: &str) -> Result<()> {
        if self.file.is_some() || self.length > 0 {
            return Err(Error::invalid("there is more than one file: send one at a time"));
        }
        self.name = plain(name);
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        self.file = Some(options.open(self.path()).await.map_err(failed)?);
        Ok(())
    }

    /// It goes on with `bytes`.
    ///
    /// # Errors
    /// `TooLarge` beyond `[limits] upload_mb`; `StorageFull`.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.length = self.length.saturating_add(bytes.len() as u64);
        if self.length > self.most {
            return Err(too_large(self.most));
        }
        let file = self.file.as_mut().ok_or_else(|| Error::internal("a file was written to before it began"))?;
        file.write_all(bytes).await.map_err(failed)
    }

    /// It is whole.
    ///
    /// # Errors
    /// `StorageFull`.
    pub async fn end(&mut self) -> Result<()> {
        match self.file.as_mut() {
            Some(file) => file.flush().await.map_err(failed),
            None => Ok(()),
        }
    }

    /// Whether a file came.
    pub fn is_there(&self) -> bool {
        self.file.is_some()
    }

    /// What its sender calls it: no folders, nothing that a terminal would obey, 255 bytes at most.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn ingested(&self) -> Ingested {
        Ingested { path: self.path(), name: self.name.clone(), scratch: self.place.path().to_owned() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.place.path().join("file")
    }
}

/// The last part of a path, of whatever system, without control characters, cut where it is too long; its ending stays.
fn plain(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let bidi = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept: String = last.chars().filter(|letter| !letter.is_control() && !bidi(*letter)).collect();
    let kept = kept.trim().trim_start_matches('.');
    if kept.len() <= LONGEST_NAME {
        return if kept.is_empty() { "file".to_owned() } else { kept.to_owned() };
    }
    let ending =
        kept.rsplit_once('.').map(|(_, ending)| format!(".{ending}")).filter(|ending| ending.len() <= 16).unwrap_or_default();
    let room = LONGEST_NAME - ending.len();
    let cut = (0..=room).rev().find(|at| kept.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{ending}", &kept[..cut])
}

pub(super) fn too_large(most: u64) -> Error {
    Error::new(Code::TooLarge, format!("the file is longer than {} MiB, the most that is taken", most >> 20))
}

/// What writing a file of ours failed with.
pub(super) fn failed(error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
            Error::new(Code::StorageFull, "there is no space left for the file").with_detail(error)
        }
        _ => Error::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_are_names_and_nothing_else() {
        for (name, kept) in [
            ("a.csv", "a.csv"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\Book 1.xlsx", "Book 1.xlsx"),
            ("a\0\r\nb\u{1b}[31m.csv", "ab[31m.csv"),
            ("\u{202e}vsc.exe", "vsc.exe"),
            ("..", "file"),
            ("", "file"),
            ("folder/", "file"),
            (".hidden", "hidden"),
            ("données.csv", "données.csv"),
        ] {
            assert_eq!(plain(name), kept, "{name:?}");
        }
        let long = plain(&format!("{}.csv", "é".repeat(300)));
        assert!(long.len() <= 255 && long.ends_with(".csv"), "{long}");
    }
}
