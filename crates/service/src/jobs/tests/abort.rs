//! Aborting really stops the work, on whichever node it runs.

use super::*;
use datahall_core::Code;

#[tokio::test]
async fn what_runs_is_dropped_and_what_waits_is_not_begun() {
    let (fixture, seen) = fixture().await;
    let started = fixture.service.start_job(&admin(), job(&["a:wait", "b <- a"])).await.unwrap();
    begun(&seen, 1).await;
    let aborted = fixture.service.abort_job(&admin(), &started.id).await.unwrap();
    assert!(aborted.aborting || aborted.state == JobState::Aborted);
    let (info, activities) = ended(&fixture.service, &started.id).await;
    assert_eq!((info.state, info.aborting), (JobState::Aborted, false));
    assert_eq!(states(&activities), [JobState::Aborted, JobState::Aborted]);
    assert_eq!(activities[0].reason.as_deref(), Some("the job was aborted while it ran"));
    assert_eq!((*seen.dropped.lock(), seen.names()), (1, vec!["a".to_owned()]));
    let error = fixture.service.abort_job(&admin(), &started.id).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
}

#[tokio::test]
async fn another_node_stops_it_too() {
    let (fixture, seen) = fixture().await;
    let mut settings = crate::Settings::default();
    settings.jobs.enabled = false;
    let other = fixture.another_node_with(settings, "other").await;
    let started = fixture.service.start_job(&admin(), job(&["a:wait"])).await.unwrap();
    begun(&seen, 1).await;
    other.abort_job(&admin(), &started.id).await.unwrap();
    assert_eq!(ended(&other, &started.id).await.0.state, JobState::Aborted);
    assert_eq!(*seen.dropped.lock(), 1);
}
