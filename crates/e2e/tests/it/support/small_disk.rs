//! A file system of a few MiB, to fill and to empty.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file system. Dropped, it is gone.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Of so many MiB at that folder; `None` where mounting is not allowed.
    pub(crate) fn mount(at: PathBuf, megabytes: usize) -> Option<Self> {
        fs::create_dir_all(&at).expect("a folder");
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(at))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Leaves so many bytes free, give or take a page, and none for 0.
    pub(crate) fn fill(&self, free: u64) {
        let mut file = fs::File::create(self.filler()).expect("a file");
        for size in [1 << 16, 1 << 10, 1] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
        let length = file.metadata().expect("its length").len();
        file.set_len(length.saturating_sub(free)).expect("it is cut");
    }

    /// Takes away what filled it.
    pub(crate) fn empty(&self) {
        fs::remove_file(self.filler()).expect("removed");
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
