//! Packages: what is published.

use super::Visibility;
use crate::Object;
use crate::record::{Column, Find, Meta, Record, Table};
use serde::{Deserialize, Serialize};

/// The kinds of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageKind {
    /// A page of the portal.
    #[default]
    Portal,
    /// An entry of the registry, produced revision by revision.
    Spec,
}

/// What is published: a description, with resources and links as records of their own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Package {
    /// Id, version, who and when.
    #[serde(skip)]
    pub meta: Meta,
    /// The id of its project.
    pub project: String,
    /// Its page: five of `a-z0-9`, unique, given on insert when it is empty.
    pub page_id: String,
    /// Which kind it is.
    pub kind: PackageKind,
    /// Its short name, unique among the project's packages of its kind.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Who may read it.
    pub visibility: Visibility,
    /// All else: description, licence, tags, topics, custom fields.
    pub body: Object,
}

impl Package {
    /// By its page.
    pub fn by_page(page_id: &str) -> Find<Self> {
        Find::new(&["page_id"], [page_id.into()])
    }

    /// By its name among the packages of that kind in the project of that id.
    pub fn by_name(project: &str, kind: PackageKind, name: &str) -> Find<Self> {
        let kind = match kind {
            PackageKind::Portal => "portal",
            PackageKind::Spec => "spec",
        };
        Find::new(&["project", "kind", "name"], [project.into(), kind.into(), name.into()])
    }
}

const COLUMNS: &[Column] = &[
    Column::refers("project", "projects"),
    Column::text("page_id"),
    Column::text("kind"),
    Column::name("name"),
    Column::name("title"),
    Column::text("visibility"),
];

impl Record for Package {
    const TABLE: &'static Table = &Table {
        unique: &[&["page_id"], &["project", "kind", "name"]],
        page: true,
        ..Table::new("packages", "package", COLUMNS)
    };

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
}
