//! Lists of datasets: pages, orders, texts, and who sees which.

use super::{member, uploaded};
use crate::shelf::list::MOST_NAMED;
use crate::testing::{Fixture, admin, reader};
use crate::{Ctx, DatasetFilter, DatasetOrder, MaskChange, MasksChange, State, Visibility};
use datahall_catalog::{Actor, AuditEntry, Dataset, List, Origin};
use datahall_core::privilege::Role;

async fn names(fixture: &Fixture, ctx: &Ctx, filter: &DatasetFilter, page: (u64, u64)) -> (Vec<String>, u64) {
    let found = fixture.service.datasets(ctx, filter, page.0, page.1).await.unwrap();
    (found.items.into_iter().map(|info| info.name).collect(), found.total.unwrap())
}

#[tokio::test]
async fn pages_of_what_the_organisation_has_in_every_order() {
    let fixture = Fixture::new().await;
    let edith = member(&fixture, "edith", "acme", Role::Editor).await;
    for (at, name) in ["cc", "aa", "bb"].into_iter().enumerate() {
        let mut new = uploaded(&fixture, name).await;
        (new.row_count, new.friendly_name) = (Some(10 - at as u64), Some(format!("Größe {name}")));
        fixture.service.add_dataset(&edith, new).await.unwrap();
        fixture.clock.advance(1);
    }
    let list = async |filter: DatasetFilter, page| names(&fixture, &edith, &filter, page).await;
    let by = |order, descending| DatasetFilter { order, descending, ..DatasetFilter::default() };
    assert_eq!(list(by(DatasetOrder::Name, false), (2, 0)).await, (vec!["aa".into(), "bb".into()], 3));
    assert_eq!(list(by(DatasetOrder::Name, true), (9, 1)).await, (vec!["bb".into(), "aa".into()], 3));
    assert_eq!(list(by(DatasetOrder::CreatedAt, false), (1, 0)).await.0, ["cc"]);
    assert_eq!(list(by(DatasetOrder::UpdatedAt, true), (1, 0)).await.0, ["bb"]);
    assert_eq!(list(by(DatasetOrder::RowCount, false), (9, 0)).await.0, ["bb", "aa", "cc"]);
    assert_eq!(list(by(DatasetOrder::Name, false), (9, 99)).await, (vec![], 3));
    let text = |text: &str| DatasetFilter { text: Some(text.into()), ..DatasetFilter::default() };
    assert_eq!(list(text("GRÖSSE"), (9, 0)).await.1, 0, "sharp s is no ss in lower case");
    assert_eq!(list(text("größe A"), (9, 0)).await, (vec!["aa".into()], 1));
    assert_eq!(list(text("KIND"), (1, 0)).await.1, 3, "the name of a column");
    assert_eq!(names(&fixture, &admin(), &DatasetFilter::default(), (9, 0)).await.1, 0, "another organisation's");
}

#[tokio::test]
async fn a_text_is_not_found_in_columns_that_are_hidden() {
    let fixture = Fixture::new().await;
    let editor = member(&fixture, "edith", "default", Role::Editor).await;
    let mut new = uploaded(&fixture, "aa").await;
    let mask = MaskChange { hidden: Some(Some(true)), unmask_roles: Some(Some(vec!["admin".into()])), ..MaskChange::default() };
    new.policy.masks = Some(MasksChange::Replace([("kind".to_owned(), mask)].into()));
    fixture.service.add_dataset(&editor, new).await.unwrap();
    let kind = DatasetFilter { text: Some("kind".into()), ..DatasetFilter::default() };
    assert_eq!(names(&fixture, &editor, &kind, (9, 0)).await.1, 0);
    assert_eq!(names(&fixture, &admin(), &kind, (9, 0)).await.1, 1);
}

#[tokio::test]
async fn datasets_of_all_origins_are_in_one_list_and_in_the_other_dialects() {
    let fixture = Fixture::with("[[dataset]]\nname = 'file'\nsource = {kind='csv',location='ok'}\n").await;
    let service = &fixture.service;
    fixture.register("runtime").await;
    service.add_dataset(&admin(), uploaded(&fixture, "private").await).await.unwrap();
    let public = crate::NewDataset { visibility: Visibility::Public, ..uploaded(&fixture, "public").await };
    service.add_dataset(&admin(), public).await.unwrap();
    let all = names(&fixture, &admin(), &DatasetFilter::default(), (9, 0)).await;
    assert_eq!(all, (["file", "private", "public", "runtime"].map(str::to_owned).into(), 4));
    let listed = async |ctx: &Ctx| service.list(ctx).await.unwrap();
    assert_eq!(listed(&admin()).await.len(), 4);
    let seen = listed(&reader()).await;
    assert_eq!(seen.iter().map(|status| status.name.as_str()).collect::<Vec<_>>(), ["file", "public", "runtime"]);
    assert_eq!((seen[1].rows, seen[1].columns, seen[1].state), (Some(3), 2, State::Published));
    assert_eq!(fixture.engine.begun.load(std::sync::atomic::Ordering::Relaxed), 0);
}

/// Records that this server was told nothing of, as other servers' files and registrations leave them.
async fn strangers(fixture: &Fixture, count: usize) {
    let mut change = fixture.service.catalog.change(&Actor::system()).await.unwrap();
    for at in 0..count {
        let origin = if at % 2 == 0 { Origin::File } else { Origin::Runtime };
        let mut record = Dataset { project: "default".into(), name: format!("b{at}"), origin, ..Dataset::default() };
        change.insert(&mut record).await.unwrap();
    }
    change.commit(AuditEntry::new("test")).await.unwrap();
}

async fn without_strangers(fixture: &Fixture) {
    let mut change = fixture.service.catalog.change(&Actor::system()).await.unwrap();
    for record in change.list(&List::<Dataset>::all().contains("name", "b")).await.unwrap().items {
        change.delete(&record).await.unwrap();
    }
    change.commit(AuditEntry::new("test")).await.unwrap();
}

#[tokio::test]
async fn what_other_servers_have_is_left_out_however_much_it_is() {
    let fixture = Fixture::with("[[dataset]]\nname = 'a'\nsource = {kind='csv',location='ok'}\n").await;
    fixture.register("c").await;
    let (service, all) = (&fixture.service, DatasetFilter::default());
    let both = (vec!["a".to_owned(), "c".to_owned()], 2);
    for (count, named) in [(2, true), (MOST_NAMED + 1, false)] {
        strangers(&fixture, count).await;
        // Before the server has looked which they are, none of them is shown either.
        assert_eq!(names(&fixture, &admin(), &all, (20_000, 0)).await.0, both.0);
        service.see_elsewhere().await.unwrap();
        assert_eq!(service.elsewhere().len() <= MOST_NAMED, named);
        assert_eq!(names(&fixture, &admin(), &all, (9, 0)).await, both);
        let texts = DatasetFilter { text: Some("b1".into()), ..DatasetFilter::default() };
        assert_eq!(names(&fixture, &admin(), &texts, (9, 0)).await.1, 0);
        without_strangers(&fixture).await;
    }
    service.see_elsewhere().await.unwrap();
    // What is registered is listed at once, also where somebody looked between its record and its name.
    assert!(service.elsewhere().is_empty());
    fixture.register("b").await;
    assert_eq!(names(&fixture, &admin(), &all, (9, 0)).await.0, ["a", "b", "c"]);
}
