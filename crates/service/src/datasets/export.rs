//! A whole dataset as one Parquet file, made once per generation and policy and kept on disk while the generation lives.

use crate::admission::refuse_if_longer;
use crate::loading::Opened;
use crate::registry::ExportFile;
use crate::{Ctx, Export, Service};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datahall_core::query::Query;
use datahall_core::{Error, Result};
use datahall_formats::{Encoder, Format};
use futures::TryStreamExt;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Batches that wait to be encoded; bounds the memory of an export.
const WAITING: usize = 2;
/// Encoded bytes that are collected before they are written.
const BUFFER: usize = 1 << 20;

impl Service {
    /// The visible columns and all rows, as one Parquet file. It counts as a running query while the file is made; a file that is
    /// there already is for everybody.
    ///
    /// # Errors
    /// As [`Service::query`] and its rows; `Internal` when the disk is full.
    pub async fn export(&self, ctx: &Ctx, name: &str) -> Result<Export> {
        self.require_read(ctx)?;
        let opened = self.opened(ctx, name).await?;
        let policy = &opened.handle.policy;
        let live = opened.handle.table.info().live;
        let file = match live {
            // Another one each time: what was made of live rows is not given again.
            true => self.encode_export(ctx, &opened).await?,
            false => {
                let cell = opened.generation.export(policy);
                cell.get_or_try_init(|| self.encode_export(ctx, &opened)).await?.clone()
            }
        };
        let etag = opened.generation.etag(policy, &"parquet");
        Ok(Export {
            path: file.path.clone(),
            len: file.len,
            etag: if live { format!("{etag}.{}", self.unique_suffix()) } else { etag },
            refreshed_at: if live { self.clock.now() } else { opened.generation.loaded_at },
            _file: file,
        })
    }

    async fn encode_export(&self, ctx: &Ctx, opened: &Opened) -> Result<Arc<ExportFile>> {
        let query = Query::default().resolve(&opened.handle.schema(), &opened.handle.policy)?;
        let (permit, bounds) = (self.admit(ctx)?, self.bounds());
        let most = bounds.rows;
        let start = async {
            if let Some(most) = most {
                refuse_if_longer(&*self.engine, &opened.handle, &query, most).await?;
            }
            self.engine.read(&opened.handle, &query).await
        };
        let mut rows = permit.run(bounds, start).await?;
        let path = self.exports_dir.join(format!("{}-{}.parquet", opened.generation.id, self.unique_suffix()));
        let (sender, receiver) = mpsc::channel(WAITING);
        let schema = rows.schema.clone();
        // Encoding is work for a processor, not for a thread that serves requests.
        let writer = tokio::task::spawn_blocking(move || write(path, &schema, receiver));
        while let Some(batch) = rows.batches.try_next().await? {
            if sender.send(Piece::Rows(batch)).await.is_err() {
                break; // The writer failed, and says why below.
            }
        }
        let _ = sender.send(Piece::End).await;
        drop(sender);
        writer.await.map_err(Error::internal)?.map(Arc::new)
    }
}

enum Piece {
    Rows(RecordBatch),
    /// All rows were sent; without it the export was given up.
    End,
}

fn write(path: PathBuf, schema: &SchemaRef, mut pieces: mpsc::Receiver<Piece>) -> Result<ExportFile> {
    let failed = |path: &Path, error: std::io::Error| Error::internal(format!("{}: {error}", path.display()));
    let mut out = File::create(&path).map_err(|error| failed(&path, error))?;
    // From here on the file goes with this, whatever happens.
    let mut export = ExportFile { path, len: 0 };
    let mut encoder = Encoder::new(Format::Parquet, schema)?;
    let mut buffer = Vec::new();
    let mut ended = false;
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Rows(batch) => encoder.encode(&batch, &mut buffer)?,
            Piece::End => {
                ended = true;
                break;
            }
        }
        if buffer.len() >= BUFFER {
            out.write_all(&buffer).map_err(|error| failed(&export.path, error))?;
            export.len += buffer.len() as u64;
            buffer.clear();
        }
    }
    if !ended {
        return Err(Error::internal("the export was given up"));
    }
    encoder.finish(&mut buffer)?;
    out.write_all(&buffer).and_then(|()| out.flush()).map_err(|error| failed(&export.path, error))?;
    export.len += buffer.len() as u64;
    Ok(export)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, admin, block, reader};

    #[tokio::test]
    async fn an_export_is_made_once_and_goes_with_its_generation() {
        let fixture = Fixture::new().await;
        fixture.register("e").await;
        let reader = reader();
        let (one, two) = tokio::join!(fixture.service.export(&reader, "e"), fixture.service.export(&reader, "e"));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!((&one.path, &one.etag), (&two.path, &two.etag));
        let bytes = std::fs::read(&one.path).unwrap();
        assert_eq!((bytes.len() as u64, &bytes[..4], &bytes[bytes.len() - 4..]), (one.len, &b"PAR1"[..], &b"PAR1"[..]));
        fixture.service.reload(&admin(), "e").await.unwrap();
        assert!(one.path.exists(), "somebody still reads it");
        let path = one.path.clone();
        drop((one, two));
        assert!(!path.exists());
        assert!(fixture.service.export(&reader, "e").await.unwrap().path.exists());
    }

    #[tokio::test]
    async fn a_failed_export_leaves_nothing_behind() {
        let fixture = Fixture::new().await;
        fixture.register_block(block(r#"{"name":"e","source":{"kind":"csv","location":"breaks"}}"#)).await.unwrap();
        assert!(fixture.service.export(&reader(), "e").await.is_err());
        for _ in 0..100 {
            if std::fs::read_dir(&fixture.service.exports_dir).unwrap().count() == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the file is still there");
    }
}
