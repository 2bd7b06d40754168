//! Reading a file on threads of its own, and its rows as the engine takes them.

use super::desk::Place;
use super::received::Received;
use super::refused::Refused;
use crate::Service;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datahall_core::engine::Rows;
use datahall_core::{Error, Result};
use datahall_formats::ingest::{Fault, Hints, Limits, Report, Survey, Told};
use futures::StreamExt;
use futures::stream;
use parking_lot::Mutex;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// Batches that wait to be written: bounds the memory of an upload.
const WAITING: usize = 2;

/// What was found out of a file.
#[derive(Debug, Clone)]
pub struct FoundFile {
    /// What its sender calls it.
    pub file_name: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its format, encoding and so on.
    pub told: Told,
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows that are right.
    pub rows: u64,
    /// Those that are not.
    pub report: Report,
}

/// A file that was read once. It stays where it is as long as this.
#[derive(Debug)]
pub(super) struct Ingested {
    // In the order in which they go: what reads the file, then the file.
    survey: Arc<Survey>,
    pub(super) place: Arc<Place>,
    _turn: OwnedSemaphorePermit,
    pub(super) found: FoundFile,
}

impl Service {
    /// Waits for its turn and reads the file through.
    pub(super) async fn survey(&self, received: Received, hints: Hints) -> Result<Ingested, Refused> {
        let turn = self.desk.turn().await?;
        let (file, place) = (received.ingested(), received.place.clone());
        let (file_name, bytes) = (received.name().to_owned(), received.length());
        drop(received);
        let work = tokio::task::spawn_blocking(move || {
            let survey = Survey::of(&file, &hints, &Limits::default());
            // Whoever asked may be gone; then file and turn go here.
            (survey, place, turn)
        });
        let (survey, place, turn) = work.await.map_err(Error::internal)?;
        let survey = survey?;
        let (told, schema) = (survey.told.clone(), survey.schema.clone());
        let found = FoundFile { file_name, bytes, told, schema, rows: survey.rows, report: survey.report.clone() };
        Ok(Ingested { survey: Arc::new(survey), place, _turn: turn, found })
    }
}

/// What reading failed with, for whoever wants more than its words.
pub(super) type Failure = Arc<Mutex<Option<Fault>>>;

impl Ingested {
    /// The first rows.
    pub(super) async fn head(&self, rows: usize) -> Result<Vec<RecordBatch>, Refused> {
        let (survey, place) = (self.survey.clone(), self.place.clone());
        let work = tokio::task::spawn_blocking(move || {
            let head = survey.head(rows);
            drop((survey, place));
            head
        });
        Ok(work.await.map_err(Error::internal)??)
    }

    /// All rows, as they are read again; what goes wrong then is in [`Failure`], too.
    pub(super) fn rows(&self) -> (Rows, Failure) {
        let (sender, receiver) = mpsc::channel::<Result<RecordBatch>>(WAITING);
        let (survey, place, failure) = (self.survey.clone(), self.place.clone(), Failure::default());
        let told = failure.clone();
        tokio::task::spawn_blocking(move || {
            let read = survey.read(&mut |batch| match sender.blocking_send(Ok(batch)) {
                Ok(()) => ControlFlow::Continue(()),
                // Nobody listens any more.
                Err(_) => ControlFlow::Break(()),
            });
            if let Err(fault) = read {
                let error = Refused::from(fault.clone()).to_error();
                *told.lock() = Some(fault);
                let _ = sender.blocking_send(Err(error));
            }
            drop((survey, place));
        });
        let batches = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
        (Rows { schema: self.found.schema.clone(), batches: batches.boxed() }, failure)
    }
}
