//! Text files as pieces of bytes: unpacked when gzipped, without a byte order mark.

use super::errors::{explain_at_open, through_query};
use super::pinned_file::PinnedFile;
use bytes::Bytes;
use datafusion::common::Result as QueryResult;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datahall_core::{Error, Result};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use std::sync::Arc;

/// Pieces of a file.
pub(crate) type Pieces = BoxStream<'static, QueryResult<Bytes>>;

const GZIP: &[u8] = &[0x1f, 0x8b];
const MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// The text in `file`.
pub(crate) fn pieces(file: Arc<PinnedFile>) -> Pieces {
    let opened = async move {
        let size = file.size();
        let start = file.read(vec![0..size.min(2)]).await?;
        let zipped = start.first().is_some_and(|start| start.as_ref() == GZIP);
        let raw = file.stream(0..size).map_err(datafusion::error::DataFusionError::from).boxed();
        let unpacked = if zipped { FileCompressionType::GZIP.convert_stream(raw)? } else { raw };
        Ok::<_, datafusion::error::DataFusionError>(without_mark(unpacked))
    };
    futures::stream::once(opened).try_flatten().boxed()
}

fn without_mark(pieces: Pieces) -> Pieces {
    let start = Bytes::new();
    let step = |(held, mut pieces): (Option<Bytes>, Pieces)| async move {
        let Some(mut held) = held else {
            let next = pieces.next().await.transpose()?;
            return Ok(next.map(|piece| (piece, (None, pieces))));
        };
        // The first pieces may be shorter than the mark.
        while held.len() < MARK.len() {
            match pieces.next().await.transpose()? {
                Some(piece) if held.is_empty() => held = piece,
                Some(piece) => held = [held, piece].concat().into(),
                None => break,
            }
        }
        if held.starts_with(MARK) {
            held = held.slice(MARK.len()..);
        }
        Ok::<_, datafusion::error::DataFusionError>(Some((held, (None, pieces))))
    };
    futures::stream::try_unfold((Some(start), pieces), step).boxed()
}

/// All of `file`, for formats that cannot be read in pieces.
///
/// # Errors
/// `Invalid` when it is larger than `limit` unpacked, and everything that reading gives.
pub(crate) async fn whole(location: &str, file: Arc<PinnedFile>, limit: u64) -> Result<Bytes> {
    let name = file.name.clone();
    let mut pieces = pieces(file);
    let mut all = Vec::new();
    while let Some(piece) = pieces.next().await {
        all.extend_from_slice(&piece.map_err(|error| broken(location, &name, &error))?);
        if all.len() as u64 > limit {
            let limit = limit / (1024 * 1024);
            return Err(Error::invalid(format!(
                "{location}: {name} is too large for a format that is read as a whole ({limit} MiB)"
            )));
        }
    }
    Ok(all.into())
}

/// What is said when reading `name` at opening gives `error`.
pub(crate) fn broken(location: &str, name: &str, error: &datafusion::error::DataFusionError) -> Error {
    match super::errors::explain(error) {
        Some(_) => explain_at_open(location, error),
        None => wrong(location, name, "cannot be unpacked: the gzip data is cut off or corrupt").with_detail(error),
    }
}

/// That `file` of `location` is wrong in the way `what` says. A location that is the file itself is not named twice.
pub(crate) fn wrong(location: &str, file: &str, what: impl std::fmt::Display) -> Error {
    if location == file || location.ends_with(&format!("/{file}")) {
        Error::invalid(format!("{location}: {what}"))
    } else {
        Error::invalid(format!("{location}: {file}: {what}"))
    }
}

/// That reading `file` failed although it was read through when the dataset was opened.
pub(crate) fn failed(file: &str, error: impl std::fmt::Display) -> datafusion::error::DataFusionError {
    through_query(Error::unavailable(format!("the source cannot be read: {file}")).with_detail(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn stripped(pieces: &[&'static [u8]]) -> Vec<u8> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
        let all: Vec<Bytes> = without_mark(futures::stream::iter(pieces).boxed()).try_collect().await.unwrap();
        all.concat()
    }

    #[tokio::test]
    async fn the_mark_goes_however_the_pieces_fall() {
        assert_eq!(stripped(&[b"\xef\xbb\xbfa,b", b"c"]).await, b"a,bc");
        assert_eq!(stripped(&[b"\xef", b"\xbb", b"\xbfa"]).await, b"a");
        assert_eq!(stripped(&[b"ab"]).await, b"ab");
        assert_eq!(stripped(&[b"", b"abc", b"\xef\xbb\xbf"]).await, b"abc\xef\xbb\xbf");
        assert_eq!(stripped(&[]).await, b"");
    }

    #[test]
    fn a_file_that_is_the_location_is_named_once() {
        assert_eq!(wrong("/d/a.csv", "a.csv", "no").message(), "/d/a.csv: no");
        assert_eq!(wrong("/d", "a.csv", "no").message(), "/d: a.csv: no");
        assert_eq!(wrong("/d/xa.csv", "a.csv", "no").message(), "/d/xa.csv: a.csv: no");
    }
}
