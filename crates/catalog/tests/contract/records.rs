//! Every kind of record: kept whole, unique where it says so, bound to its parents.

use crate::support::{Site, change, entry, insert, object, on_both, organisation, project};
use datahall_catalog::*;
use datahall_core::Code;
use serde_json::json;
use std::fmt::Debug;

on_both!(
    every_kind_of_record_comes_back_as_it_was,
    names_are_unique_in_their_parent_ignoring_case,
    taken_names_are_told_and_secrets_are_not,
    parents_must_be_there,
    what_is_used_cannot_be_deleted,
    parts_go_with_the_whole,
    page_ids_are_given_once,
    text_that_cannot_be_kept_is_refused,
);

/// Inserts it, reads it, updates it, reads it again.
async fn round_trip<R: Record + Clone + PartialEq + Debug>(
    catalog: &Catalog,
    mut record: R,
    by: impl Fn(&R) -> Option<Find<R>>,
) -> String {
    insert(catalog, &mut record).await;
    let meta = record.meta().clone();
    assert_eq!((meta.id.len(), meta.version, meta.created_by.as_str()), (16, 1, "ada"), "{record:?}");
    assert_eq!(catalog.get::<R>(&meta.id).await.unwrap().unwrap(), record);
    if let Some(find) = by(&record) {
        assert_eq!(catalog.find(find).await.unwrap().unwrap(), record);
    }
    assert_eq!(catalog.list(&List::<R>::all()).await.unwrap().items, [record.clone()]);
    let mut change = change(catalog).await;
    let mut there: R = change.get(&meta.id).await.unwrap().unwrap();
    change.update(&mut there).await.unwrap();
    change.commit(entry()).await.unwrap();
    assert_eq!(there.meta().version, 2);
    assert_eq!(catalog.get::<R>(&meta.id).await.unwrap().unwrap(), there);
    meta.id
}

async fn every_kind_of_record_comes_back_as_it_was(site: Site) {
    let catalog = site.open().await;
    let any = object(json!({"a": [1, null, {"b": "ü\u{0}"}], "big": 9007199254740993u64, "half": 0.1}));
    let strings = vec!["x".to_owned(), "ß".to_owned()];
    let record = Organisation { key: "Acme".into(), title: "Ä".into(), settings: any.clone(), ..Default::default() };
    let organisation = round_trip(&catalog, record, |it| Some(Organisation::by_key(&it.key))).await;
    let record = Project {
        organisation: organisation.clone(),
        key: "PKEY1".into(),
        name: "A project".into(),
        owner: Some("me".into()),
        permissions: vec![json!({"group": "g", "type": "READER"}), json!({"group": "h", "admin": true})],
        tags: strings.clone(),
        description: "d".into(),
        metadata: any.clone(),
        variables: any.clone(),
        settings: any.clone(),
        ..Default::default()
    };
    let project = round_trip(&catalog, record, |it| Some(Project::by_key(&it.organisation, "pkey1"))).await;
    let dataset = data(&catalog, &organisation, &project, &any, &strings).await;
    published(&catalog, &project, &dataset, &any).await;
    done(&catalog, &project, &any, &strings).await;
    people(&catalog, &organisation, &any, &strings).await;
    let record = Setting { name: "variables".into(), value: json!(any), ..Default::default() };
    round_trip(&catalog, record, |_| Some(Setting::by_name("VARIABLES"))).await;
    assert_eq!(catalog.check().await.unwrap().problems, Vec::<String>::new());
}

async fn data(catalog: &Catalog, organisation: &str, project: &str, any: &Object, strings: &[String]) -> String {
    let record = Connection {
        organisation: organisation.into(),
        name: "Pg".into(),
        kind: "PostgreSQL".into(),
        config: Hidden(any.clone()),
        usable_by: UsableBy::Allowed,
        allowed_groups: strings.to_vec(),
        description: "d".into(),
        body: any.clone(),
        ..Default::default()
    };
    let connection = round_trip(catalog, record, |it| Some(Connection::by_name(&it.organisation, "PG"))).await;
    let record = Dataset {
        project: project.into(),
        name: "Flights".into(),
        origin: Origin::File,
        visibility: Visibility::Public,
        connection: Some(connection),
        owner: Some("me".into()),
        generation: i64::MAX,
        source: any.clone(),
        options: any.clone(),
        policy: any.clone(),
        metadata: any.clone(),
        schema: Some(json!([1])),
        kind: "upload".into(),
        row_count: Some(i64::MAX),
        provenance: any.clone(),
        settings: any.clone(),
        cache: Some("t".into()),
        ..Default::default()
    };
    let dataset = round_trip(catalog, record, |it| Some(Dataset::by_page(&it.page_id))).await;
    let record = Grant {
        dataset: dataset.clone(),
        grantee_type: "group".into(),
        grantee: "g".into(),
        permission: "read".into(),
        body: any.clone(),
        ..Default::default()
    };
    round_trip(catalog, record, |it| Some(Grant::by_grantee(&it.dataset, "group", "g"))).await;
    let record = Mask {
        dataset: dataset.clone(),
        column: "email".into(),
        strategy: "partial".into(),
        hidden: true,
        unmask_roles: strings.to_vec(),
        params: any.clone(),
        ..Default::default()
    };
    round_trip(catalog, record, |it| Some(Mask::by_column(&it.dataset, "email"))).await;
    dataset
}

async fn published(catalog: &Catalog, project: &str, dataset: &str, any: &Object) {
    let record = Package {
        project: project.into(),
        page_id: "20abc".into(),
        kind: PackageKind::Spec,
        name: "title-slug".into(),
        title: "Title".into(),
        visibility: Visibility::Public,
        body: any.clone(),
        ..Default::default()
    };
    let package = round_trip(catalog, record, |it| Some(Package::by_name(&it.project, it.kind, &it.name))).await;
    let record = Resource {
        package: package.clone(),
        key: "0ck".into(),
        position: 2,
        dataset: Some(dataset.into()),
        body: any.clone(),
        ..Default::default()
    };
    round_trip(catalog, record, |it| Some(Resource::by_key(&it.package, "0ck"))).await;
    let record = Link { package: package.clone(), key: "gn9".into(), position: -1, body: any.clone(), ..Default::default() };
    round_trip(catalog, record, |it| Some(Link::by_key(&it.package, "gn9"))).await;
    let record = Revision {
        package: package.clone(),
        number: 7,
        job: Some("j".into()),
        state: Some(RevisionState::Failed),
        kept: true,
        spec: any.clone(),
        descriptor: Some(any.clone()),
        ended_at: Some(Millis(5)),
        summary: any.clone(),
        ..Default::default()
    };
    round_trip(catalog, record, |it| Some(Revision::by_number(&it.package, 7))).await;
    let record = Event { package, number: 7, body: any.clone(), ..Default::default() };
    let event = round_trip(catalog, record, |it| Some(Event::by_number(&it.package, 7))).await;
    let record = Delivery {
        event: Some(event),
        channel: "hook".into(),
        next_at: Some(Millis(1)),
        attempts: 2,
        delivered_at: Some(Millis(3)),
        error: Some("no".into()),
        body: any.clone(),
        ..Default::default()
    };
    round_trip(catalog, record, |_| None).await;
}

async fn done(catalog: &Catalog, project: &str, any: &Object, strings: &[String]) {
    let record = Recipe {
        project: project.into(),
        name: "compute_x".into(),
        kind: "sql_query".into(),
        inputs: any.clone(),
        outputs: any.clone(),
        payload: Some("SELECT 1;\n-- ?".into()),
        body: any.clone(),
        ..Default::default()
    };
    round_trip(catalog, record, |it| Some(Recipe::by_name(&it.project, "COMPUTE_X"))).await;
    let record = Job {
        project: Some(project.into()),
        kind: "build".into(),
        state: JobState::Running,
        starter: "user:ada".into(),
        idempotency_key: Some("k".into()),
        abort_at: Some(Millis(3)),
        started_at: Some(Millis(1)),
        ended_at: Some(Millis(2)),
        organisation: Some("o".into()),
        principal: any.clone(),
        body: any.clone(),
        ..Default::default()
    };
    let job = round_trip(catalog, record, |it| Some(Job::by_idempotency_key(&it.starter, "k"))).await;
    let record = Activity {
        job,
        name: "a".into(),
        state: JobState::Aborted,
        lease_owner: Some("w".into()),
        lease_until: Some(Millis(3)),
        attempts: 2,
        position: 7,
        waits: 1,
        done: 2,
        total: Some(3),
        rows: 4,
        bytes: 5,
        started_at: Some(Millis(6)),
        ended_at: Some(Millis(7)),
        reason: Some("why".into()),
        kind: "copy".into(),
        needs: strings.to_vec(),
        outputs: strings.to_vec(),
        params: any.clone(),
        result: any.clone(),
        ..Default::default()
    };
    round_trip(catalog, record, |it| Some(Activity::by_name(&it.job, "a"))).await;
    let record = Schedule {
        kind: "refresh".into(),
        object: "o".into(),
        spec: "every 1h".into(),
        time_zone: Some("Europe/Paris".into()),
        next_at: Some(Millis(5)),
        project: Some("p".into()),
        owner: "config".into(),
        starter: "admin".into(),
        principal: any.clone(),
        last_job: Some("j".into()),
        body: any.clone(),
        ..Default::default()
    };
    round_trip(catalog, record, |_| None).await;
}

async fn people(catalog: &Catalog, organisation: &str, any: &Object, strings: &[String]) {
    let record = User {
        login: "Ada".into(),
        display_name: "Ada L.".into(),
        email: "a@example.org".into(),
        password_hash: Some(Hidden("$argon2".into())),
        enabled: true,
        admin: true,
        memberships: vec![OrganisationRole { organisation: organisation.into(), role: "editor".into() }],
        attributes: any.clone(),
        profile: any.clone(),
        ..Default::default()
    };
    let user = round_trip(catalog, record, |_| Some(User::by_login("ADA"))).await;
    let record =
        Group { name: "all of us".into(), description: "d".into(), admin: true, source: "LOCAL".into(), ..Default::default() };
    round_trip(catalog, record, |_| Some(Group::by_name("All Of Us"))).await;
    let record = Membership { user: user.clone(), group: "not there".into(), ..Default::default() };
    round_trip(catalog, record, |it| Some(Membership::by_user_and_group(&it.user, "Not there"))).await;
    let record = Key {
        prefix: "dh_1".into(),
        hash: Hidden("h".into()),
        label: "CI".into(),
        description: "d".into(),
        organisation: Some(organisation.into()),
        role: Some("viewer".into()),
        owner: Some("ada".into()),
        groups: strings.to_vec(),
        grants: any.clone(),
        expires_at: Some(Millis(1)),
        revoked_at: Some(Millis(2)),
        last_used_at: Some(Millis(3)),
        ..Default::default()
    };
    round_trip(catalog, record, |_| Some(Key::by_prefix("dh_1"))).await;
    let record = Session {
        hash: Hidden("h".into()),
        user,
        expires_at: Millis(9),
        last_used_at: Some(Millis(8)),
        body: any.clone(),
        ..Default::default()
    };
    round_trip(catalog, record, |_| Some(Session::by_hash("h"))).await;
}

async fn names_are_unique_in_their_parent_ignoring_case(site: Site) {
    let catalog = site.open().await;
    let project = project(&catalog).await;
    let dataset = |project: &str, name: &str| Dataset { project: project.into(), name: name.into(), ..Default::default() };
    insert(&catalog, &mut dataset(&project.meta.id, "Straße ÉTÉ")).await;
    let mut second = change(&catalog).await;
    let error = second.insert(&mut dataset(&project.meta.id, "straße été")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Conflict, "dataset 'straße été' already exists"));
    drop(second);
    let mut other = Project { organisation: project.organisation.clone(), key: "OTHER".into(), ..Default::default() };
    insert(&catalog, &mut other).await;
    insert(&catalog, &mut dataset(&other.meta.id, "straße été")).await;
    let found = catalog.find(Dataset::by_name(&other.meta.id, "STRAßE ÉTÉ")).await.unwrap().unwrap();
    assert_eq!(found.name, "straße été");
    // A rename onto another name is refused the same way; onto itself in another case it is not.
    let mut third = change(&catalog).await;
    let mut there: Project = third.get(&other.meta.id).await.unwrap().unwrap();
    there.key = "Other".into();
    third.update(&mut there).await.unwrap();
    there.key = "main".into();
    assert_eq!(third.update(&mut there).await.unwrap_err().message(), "project 'main' already exists");
    assert_eq!(there.meta.version, 2);
}

async fn taken_names_are_told_and_secrets_are_not(site: Site) {
    let catalog = site.open().await;
    let mut user = User { login: "ada".into(), ..Default::default() };
    insert(&catalog, &mut user).await;
    let session = || Session { hash: Hidden("5ec4e7".into()), user: user.meta.id.clone(), ..Default::default() };
    insert(&catalog, &mut session()).await;
    let error = change(&catalog).await.insert(&mut session()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Conflict, "session already exists"));
    // Several jobs may have no key, and no two the same.
    for _ in 0..2 {
        insert(&catalog, &mut Job::default()).await;
    }
    let job = || Job { starter: "ada".into(), idempotency_key: Some("k".into()), ..Default::default() };
    insert(&catalog, &mut job()).await;
    assert_eq!(change(&catalog).await.insert(&mut job()).await.unwrap_err().message(), "job 'ada', 'k' already exists");
    insert(&catalog, &mut Job { starter: "bob".into(), ..job() }).await;
}

async fn parents_must_be_there(site: Site) {
    let catalog = site.open().await;
    let project = project(&catalog).await;
    let mut dataset = Dataset { project: "nowhere".into(), name: "a".into(), ..Default::default() };
    let error = change(&catalog).await.insert(&mut dataset).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "project 'nowhere' does not exist"));
    assert_eq!(dataset.meta, Meta::default());
    dataset.project = project.meta.id;
    dataset.connection = Some("none".into());
    let error = change(&catalog).await.insert(&mut dataset).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "connection 'none' does not exist"));
}

async fn what_is_used_cannot_be_deleted(site: Site) {
    let catalog = site.open().await;
    let project = project(&catalog).await;
    let organisation: Organisation = catalog.get(&project.organisation).await.unwrap().unwrap();
    let error = change(&catalog).await.delete(&organisation).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(error.message(), format!("the organisation {} is still used by a project", organisation.meta.id));
    let mut last = change(&catalog).await;
    last.delete(&project).await.unwrap();
    last.delete(&organisation).await.unwrap();
    last.commit(entry()).await.unwrap();
    assert!(catalog.get::<Organisation>(&organisation.meta.id).await.unwrap().is_none());
    let error = change(&catalog).await.delete(&organisation).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
}

async fn parts_go_with_the_whole(site: Site) {
    let catalog = site.open().await;
    let project = project(&catalog).await;
    let mut dataset = Dataset { project: project.meta.id.clone(), name: "a".into(), ..Default::default() };
    insert(&catalog, &mut dataset).await;
    let mut mask = Mask { dataset: dataset.meta.id.clone(), column: "c".into(), ..Default::default() };
    insert(&catalog, &mut mask).await;
    let mut job = Job { project: Some(project.meta.id.clone()), ..Default::default() };
    insert(&catalog, &mut job).await;
    insert(&catalog, &mut Activity { job: job.meta.id.clone(), name: "x".into(), ..Default::default() }).await;
    let before = catalog.epochs().await.unwrap();
    let mut last = change(&catalog).await;
    last.delete(&dataset).await.unwrap();
    last.delete(&project).await.unwrap();
    last.commit(entry()).await.unwrap();
    assert!(catalog.get::<Mask>(&mask.meta.id).await.unwrap().is_none());
    assert!(catalog.list(&List::<Activity>::all()).await.unwrap().items.is_empty());
    let after = catalog.epochs().await.unwrap();
    for table in ["datasets", "masks", "projects", "jobs", "activities"] {
        assert_eq!(after[table], before[table] + 1, "{table}");
    }
    assert_eq!(after["organisations"], before["organisations"]);
}

async fn page_ids_are_given_once(site: Site) {
    let catalog = site.open().await;
    let project = project(&catalog).await.meta.id;
    let mut dataset = Dataset { project: project.clone(), name: "a".into(), ..Default::default() };
    insert(&catalog, &mut dataset).await;
    assert_eq!(dataset.page_id.len(), 5);
    // Not to a package either, nor after its owner has gone.
    let mut package =
        Package { project: project.clone(), name: "p".into(), page_id: dataset.page_id.clone(), ..Default::default() };
    let error = change(&catalog).await.insert(&mut package).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Conflict, format!("page '{}' already exists", dataset.page_id).as_str()));
    let mut last = change(&catalog).await;
    last.delete(&dataset).await.unwrap();
    last.commit(entry()).await.unwrap();
    assert_eq!(change(&catalog).await.insert(&mut package).await.unwrap_err().code(), Code::Conflict);
    package.page_id = "ABCDE".into();
    assert_eq!(change(&catalog).await.insert(&mut package).await.unwrap_err().code(), Code::Invalid);
    package.page_id = String::new();
    insert(&catalog, &mut package).await;
    package.page_id = "abcde".into();
    let error = change(&catalog).await.update(&mut package).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Invalid, "a page id never changes"));
}

async fn text_that_cannot_be_kept_is_refused(site: Site) {
    let catalog = site.open().await;
    let mut bad = Organisation { key: "a\0b".into(), ..Default::default() };
    assert_eq!(change(&catalog).await.insert(&mut bad).await.unwrap_err().code(), Code::Invalid);
    assert!(catalog.find(Organisation::by_key("a\0b")).await.unwrap().is_none());
    // In what is kept as JSON it is no trouble; and nothing else in a name is.
    let odd = "'; DROP TABLE \"users\"; -- \u{202e}\u{1f600}%_\\\n";
    let kept = organisation(&catalog, odd).await;
    assert_eq!(catalog.find(Organisation::by_key(odd)).await.unwrap().unwrap(), kept);
}
