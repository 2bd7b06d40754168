//! Reading all datasets of a project, some at a time, by an index that has them in order: there may be very many.

use datahall_catalog::{Catalog, Dataset, List};
use datahall_core::Result;

/// Records read at a time.
const CHUNK: u64 = 1000;

/// Where somebody is who reads them all.
pub(crate) struct Pages {
    list: List<Dataset>,
    /// Id and name of the last one that was read.
    last: Option<(String, String)>,
}

impl Pages {
    /// All those of the project of that id.
    pub(crate) fn of_project(project: &str) -> Self {
        Self::of(List::all().only("project", project))
    }

    /// All those of `list`, which are of one project.
    pub(crate) fn of(list: List<Dataset>) -> Self {
        Self { list, last: None }
    }

    /// The next ones, by their names; none when all were read.
    ///
    /// # Errors
    /// What the catalog says.
    pub(crate) async fn next(&mut self, catalog: &Catalog) -> Result<Vec<Dataset>> {
        let list = match &self.last {
            Some((_, name)) => self.list.clone().at_least("name", name.as_str()),
            None => self.list.clone(),
        };
        let mut page = catalog.list(&list.order_by("name").page(CHUNK + 1, 0)).await?.items;
        if let Some((id, _)) = &self.last {
            page.retain(|record| record.meta.id != *id);
        }
        if let Some(end) = page.last() {
            self.last = Some((end.meta.id.clone(), end.name.clone()));
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fixture;
    use datahall_catalog::{Actor, AuditEntry};

    #[tokio::test]
    async fn each_is_read_once_in_whatever_order_they_came() {
        let fixture = Fixture::new().await;
        let catalog = &fixture.service.catalog;
        let count = 2 * CHUNK + 5;
        let mut change = catalog.change(&Actor::system()).await.unwrap();
        for at in 0..count {
            // Neither by name nor by id in the order in which they were made; names in both cases.
            let name = format!("{}_{:06}", if at % 2 == 0 { "Many" } else { "many" }, (at * 7919) % count);
            let mut record = Dataset { project: "default".into(), name, ..Dataset::default() };
            change.insert(&mut record).await.unwrap();
        }
        change.commit(AuditEntry::new("test")).await.unwrap();
        let (mut pages, mut names) = (Pages::of_project("default"), Vec::new());
        loop {
            let page = pages.next(catalog).await.unwrap();
            if page.is_empty() {
                break;
            }
            names.extend(page.into_iter().map(|record| record.name.to_lowercase()));
        }
        assert!(names.is_sorted() && names.len() as u64 == count);
        names.dedup();
        assert_eq!(names.len() as u64, count);
        assert!(Pages::of_project("nowhere").next(catalog).await.unwrap().is_empty());
    }
}
