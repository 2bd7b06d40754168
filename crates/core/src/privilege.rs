//! The one vocabulary of privileges, and what each role, project permission type and other way of writing them gives.
//! Everything here is data; [`crate::access`] decides with it.

use crate::error::{Error, Result};
use std::fmt;

/// What a caller may do, on a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Privilege {
    /// See that something exists, and its settings.
    ReadConf,
    /// Create, change and delete settings.
    WriteConf,
    /// Read descriptions, tags and the like.
    ReadMetadata,
    /// Change them.
    WriteMetadata,
    /// Read the columns of a dataset.
    ReadSchema,
    /// Change them.
    WriteSchema,
    /// Read rows.
    ReadData,
    /// Add, replace and delete rows.
    WriteData,
    /// Loosen what protects rows: remove a mask, add an unmask role, publish.
    WritePolicy,
    /// Start and abort jobs.
    RunJobs,
    /// Watch jobs.
    MonitorJobs,
    /// Run statements in a connection's own language.
    RunCode,
    /// All of the others, and deciding who has them.
    Admin,
}

use Privilege::{
    Admin, MonitorJobs, ReadConf, ReadData, ReadMetadata, ReadSchema, RunCode, RunJobs, WriteConf, WriteData, WriteMetadata,
    WritePolicy, WriteSchema,
};

impl Privilege {
    /// Every privilege, in the order of the documents.
    pub const ALL: [Self; 13] = [
        ReadConf,
        WriteConf,
        ReadMetadata,
        WriteMetadata,
        ReadSchema,
        WriteSchema,
        ReadData,
        WriteData,
        WritePolicy,
        RunJobs,
        MonitorJobs,
        RunCode,
        Admin,
    ];

    /// The name in requests and answers: `READ_CONF`.
    pub fn name(self) -> &'static str {
        match self {
            ReadConf => "READ_CONF",
            WriteConf => "WRITE_CONF",
            ReadMetadata => "READ_METADATA",
            WriteMetadata => "WRITE_METADATA",
            ReadSchema => "READ_SCHEMA",
            WriteSchema => "WRITE_SCHEMA",
            ReadData => "READ_DATA",
            WriteData => "WRITE_DATA",
            WritePolicy => "WRITE_POLICY",
            RunJobs => "RUN_JOBS",
            MonitorJobs => "MONITOR_JOBS",
            RunCode => "RUN_CODE",
            Admin => "ADMIN",
        }
    }

    /// The privilege of exactly this name.
    ///
    /// # Errors
    /// `Invalid`, naming it.
    pub fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|privilege| privilege.name() == name);
        found.ok_or_else(|| Error::invalid(format!("unknown privilege: {}", name.escape_debug())))
    }

    /// Whoever may write something may read it.
    fn implies(self) -> Option<Self> {
        match self {
            WriteConf => Some(ReadConf),
            WriteMetadata => Some(ReadMetadata),
            WriteSchema => Some(ReadSchema),
            WriteData => Some(ReadData),
            _ => None,
        }
    }
}

/// A set of privileges.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Privileges(u16);

impl Privileges {
    /// None.
    pub const NONE: Self = Self(0);
    /// All.
    pub const ALL: Self = Self((1 << Privilege::ALL.len()) - 1);

    /// These, and what they imply.
    pub fn of(privileges: &[Privilege]) -> Self {
        privileges.iter().copied().collect()
    }

    /// Whether `privilege` is among them.
    pub fn contains(self, privilege: Privilege) -> bool {
        self.0 & Self::bit(privilege) != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These and those.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `others` are among them.
    pub fn contain_all(self, others: Self) -> bool {
        self.intersection(others) == others
    }

    /// Each of them, in the order of [`Privilege::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Privilege> {
        Privilege::ALL.into_iter().filter(move |privilege| self.contains(*privilege))
    }

    fn bit(privilege: Privilege) -> u16 {
        1 << privilege as u16
    }
}

impl FromIterator<Privilege> for Privileges {
    fn from_iter<I: IntoIterator<Item = Privilege>>(privileges: I) -> Self {
        privileges.into_iter().fold(Self::NONE, |all, privilege| match privilege {
            Admin => Self::ALL,
            one => Self(all.0 | Self::bit(one) | one.implies().map_or(0, Self::bit)),
        })
    }
}

impl fmt::Debug for Privileges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Privilege::name)).finish()
    }
}

/// A role in an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and writes, but does not loosen policies.
    Editor,
    /// Does everything in the organisation.
    Admin,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Admin];

    /// The name in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// The role of exactly this name.
    ///
    /// # Errors
    /// `Invalid`, naming it.
    pub fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|role| role.name() == name);
        found.ok_or_else(|| Error::invalid(format!("unknown role: {} (viewer, editor or admin)", name.escape_debug())))
    }

    /// What it gives in its organisation.
    pub fn privileges(self) -> Privileges {
        let viewer = [ReadConf, ReadMetadata, ReadSchema, ReadData, MonitorJobs];
        match self {
            Self::Viewer => Privileges::of(&viewer),
            Self::Editor => {
                let editor = [WriteConf, WriteMetadata, WriteSchema, WriteData, RunJobs];
                Privileges::of(&viewer).union(Privileges::of(&editor))
            }
            Self::Admin => Privileges::ALL,
        }
    }
}

/// What a project's permissions give a group (`contracts/projects.md` 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PermissionType {
    /// Dashboards: descriptions, nothing else.
    Reader,
    /// Reads everything.
    AnalystReadonly,
    /// Reads and writes everything.
    AnalystReadwrite,
    /// Decides about the project.
    Admin,
}

impl PermissionType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Reader, Self::AnalystReadonly, Self::AnalystReadwrite, Self::Admin];

    /// The name in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reader => "READER",
            Self::AnalystReadonly => "ANALYST_READONLY",
            Self::AnalystReadwrite => "ANALYST_READWRITE",
            Self::Admin => "ADMIN",
        }
    }

    /// The type of exactly this name.
    ///
    /// # Errors
    /// `Invalid`, naming it.
    pub fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| Error::invalid(format!("unknown permission type: {}", name.escape_debug())))
    }

    /// What it gives on the project.
    pub fn privileges(self) -> Privileges {
        match self {
            Self::Reader => Privileges::of(&[ReadMetadata]),
            Self::AnalystReadonly => Privileges::of(&[ReadConf, ReadMetadata, ReadSchema, ReadData, MonitorJobs]),
            Self::AnalystReadwrite => {
                let write = [WriteConf, WriteMetadata, WriteSchema, WriteData, RunJobs];
                Self::AnalystReadonly.privileges().union(Privileges::of(&write))
            }
            Self::Admin => Privileges::ALL,
        }
    }
}

/// What a share of a dataset gives (`contracts/platform.md` 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SharePermission {
    /// Reading.
    Read,
    /// Reading and writing.
    ReadWrite,
}

impl SharePermission {
    /// The name in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "dataset.read",
            Self::ReadWrite => "dataset.readwrite",
        }
    }

    /// What it gives on the dataset.
    pub fn privileges(self) -> Privileges {
        let read = [ReadConf, ReadMetadata, ReadSchema, ReadData];
        match self {
            Self::Read => Privileges::of(&read),
            Self::ReadWrite => Privileges::of(&read).union(Privileges::of(&[WriteConf, WriteMetadata, WriteSchema, WriteData])),
        }
    }
}

/// What a public dataset gives whoever may read at all.
pub fn of_public_datasets() -> Privileges {
    Privileges::of(&[ReadConf, ReadMetadata, ReadSchema, ReadData])
}

/// What operating the dataset server takes, on the default project: registering, reloading, persisting. It is no part of this to
/// read rows, but whoever registers publishes, and names files of the machine.
pub fn of_operators() -> Privileges {
    Privileges::of(&[WriteConf, WritePolicy, RunJobs, MonitorJobs, RunCode])
}

/// What the owner of data packages has on the project that holds them: everything but running code and deciding who else has what.
pub fn of_package_owners() -> Privileges {
    let more = [WritePolicy, RunJobs, MonitorJobs];
    PermissionType::AnalystReadwrite.privileges().union(Privileges::of(&more))
}

/// What may be granted on single datasets by a key (`contracts/projects.md` 2.3).
pub fn grantable_on_datasets() -> Privileges {
    Privileges::of(&[ReadData, WriteData, ReadMetadata, WriteMetadata, ReadSchema, WriteSchema])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_others_are_refused_by_name() {
        for privilege in Privilege::ALL {
            assert_eq!(Privilege::parse(privilege.name()).unwrap(), privilege);
        }
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()).unwrap(), role);
        }
        for kind in PermissionType::ALL {
            assert_eq!(PermissionType::parse(kind.name()).unwrap(), kind);
        }
        for name in ["", "read_data", "READ_DATA ", "ROOT\0"] {
            let error = Privilege::parse(name).unwrap_err();
            assert!(error.message().contains(&*name.escape_debug().to_string()), "{error}");
        }
    }

    #[test]
    fn writing_implies_reading_and_nothing_else_is_implied() {
        assert_eq!(Privileges::of(&[WriteData]), Privileges::of(&[WriteData, ReadData]));
        assert!(!Privileges::of(&[RunJobs]).contains(MonitorJobs));
        assert!(!Privileges::of(&[ReadData]).contains(ReadSchema));
        assert!(!Privileges::of(&[WriteConf]).contains(WriteData));
        assert_eq!(Privileges::of(&[Admin]), Privileges::ALL);
        assert_eq!(Privileges::ALL.iter().count(), 13);
    }

    #[test]
    fn roles_grow_and_only_administrators_loosen_policies() {
        let [viewer, editor, admin] = Role::ALL.map(Role::privileges);
        assert_eq!(viewer.intersection(editor), viewer);
        assert_eq!(editor.intersection(admin), editor);
        assert!(!editor.contains(WritePolicy) && admin.contains(WritePolicy));
        assert!(admin.contain_all(of_operators()) && !editor.contain_all(of_operators()));
        assert!(!of_operators().contains(ReadData));
        assert!(!viewer.iter().any(|privilege| privilege.name().starts_with("WRITE") || privilege == RunJobs));
    }

    #[test]
    fn permission_types_are_those_of_the_contract() {
        let names = |kind: PermissionType| kind.privileges().iter().map(Privilege::name).collect::<Vec<_>>().join(" ");
        assert_eq!(names(PermissionType::Reader), "READ_METADATA");
        assert_eq!(names(PermissionType::AnalystReadonly), "READ_CONF READ_METADATA READ_SCHEMA READ_DATA MONITOR_JOBS");
        assert_eq!(
            names(PermissionType::AnalystReadwrite),
            "READ_CONF WRITE_CONF READ_METADATA WRITE_METADATA READ_SCHEMA WRITE_SCHEMA READ_DATA WRITE_DATA RUN_JOBS MONITOR_JOBS"
        );
        assert_eq!(PermissionType::Admin.privileges(), Privileges::ALL);
    }
}
