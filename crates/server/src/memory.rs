//! How much memory there is to use: the machine's, or less when a control group says so.

use std::path::{Path, PathBuf};

/// What is assumed when nothing can be found out.
const FALLBACK_BYTES: u64 = 4 << 30;

/// Bytes of memory this process may use.
pub(crate) fn available_bytes() -> u64 {
    let machine = read("/proc/meminfo").and_then(|text| total_of(&text));
    let group = group_limits().into_iter().min();
    [machine, group].into_iter().flatten().min().unwrap_or(FALLBACK_BYTES)
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// The limits of this process's control group and of those above it.
fn group_limits() -> Vec<u64> {
    let own = read("/proc/self/cgroup").unwrap_or_default();
    let mut files = vec![PathBuf::from("/sys/fs/cgroup/memory.max"), "/sys/fs/cgroup/memory/memory.limit_in_bytes".into()];
    if let Some(group) = own.lines().find_map(|line| line.strip_prefix("0::")) {
        let folders = Path::new(group).ancestors().filter_map(|folder| folder.strip_prefix("/").ok());
        files.extend(folders.map(|folder| Path::new("/sys/fs/cgroup").join(folder).join("memory.max")));
    }
    files.iter().filter_map(read).filter_map(|text| text.trim().parse().ok()).collect()
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_s_memory_is_found() {
        assert_eq!(total_of("MemFree: 1 kB\nMemTotal:       24612345 kB\n"), Some(24_612_345 << 10));
        assert_eq!(total_of("nonsense"), None);
        assert!(available_bytes() > 1 << 20);
    }
}
