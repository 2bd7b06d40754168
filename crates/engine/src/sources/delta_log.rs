//! What the names in a Delta table's log mean: versions, checkpoints, files of deletion vectors.

use datahall_core::lake::NO_SUCH_VERSION;
use datahall_core::{Error, Result};
use deltalake::kernel::{DeletionVectorDescriptor, StorageType};

const LOG: &str = "_delta_log/";
/// The alphabet of Z85, in which the log writes the ids of files.
const Z85: &[u8; 85] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// Whether the file `name`, below the table's folder, is one of its log.
pub(crate) fn is_part(name: &str) -> bool {
    name.starts_with(LOG) && (name.ends_with(".json") || name.ends_with(".parquet"))
}

/// The version that the file `name` commits.
pub(crate) fn commit(name: &str) -> Option<u64> {
    number(name.strip_prefix(LOG)?.strip_suffix(".json")?)
}

/// The version that the file `name` is a checkpoint of, or a part of one.
pub(crate) fn checkpoint(name: &str) -> Option<u64> {
    let (version, rest) = name.strip_prefix(LOG)?.split_once(".checkpoint.")?;
    (rest.ends_with("parquet") || rest.ends_with("json")).then(|| number(version))?
}

fn number(text: &str) -> Option<u64> {
    (text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Checks that the version can still be made of the log with these files.
///
/// # Errors
/// `NotFound` when it cannot.
pub(crate) fn has<'a>(names: impl Iterator<Item = &'a str>, version: u64) -> Result<()> {
    let (mut commits, mut checkpoints) = (Vec::new(), Vec::new());
    for name in names {
        commits.extend(commit(name));
        checkpoints.extend(checkpoint(name));
    }
    let newest = commits.iter().chain(&checkpoints).max().copied().unwrap_or_default();
    if version > newest {
        return Err(missing(format!("not found: version {version}: the newest is {newest}")));
    }
    // From nothing, or from the last checkpoint before it.
    let base = checkpoints.into_iter().filter(|at| *at <= version).max();
    let wanted = base.map_or(version.saturating_add(1), |at| version - at);
    commits.retain(|at| *at <= version && base.is_none_or(|base| *at > base));
    if commits.len() as u64 == wanted {
        return Ok(());
    }
    Err(missing(format!("not found: version {version}: what led to it is no longer in the table's log")))
}

/// Files of the version are no longer there.
pub(crate) fn gone(version: u64) -> Error {
    missing(format!("not found: version {version}: files of it are gone, for they were vacuumed"))
}

fn missing(message: String) -> Error {
    Error::not_found(message).because(NO_SUCH_VERSION)
}

/// The file of a deletion vector, below the table's folder, when it has one of its own there.
pub(crate) fn vector_of(vector: &DeletionVectorDescriptor) -> Option<String> {
    match vector.storage_type {
        StorageType::UuidRelativePath => vector_path(&vector.path_or_inline_dv),
        StorageType::Inline | StorageType::AbsolutePath => None,
    }
}

/// The file that `<prefix><id in Z85>` stands for.
pub(crate) fn vector_path(text: &str) -> Option<String> {
    let at = text.len().checked_sub(20)?;
    let (prefix, id) = (text.get(..at)?, text.get(at..)?);
    let mut bytes = Vec::with_capacity(16);
    for five in id.as_bytes().chunks(5) {
        let digit = |sum: u64, byte: &u8| Some(sum * 85 + Z85.iter().position(|known| known == byte)? as u64);
        let value = five.iter().try_fold(0, digit)?;
        bytes.extend(u32::try_from(value).ok()?.to_be_bytes());
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    let folder = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Some(format!("{folder}deletion_vector_{id}.bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_which_version_they_are_of() {
        assert_eq!(commit("_delta_log/00000000000000000012.json"), Some(12));
        assert_eq!(checkpoint("_delta_log/00000000000000000010.checkpoint.parquet"), Some(10));
        assert_eq!(checkpoint("_delta_log/00000000000000000010.checkpoint.0000000001.0000000002.parquet"), Some(10));
        for none in [
            "_delta_log/12.json",
            "_delta_log/0000000000000000001x.json",
            "x/00000000000000000012.json",
            "_delta_log/_last_checkpoint",
        ] {
            assert_eq!((commit(none), checkpoint(none)), (None, None), "{none}");
        }
    }

    #[test]
    fn a_version_is_there_as_long_as_the_log_leads_to_it() {
        let names = |commits: &[u64], checkpoints: &[u64]| {
            let commits = commits.iter().map(|at| format!("_delta_log/{at:020}.json"));
            commits.chain(checkpoints.iter().map(|at| format!("_delta_log/{at:020}.checkpoint.parquet"))).collect::<Vec<_>>()
        };
        let has = |names: &[String], version| has(names.iter().map(String::as_str), version).is_ok();
        let whole = names(&[0, 1, 2], &[]);
        assert!(has(&whole, 0) && has(&whole, 2) && !has(&whole, 3));
        let cleaned = names(&[2, 3, 4, 5], &[3]);
        assert!(!has(&cleaned, 1) && !has(&cleaned, 2) && has(&cleaned, 3) && has(&cleaned, 5));
        assert!(has(&names(&[], &[7]), 7) && !has(&names(&[0, 2], &[]), 2));
        assert!(!has(&whole, u64::MAX));
    }

    // The two examples of the protocol's description.
    #[test]
    fn ids_of_deletion_vectors_are_names_of_files() {
        let file = "deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";
        assert_eq!(vector_path("ab^-aqEH.-t@S}K{vb[*k^").as_deref(), Some(format!("ab/{file}").as_str()));
        assert_eq!(vector_path("^-aqEH.-t@S}K{vb[*k^").as_deref(), Some(file));
        for bad in ["", "short", "^-aqEH.-t@S}K{vb[*k\u{e9}", "~-aqEH.-t@S}K{vb[*k^"] {
            assert_eq!(vector_path(bad), None, "{bad}");
        }
    }
}
