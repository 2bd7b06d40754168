//! The audit log: complete, without secrets, never changed.

use crate::support::{Site, actor, change, entry, insert, object, on_both, organisation};
use datahall_catalog::*;
use serde_json::json;
use sqlx::Row as _;

on_both!(entries_tell_all_and_are_found, secrets_stay_out, nothing_changes_an_entry, retention_deletes_what_is_old);

async fn all(catalog: &Catalog) -> Vec<AuditRecord> {
    catalog.audit(&AuditQuery { limit: 100, ..Default::default() }).await.unwrap().items
}

async fn entries_tell_all_and_are_found(site: Site) {
    let catalog = site.open().await;
    let before = organisation(&catalog, "acme").await;
    let mut after = before.clone();
    after.title = "New".into();
    let mut two = change(&catalog).await;
    two.update(&mut after).await.unwrap();
    two.audit(AuditEntry::new("extra").detail(json!({"op": "replace"})).organisation("o1"));
    two.commit(AuditEntry::updated("organisation.update", &before, &after).unwrap()).await.unwrap();
    let refused = AuditEntry::new("login").on("user", "mallory\0").outcome(Outcome::Refused);
    catalog.record(&Actor::named("nobody"), refused).await.unwrap();

    let entries = all(&catalog).await;
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["login", "organisation.update", "extra", "organisation.create"]);
    assert!(entries.windows(2).all(|pair| pair[0].id > pair[1].id));
    let update = &entries[1];
    assert_eq!(
        (update.principal.as_str(), update.address.as_deref(), update.request_id.as_str()),
        ("ada", Some("192.0.2.1"), "r1")
    );
    assert_eq!((update.object_type.as_str(), &update.object), ("organisation", &before.meta.id));
    assert_eq!(update.before.as_ref().unwrap()["title"], "ACME");
    assert_eq!(update.after.as_ref().unwrap()["title"], "New");
    assert_eq!(update.after.as_ref().unwrap()["version"], 2);
    assert_eq!((update.outcome, update.at), (Outcome::Done, after.meta.updated_at));
    assert_eq!(entries[2].detail, Some(json!({"op": "replace"})));
    assert_eq!((entries[0].outcome, entries[0].object.as_str()), (Outcome::Refused, "mallory\u{fffd}"));

    let found = async |query: AuditQuery| {
        let page = catalog.audit(&AuditQuery { limit: 10, ..query }).await.unwrap();
        assert_eq!(page.total, Some(page.items.len() as u64));
        page.items.into_iter().map(|entry| entry.action).collect::<Vec<_>>()
    };
    assert_eq!(found(AuditQuery { principal: Some("nobody".into()), ..Default::default() }).await, ["login"]);
    assert_eq!(found(AuditQuery { outcome: Some(Outcome::Refused), ..Default::default() }).await, ["login"]);
    assert_eq!(found(AuditQuery { organisation: Some("o1".into()), ..Default::default() }).await, ["extra"]);
    assert_eq!(found(AuditQuery { action: Some("extra".into()), ..Default::default() }).await, ["extra"]);
    let object =
        AuditQuery { object_type: Some("organisation".into()), object: Some(before.meta.id.clone()), ..Default::default() };
    assert_eq!(found(object).await, ["organisation.update", "organisation.create"]);
    assert_eq!(found(AuditQuery { until: Some(before.meta.created_at), ..Default::default() }).await, [""; 0]);
    assert_eq!(found(AuditQuery { from: Some(before.meta.created_at), ..Default::default() }).await.len(), 4);
    assert_eq!(found(AuditQuery { action: Some("\0".into()), ..Default::default() }).await, [""; 0]);
    let page = catalog.audit(&AuditQuery { limit: 1, offset: 1, ..Default::default() }).await.unwrap();
    assert_eq!((page.items[0].action.as_str(), page.total), ("organisation.update", Some(4)));
}

async fn secrets_stay_out(site: Site) {
    const SECRET: &str = "hunter2";
    let catalog = site.open().await;
    let organisation = organisation(&catalog, "acme").await.meta.id;
    let config = object(json!({"host": "h", "password": SECRET, "odd": {"deep": SECRET}, "path": "x://u:hunter2@h/"}));
    let mut connection = Connection { organisation, name: "c".into(), config: Hidden(config), ..Default::default() };
    insert(&catalog, &mut connection).await;
    let mut user = User { login: "u".into(), password_hash: Some(Hidden(SECRET.into())), ..Default::default() };
    insert(&catalog, &mut user).await;
    insert(&catalog, &mut Key { prefix: "p".into(), hash: Hidden(SECRET.into()), ..Default::default() }).await;
    insert(&catalog, &mut Session { hash: Hidden(SECRET.into()), user: user.meta.id.clone(), ..Default::default() }).await;
    let before = user.clone();
    user.password_hash = Some(Hidden("hunter2, and more".into()));
    let mut update = change(&catalog).await;
    update.update(&mut user).await.unwrap();
    update.commit(AuditEntry::updated("user.update", &before, &user).unwrap()).await.unwrap();
    let mut delete = change(&catalog).await;
    delete.delete(&connection).await.unwrap();
    delete.commit(AuditEntry::deleted("connection.delete", &connection).unwrap()).await.unwrap();

    let columns = "coalesce(\"before\", '') || coalesce(\"after\", '') || coalesce(\"detail\", '') || \"object\"";
    let rows = site.query(&format!("SELECT {columns} FROM \"audit\"")).await;
    assert_eq!(rows.len(), 7);
    for row in rows {
        let text: String = row.get(0);
        assert!(!text.contains(SECRET), "{text}");
    }
    let entries = all(&catalog).await;
    assert_eq!(entries[1].after.as_ref().unwrap()["password_hash"], "(secret, changed)");
    // What is kept is kept whole.
    assert_eq!(catalog.get::<User>(&user.meta.id).await.unwrap().unwrap().password_hash, user.password_hash);
}

async fn nothing_changes_an_entry(site: Site) {
    let catalog = site.open().await;
    catalog.record(&actor(), entry()).await.unwrap();
    let tries = ["UPDATE \"audit\" SET \"principal\" = 'x'", "DELETE FROM \"audit\"", "UPDATE \"audit\" SET \"at\" = 0"];
    for text in tries {
        let error = site.try_execute(text).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{text}: {error}");
    }
    if !site.is_sqlite() {
        assert!(site.try_execute("TRUNCATE \"audit\"").await.unwrap_err().to_string().contains("append-only"));
    }
    assert_eq!(all(&catalog).await.len(), 1);
}

async fn retention_deletes_what_is_old(site: Site) {
    let catalog = site.open().await;
    for _ in 0..3 {
        catalog.record(&actor(), AuditEntry::new("old")).await.unwrap();
    }
    let last = all(&catalog).await[0].at;
    assert_eq!(catalog.prune_audit(&Actor::system(), Millis(0)).await.unwrap(), 0);
    assert_eq!(catalog.prune_audit(&Actor::system(), Millis(last.0 + 1)).await.unwrap(), 3);
    let entries = all(&catalog).await;
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].action.as_str(), entries[0].principal.as_str()), ("audit.prune", "system"));
    assert_eq!(entries[0].detail.as_ref().unwrap()["entries"], 3);
    // Afterwards it is shut again.
    assert!(site.try_execute("DELETE FROM \"audit\"").await.is_err());
}
