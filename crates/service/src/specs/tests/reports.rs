//! What outside runners report, by the contract's table of events.

use super::*;
use crate::testing::admin;
use datahall_catalog::List;
use datahall_core::Code;

fn told(outcome: &UpdateOutcome) -> (&str, Option<&str>, Vec<&str>) {
    (outcome.success(), outcome.id.as_deref(), outcome.errors.iter().map(String::as_str).collect())
}

#[tokio::test]
async fn events_move_pipelines_and_the_flow_with_them() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    let csv = format!("{id}/birthdays_csv");
    let state = async || {
        let there = status(service, "1").await;
        let one = there.pipelines.iter().find(|one| one.id == csv).unwrap();
        (one.status.name(), there.state.name())
    };
    let pending = ("pending", Some(id.as_str()), vec![]);
    for (event, states) in [
        (PipelineEvent::Queue, ("QUEUED", "QUEUED")),
        (PipelineEvent::Start, ("INPROGRESS", "INPROGRESS")),
        (PipelineEvent::Progress, ("INPROGRESS", "INPROGRESS")),
        (PipelineEvent::Queue, ("QUEUED", "QUEUED")),
        (PipelineEvent::Progress, ("INPROGRESS", "INPROGRESS")),
    ] {
        assert_eq!(told(&tell(service, &csv, event).await), pending, "{event:?}");
        assert_eq!(state().await, states, "{event:?}");
    }
    let stats = json!({"bytes": 12, "count_of_rows": 3}).as_object().cloned();
    let finish = PipelineUpdate { stats: stats.clone(), log: vec!["made it".into()], ..update(&format!("./{csv}"), MADE) };
    let outcome = service.update_pipeline(&owner("ann", 1), finish).await.unwrap();
    assert_eq!(told(&outcome), pending);
    // Some have ended and some wait.
    assert_eq!(state().await, ("SUCCEEDED", "INPROGRESS"));
    let there = status(service, "1").await;
    assert_eq!(there.pipelines[1].stats, stats);
    assert!(there.logs.unwrap()[0].ends_with("INFO ann/d/1/birthdays_csv: made it"));
    // It has ended: nothing that is told of it counts.
    for event in [PipelineEvent::Queue, PipelineEvent::Start, BROKEN] {
        assert_eq!(told(&tell(service, &csv, event).await), pending, "{event:?}");
        assert_eq!(state().await.0, "SUCCEEDED");
    }
    succeed(service, &id).await;
    let not_found = ("fail", None, vec!["pipeline not found"]);
    assert_eq!(told(&tell(service, &csv, MADE).await), not_found);
    assert_eq!(status(service, "1").await.stats.unwrap()["count_of_rows"], 3);
    for unknown in ["ann/d/1/nope", "ann/d/2", "ann/e/1", "bob/d/1", "ann/d", "", "./", "ann/d/x/birthdays_csv", "ANN/d/1"] {
        let outcome = service.update_pipeline(&admin(), update(unknown, MADE)).await.unwrap();
        assert_eq!(told(&outcome), not_found, "{unknown}");
    }
}

#[tokio::test]
async fn the_last_end_says_how_the_flow_ended() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    for name in &NAMES[..6] {
        assert_eq!(tell(service, &format!("{id}{name}"), MADE).await.success(), "pending");
    }
    assert_eq!(told(&tell(service, &id, MADE).await), ("success", Some("ann/d/1"), vec![]));
    let stats = status(service, "1").await.stats.unwrap();
    assert_eq!(json!(stats), json!({"bytes": 0, "count_of_rows": 0, "dataset_name": "d", "hash": ""}));

    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    let broken =
        PipelineUpdate { errors: vec!["row 2".into(), "row 3".into()], ..update(&format!("{id}/birthdays_csv"), BROKEN) };
    assert_eq!(service.update_pipeline(&owner("ann", 1), broken).await.unwrap().success(), "pending");
    // What did not depend on it goes on to the end.
    tell(service, &format!("{id}/validation_report"), MADE).await;
    tell(service, &format!("{id}/birthdays_json"), MADE).await;
    let last = tell(service, &format!("{id}/birthdays"), MADE).await;
    let why = ["ann/d/2/birthdays_csv: row 2", "ann/d/2/birthdays_csv: row 3"];
    assert_eq!(told(&last), ("fail", Some("ann/d/2"), why.to_vec()));
    let there = status(service, "2").await;
    let words =
        |id: &str| vec![format!("Dependency unsuccessful. Cannot run until dependency \"{id}\" is successfully executed")];
    let logs: Vec<_> = there.pipelines.iter().map(|one| (one.status.name(), one.error_log.clone())).collect();
    let made = || ("SUCCEEDED", vec![]);
    let taken_along = || ("FAILED", words("ann/d/2/birthdays_csv"));
    let own = ("FAILED", vec!["row 2".to_owned(), "row 3".to_owned()]);
    assert_eq!(logs, [made(), own, made(), taken_along(), made(), taken_along(), taken_along()]);
    assert_eq!((there.state.name(), there.stats, there.error_log.unwrap()), ("FAILED", None, why.map(str::to_owned).to_vec()));
}

#[tokio::test]
async fn the_owner_and_who_may_upload_for_him_report_and_nobody_else() {
    let fixture = still(|_| {}).await;
    let service = &fixture.service;
    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    let start = || update(&id, PipelineEvent::Start);
    assert_eq!(service.update_pipeline(&reader(), start()).await.unwrap_err().code(), Code::Unauthenticated);
    let error = service.update_pipeline(&owner("bob", 1), start()).await.unwrap_err();
    assert_eq!(error.code(), Code::Forbidden);
    assert_eq!(status(service, "1").await.state.name(), "QUEUED");
    assert_eq!(service.update_pipeline(&admin(), start()).await.unwrap().success(), "pending");
    let open = still(|specs| specs.open_updates = true).await;
    let id = flow(&open.service, &owner("ann", 1), spec("ann")).await;
    let outcome = open.service.update_pipeline(&reader(), update(&id, PipelineEvent::Start)).await.unwrap();
    assert_eq!(outcome.success(), "pending");
    let many = json!({"x": "y".repeat(70_000)}).as_object().cloned();
    let error = open.service.update_pipeline(&reader(), PipelineUpdate { stats: many, ..update(&id, MADE) }).await.unwrap_err();
    assert_eq!(error.code(), Code::Invalid);
}

#[tokio::test]
async fn a_server_that_runs_no_pipelines_leaves_them_to_others() {
    let mut settings = Settings::default();
    settings.specs.run_pipelines = false;
    let fixture = Fixture::start(settings, None, tempfile::tempdir().unwrap(), Some("secret")).await;
    let service = &fixture.service;
    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    let rules = datahall_catalog::LeaseRules { length: std::time::Duration::from_secs(15), most_attempts: 3 };
    assert!(service.catalog.claim_activity("w", &rules).await.unwrap().is_none());
    // Nor does one become theirs when what it needs is there.
    tell(service, &format!("{id}/birthdays_csv"), MADE).await;
    assert!(service.catalog.claim_activity("w", &rules).await.unwrap().is_none());
    succeed(service, &id).await;
    fixture
        .until(async |service| service.catalog.list(&List::<datahall_catalog::Event>::all()).await.unwrap().items.len() == 1)
        .await;
    assert_eq!(status(service, "successful").await.id, id);
}
