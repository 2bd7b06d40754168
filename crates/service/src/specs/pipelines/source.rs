//! The file of a resource, fetched once a revision: the first pipeline that needs it fetches it, the others wait; of several processes the
//! first that has it whole wins, so that all of a revision is made of the same bytes.

use super::super::place::{ARCHIVE, Part, Place, Whole, failed, hashed};
use super::super::storage::Room;
use super::Making;
use super::stated::Stated;
use bytes::Bytes;
use datahall_core::engine::Fetched;
use datahall_core::{Code, Error, Result};
use futures::StreamExt;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// Tries of a source that breaks off, and the pause before the second; it doubles.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);
/// Pieces that wait to be written.
const WAITING: usize = 4;
const MEBIBYTE: u64 = 1 << 20;

/// A source that is there.
#[derive(Debug, Clone)]
pub(in crate::specs) struct Source {
    /// Where.
    pub(super) file: PathBuf,
    /// Within the package.
    pub(super) path: String,
    pub(super) whole: Whole,
}

impl Making<'_> {
    /// The file of the resource at that place of the plan; waits until it is there.
    ///
    /// # Errors
    /// `Invalid` when it is not to be had, naming the resource; `StorageFull`.
    pub(super) async fn source(&self, resource: usize) -> Result<Source> {
        let path = self.archived(resource)?;
        let place = self.place()?;
        let file = place.file(&path).ok_or_else(|| Error::internal(format!("no file of a package: {path}")))?;
        let key = file.display().to_string();
        let find = async {
            let name = &self.plan.resources[resource].name;
            let found = self.find(&place, resource, &path, file).await;
            found.map_err(|error| error.context(format!("resource '{name}'")))
        };
        self.service().packages.kept.sources.get(key, find).await
    }

    /// Where the source of a resource is within the package.
    pub(super) fn archived(&self, resource: usize) -> Result<String> {
        let name =
            self.plan.archive.get(resource).ok_or_else(|| Error::internal(format!("the plan has no resource {resource}")))?;
        Ok(format!("{ARCHIVE}/{name}"))
    }

    async fn find(&self, place: &Place, resource: usize, path: &str, file: PathBuf) -> Result<Source> {
        let there = file.clone();
        let whole = blocking(move || if there.exists() { hashed(&there).map(Some) } else { Ok(None) }).await?;
        if let Some(whole) = whole {
            return Ok(Source { file, path: path.to_owned(), whole });
        }
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.fetch(place, resource, path).await {
                Err(error) if error.code() == Code::Unavailable => {
                    self.job.warn(format!("{}; it is tried again", error.message()));
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err(error),
                Ok(whole) => return Ok(Source { file, path: path.to_owned(), whole }),
            }
        }
        let whole = self.fetch(place, resource, path).await?;
        Ok(Source { file, path: path.to_owned(), whole })
    }

    async fn fetch(&self, place: &Place, resource: usize, path: &str) -> Result<Whole> {
        let resource = &self.plan.resources[resource];
        let location = self.spec.location(resource);
        let (location, access) = super::reach(self.service(), self.job.ctx(), &location)?;
        let fetched = self.service().engine.fetch(&location, &access).await?;
        let (most, why) = self.longest();
        if fetched.length.is_some_and(|length| length > most) {
            return Err(why);
        }
        let (place, path, unique) = (place.clone(), path.to_owned(), self.unique());
        let (part, place, path) = blocking(move || Ok((place.begin(&path, &unique)?, place, path))).await?;
        let stated = Stated::of(&resource.descriptor);
        let (whole, wrong) = receive(fetched, part, (most, why), stated, move || {
            // Another process was first: what it has counts.
            let file = place.file(&path).ok_or_else(|| Error::internal("no file of a package"))?;
            hashed(&file)
        })
        .await?;
        self.job.info(format!("resource '{}': {} bytes read from its source", resource.name, whole.bytes));
        for wrong in wrong {
            self.job.warn(format!("resource '{}': {wrong}", resource.name));
        }
        Ok(whole)
    }
}

impl Making<'_> {
    /// The most bytes that a source may have, and why one may not have more.
    fn longest(&self) -> (u64, Error) {
        let most = self.service().settings.specs.max_source_mb.saturating_mul(MEBIBYTE);
        let room = Room::of(self.job.ctx(), &self.spec.owner, self.spec.findability);
        match room.filter(|room| room.bytes() < most) {
            Some(room) => (room.bytes(), room.exceeded()),
            None => (most, too_long(most)),
        }
    }
}

/// Writes a file as it comes; gives what it comes to, and what of it is not as it was stated.
async fn receive(
    fetched: Fetched,
    part: Part,
    (most, why): (u64, Error),
    mut stated: Stated,
    other: impl FnOnce() -> Result<Whole> + Send + 'static,
) -> Result<(Whole, Vec<String>)> {
    let (sender, mut pieces) = mpsc::channel::<Bytes>(WAITING);
    // Whether all of it was sent: a sender that is gone may also mean that nobody waits for it any more.
    let (whole, ended) = tokio::sync::oneshot::channel::<()>();
    let writer = tokio::task::spawn_blocking(move || {
        let mut part = part;
        while let Some(piece) = pieces.blocking_recv() {
            part.write_all(&piece).map_err(failed)?;
            stated.update(&piece);
        }
        if ended.blocking_recv().is_err() {
            return Err(Error::unavailable("the source broke off"));
        }
        let whole = part.finish_first()?;
        let wrong = stated.wrong(whole.as_ref().map(|whole| whole.bytes));
        whole.map_or_else(other, Ok).map(|whole| (whole, wrong))
    });
    let mut bytes = fetched.bytes;
    let mut length = 0;
    while let Some(piece) = bytes.next().await {
        let piece = piece?;
        length += piece.len() as u64;
        if length > most {
            return Err(why);
        }
        if sender.send(piece).await.is_err() {
            // The writer says why.
            break;
        }
    }
    let _ = whole.send(());
    drop(sender);
    writer.await.map_err(Error::internal)?
}

/// Runs it on a thread that may block.
pub(super) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn too_long(most: u64) -> Error {
    Error::invalid(format!("the file is longer than {} MiB, the most there may be ([specs] max_source_mb)", most / MEBIBYTE))
}
