//! The records, a file each: the struct, how it is looked up, and the constants that say how it is kept.

mod activity;
mod connection;
mod dataset;
mod delivery;
mod event;
mod grant;
mod group;
mod job;
mod key;
mod link;
mod mask;
mod organisation;
mod package;
mod project;
mod recipe;
mod resource;
mod revision;
mod schedule;
mod session;
mod setting;
mod user;

pub use activity::Activity;
pub use connection::{Connection, UsableBy};
pub use dataset::{Dataset, Origin, Visibility};
pub use delivery::Delivery;
pub use event::Event;
pub use grant::Grant;
pub use group::{Group, Membership};
pub use job::{Job, JobState};
pub use key::Key;
pub use link::Link;
pub use mask::Mask;
pub use organisation::Organisation;
pub use package::{Package, PackageKind};
pub use project::Project;
pub use recipe::Recipe;
pub use resource::Resource;
pub use revision::{Revision, RevisionState};
pub use schedule::Schedule;
pub use session::Session;
pub use setting::Setting;
pub use user::{OrganisationRole, User};

use crate::record::{Record, Table};

/// Every table of records, parents before what refers to them.
pub(crate) const TABLES: &[&Table] = &[
    Organisation::TABLE,
    Project::TABLE,
    Connection::TABLE,
    Dataset::TABLE,
    Package::TABLE,
    Resource::TABLE,
    Link::TABLE,
    Revision::TABLE,
    Event::TABLE,
    Delivery::TABLE,
    Recipe::TABLE,
    Job::TABLE,
    Activity::TABLE,
    Schedule::TABLE,
    User::TABLE,
    Group::TABLE,
    Membership::TABLE,
    Key::TABLE,
    Session::TABLE,
    Grant::TABLE,
    Mask::TABLE,
    Setting::TABLE,
];

/// Does something for every kind of record: `$body` is what runs, with `$Kind` naming the type.
macro_rules! for_each_record {
    ($Kind:ident => $body:expr) => {{
        {
            type $Kind = $crate::records::Organisation;
            $body
        }
        {
            type $Kind = $crate::records::Project;
            $body
        }
        {
            type $Kind = $crate::records::Connection;
            $body
        }
        {
            type $Kind = $crate::records::Dataset;
            $body
        }
        {
            type $Kind = $crate::records::Package;
            $body
        }
        {
            type $Kind = $crate::records::Resource;
            $body
        }
        {
            type $Kind = $crate::records::Link;
            $body
        }
        {
            type $Kind = $crate::records::Revision;
            $body
        }
        {
            type $Kind = $crate::records::Event;
            $body
        }
        {
            type $Kind = $crate::records::Delivery;
            $body
        }
        {
            type $Kind = $crate::records::Recipe;
            $body
        }
        {
            type $Kind = $crate::records::Job;
            $body
        }
        {
            type $Kind = $crate::records::Activity;
            $body
        }
        {
            type $Kind = $crate::records::Schedule;
            $body
        }
        {
            type $Kind = $crate::records::User;
            $body
        }
        {
            type $Kind = $crate::records::Group;
            $body
        }
        {
            type $Kind = $crate::records::Membership;
            $body
        }
        {
            type $Kind = $crate::records::Key;
            $body
        }
        {
            type $Kind = $crate::records::Session;
            $body
        }
        {
            type $Kind = $crate::records::Grant;
            $body
        }
        {
            type $Kind = $crate::records::Mask;
            $body
        }
        {
            type $Kind = $crate::records::Setting;
            $body
        }
    }};
}
pub(crate) use for_each_record;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn parents_come_first_and_names_are_used_once() {
        let mut seen = BTreeSet::new();
        for table in TABLES {
            for column in table.columns {
                assert!(column.parent.is_none_or(|parent| seen.contains(parent.table)), "{}.{}", table.name, column.name);
            }
            let known = |name: &str| table.column(name).is_some();
            assert!(table.unique.iter().flat_map(|key| key.iter()).all(|name| known(name)), "{}", table.name);
            assert!(table.bookkeeping.iter().all(|name| known(name)), "{}", table.name);
            assert!(seen.insert(table.name), "{}", table.name);
        }
    }
}
