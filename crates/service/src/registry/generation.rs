//! One generation of a dataset's rows: they never change, and what was made of them goes when they go.

use super::kept_few::KeptFew;
use super::{Entry, ExportFile};
use crate::Profile;
use crate::policies::Viewpoint;
use chrono::{DateTime, Utc};
use datahall_core::engine::Table;
use datahall_core::policy::{ReadPolicy, Strategy};
use sha2::{Digest, Sha256};
use std::fmt::{Debug, Write};
use std::sync::Arc;
use tokio::sync::OnceCell;

type ExportCell = Arc<OnceCell<Arc<ExportFile>>>;
type CountCell = Arc<OnceCell<u64>>;
type ProfileCell = Arc<OnceCell<Arc<Profile>>>;

/// What rows were made of, each with the number that its policy had then. What is held here stays in memory, for its policy to be told.
pub(crate) type MadeOf = Vec<(Arc<Entry>, u64)>;

/// What rows were made of, and for whom.
#[derive(Clone, Default)]
pub(crate) struct Made {
    pub(crate) of: MadeOf,
    /// Where they hold what one caller could see: as whom policies saw him.
    pub(crate) seen_by: Option<Viewpoint>,
    /// Names what they were made of and how, also across restarts; `None` where that cannot be told.
    pub(crate) print: Option<String>,
    /// When, where that was not just now.
    pub(crate) at: Option<DateTime<Utc>>,
}

/// One generation of rows.
pub(crate) struct Generation {
    /// Differs from that of every other generation of any dataset.
    pub(crate) id: String,
    pub(crate) table: Arc<dyn Table>,
    /// What a saved query read.
    pub(crate) made_of: MadeOf,
    /// As whom policies saw whoever a saved query was run for, where its rows are his alone.
    pub(crate) seen_by: Option<Viewpoint>,
    pub(crate) loaded_at: DateTime<Utc>,
    print: Option<String>,
    exports: KeptFew<ExportCell>,
    counts: KeptFew<CountCell>,
    profiles: KeptFew<ProfileCell>,
}

impl Generation {
    pub(crate) fn new(id: String, table: Arc<dyn Table>, made: Made, now: DateTime<Utc>) -> Self {
        Self {
            id,
            table,
            made_of: made.of,
            seen_by: made.seen_by,
            loaded_at: made.at.unwrap_or(now),
            print: made.print,
            exports: KeptFew::default(),
            counts: KeptFew::default(),
            profiles: KeptFew::default(),
        }
    }

    /// Whether the policies that the rows were made under still hold.
    pub(crate) fn is_current(&self) -> bool {
        self.made_of.iter().all(|(entry, then)| entry.policy_number() == *then)
    }

    /// Names its rows, also across restarts; `None` where that cannot be told.
    pub(crate) fn identity(&self) -> Option<&str> {
        self.print.as_deref().or(self.table.info().identity.as_deref())
    }

    /// Names what `question` answers over these rows seen through `policy`.
    pub(crate) fn etag(&self, policy: &ReadPolicy, question: &dyn Debug) -> String {
        let digest = Sha256::digest(format!("{}\n{}\n{question:?}", self.id, text_of(policy)));
        digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Where the export seen through `policy` is kept, or will be: whoever comes first makes it, the others wait.
    pub(crate) fn export(&self, policy: &ReadPolicy) -> ExportCell {
        self.exports.get(text_of(policy))
    }

    /// Where the profile seen through `policy` is kept, or will be.
    pub(crate) fn profile(&self, policy: &ReadPolicy) -> ProfileCell {
        self.profiles.get(text_of(policy))
    }

    /// Where the number of rows seen through `policy` is kept, or will be.
    pub(crate) fn count(&self, policy: &ReadPolicy) -> CountCell {
        self.counts.get(text_of(policy))
    }
}

/// The whole policy as text, in memory alone: what tokens are made with is in it.
pub(crate) fn text_of(policy: &ReadPolicy) -> String {
    let mut key = format!("{policy:?}");
    for (column, mask) in &policy.masks {
        if mask.strategy == Strategy::Tokenise {
            // Writing to a string cannot fail.
            let _ = write!(key, "\n{column}:{:?}", mask.key);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::policy::{Masking, RowAccess};

    #[test]
    fn every_part_of_a_policy_is_in_its_key() {
        let masked = |strategy, key| ReadPolicy { masks: [("a".into(), Masking { strategy, key })].into(), ..Default::default() };
        let caller = |value: &str| [("r".to_owned(), vec![value.to_owned()])].into();
        let rows = |value: &str| RowAccess::Matching { sql: "a = caller('r')".into(), caller: caller(value) };
        let policies = [
            ReadPolicy::default(),
            masked(Strategy::Full, [0; 32]),
            masked(Strategy::Bucket { width: 1.0 }, [0; 32]),
            masked(Strategy::Bucket { width: 2.0 }, [0; 32]),
            masked(Strategy::Tokenise, [1; 32]),
            masked(Strategy::Tokenise, [2; 32]),
            ReadPolicy { rows: RowAccess::None, ..Default::default() },
            ReadPolicy { rows: rows("EU"), ..Default::default() },
            ReadPolicy { rows: rows("US"), ..Default::default() },
        ];
        let keys: std::collections::BTreeSet<_> = policies.iter().map(text_of).collect();
        assert_eq!(keys.len(), policies.len());
    }
}
