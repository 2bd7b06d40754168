//! All of a package in one file: tables as CSV and JSON, what is wrong with them, the sources, the descriptor and a README.

use super::super::descriptor::clean;
use super::super::place::{DATA, DESCRIPTOR, Part, Place, failed};
use super::super::plan::Step;
use super::entries::Parts;
use super::readme::readme;
use super::results::await_present;
use super::stop::Watch;
use super::{Made, Making};
use chrono::{DateTime, Datelike, Timelike, Utc};
use datahall_core::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Much of the gain for little of the time.
const LEVEL: i64 = 3;
/// Bytes that are read at once.
const PIECE: usize = 1 << 18;
/// Files that hold nothing more to gain.
const PACKED: &[&str] = &[
    "7z", "arrow", "avif", "br", "bz2", "gif", "gz", "jpeg", "jpg", "mp4", "parquet", "png", "webp", "xlsx", "xz", "zip", "zst",
];

/// What goes into it.
enum Content {
    File(PathBuf, u64),
    Text(String),
}

/// Writes it.
///
/// # Errors
/// As [`Making::source`]; `StorageFull`.
pub(super) async fn make(making: &Making<'_>, step: &Step) -> Result<Made> {
    let pipeline = making.plan.pipelines.iter().find(|pipeline| pipeline.step == *step);
    let pipeline = pipeline.ok_or_else(|| Error::internal("the plan has no such ZIP"))?;
    let place = making.place()?;
    let made = parts(making).await?;
    await_present(making, &made).await?;
    let parts = Parts { plan: making.plan, made: &made };
    let described = making.described(&parts);
    let pretty = serde_json::to_string_pretty(&described.descriptor).map_err(Error::internal)?;
    let mut contents = vec![
        ("README.md".to_owned(), Content::Text(readme(&described.descriptor))),
        (DESCRIPTOR.to_owned(), Content::Text(pretty)),
    ];
    for one in &making.plan.pipelines {
        for file in made.get(&one.name).into_iter().flat_map(|made| &made.files) {
            contents.push((file.path.clone(), Content::File(found(&place, &file.path)?, file.bytes)));
        }
    }
    let path = format!("{DATA}/{}.zip", clean(&pipeline.name));
    let (unique, at, watch) = (making.unique(), making.modified, Watch::default());
    let (work, part_path) = (watch.clone(), path.clone());
    let whole = making.on_thread(Some(described.bytes), watch, move || {
        let part = place.begin(&part_path, &unique)?;
        write(&part, contents, stamp(at), &work)?;
        part.finish_raw()
    });
    let whole = whole.await?;
    making.job.info(format!("{path}: {} bytes", whole.bytes));
    Ok(Made::file(&making.name(), path, whole, None))
}

/// What was made that goes into it, and the sources.
async fn parts(making: &Making<'_>) -> Result<HashMap<String, Made>> {
    let mut made = making.results().await?;
    // What was copied elsewhere is not here, and need not be to be had at all.
    let elsewhere: HashSet<String> =
        made.iter().filter(|(_, made)| made.files.is_empty()).map(|(name, _)| name.clone()).collect();
    let wanted = |step: &Step| matches!(step, Step::Report | Step::Csv(_) | Step::Json(_));
    made.retain(|name, _| making.plan.pipeline(name).is_some_and(|pipeline| wanted(&pipeline.step)));
    for pipeline in &making.plan.pipelines {
        if let Step::Copy(resource) = pipeline.step
            && !elsewhere.contains(&pipeline.name)
        {
            let source = making.source(resource).await?;
            made.insert(pipeline.name.clone(), Made::file(&making.name(), source.path, source.whole, None));
        }
    }
    Ok(made)
}

fn found(place: &Place, path: &str) -> Result<PathBuf> {
    place.file(path).ok_or_else(|| Error::internal(format!("no file of a package: {path}")))
}

fn write(part: &Part, contents: Vec<(String, Content)>, at: zip::DateTime, watch: &Watch) -> Result<()> {
    let mut zip = ZipWriter::new(part.raw()?);
    let mut piece = vec![0; PIECE];
    for (name, content) in contents {
        let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let packed = PACKED.contains(&ending.as_str());
        let (method, level) = if packed { (CompressionMethod::Stored, None) } else { (CompressionMethod::Deflated, Some(LEVEL)) };
        let length = match &content {
            Content::File(_, bytes) => *bytes,
            Content::Text(text) => text.len() as u64,
        };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .compression_level(level)
            .last_modified_time(at)
            .unix_permissions(0o644)
            // Deflated, it may be a little longer than it was.
            .large_file(length >= u64::from(u32::MAX) / 2);
        zip.start_file(name, options).map_err(unzipped)?;
        match content {
            Content::Text(text) => zip.write_all(text.as_bytes()).map_err(failed)?,
            Content::File(path, _) => {
                let mut file = File::open(path).map_err(failed)?;
                loop {
                    watch.go_on()?;
                    let read = file.read(&mut piece).map_err(failed)?;
                    if read == 0 {
                        break;
                    }
                    zip.write_all(&piece[..read]).map_err(failed)?;
                    watch.bytes(read);
                }
            }
        }
    }
    zip.finish().map_err(unzipped)?;
    Ok(())
}

/// A moment as ZIP has it: to two seconds, from 1980 on.
fn stamp(at: DateTime<Utc>) -> zip::DateTime {
    let part = |part: u32| u8::try_from(part).unwrap_or_default();
    let year = u16::try_from(at.year()).unwrap_or_default();
    zip::DateTime::from_date_and_time(
        year,
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    )
    .unwrap_or_default()
}

fn unzipped(error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => failed(error),
        error => Error::internal(error),
    }
}
