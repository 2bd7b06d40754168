//! Which file a local file is, so that it is noticed when another one, or other bytes, have taken its place.

use chrono::{DateTime, Utc};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// Two reads that see the same identity see the same bytes. The time of the last change of status is part of it because,
/// unlike that of the last modification, it cannot be set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// File times step with the kernel's timer: a second write within one step leaves no trace in them.
const STEP: Duration = Duration::from_millis(20);

impl Identity {
    /// The identity of the file that `metadata` describes.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Bytes in the file.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// When the file was last written.
    pub(crate) fn modified(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.modified.0, u32::try_from(self.modified.1).unwrap_or(0)).unwrap_or_default()
    }

    /// It as an entity tag.
    pub(crate) fn e_tag(&self) -> String {
        format!("\"{:x}-{:x}-{:x}-{:x}-{:x}\"", self.device, self.inode, self.size, self.modified.0, self.modified.1)
    }

    /// How long from `now` until a further write is sure to show in the file's times; zero when it is already.
    pub(crate) fn settles_in(&self, now: DateTime<Utc>) -> Duration {
        let changed = DateTime::from_timestamp(self.changed.0, u32::try_from(self.changed.1).unwrap_or(0)).unwrap_or_default();
        match (now - changed).to_std() {
            Ok(age) => STEP.saturating_sub(age),
            Err(_) => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rewrite_of_equal_size_with_its_time_set_back_is_another_identity() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"old").unwrap();
        let metadata = std::fs::metadata(&path).unwrap();
        std::thread::sleep(STEP);
        std::fs::write(&path, b"new").unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(metadata.modified().unwrap()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), metadata.modified().unwrap());
        assert_ne!(Identity::of(&std::fs::metadata(&path).unwrap()), Identity::of(&metadata));
    }

    #[test]
    fn a_file_written_just_now_needs_a_moment_to_settle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"x").unwrap();
        let identity = Identity::of(&std::fs::metadata(&path).unwrap());
        let written = identity.modified();
        assert_eq!(identity.settles_in(written), STEP);
        assert_eq!(identity.settles_in(written + STEP), Duration::ZERO);
        assert_eq!(identity.settles_in(written - STEP), Duration::ZERO);
    }
}
