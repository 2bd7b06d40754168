//! What is told to somebody outside.

use super::*;
use crate::config::SpecsMail;
use datahall_catalog::{AuditQuery, Delivery, List, Outcome};
use std::sync::atomic::Ordering;

fn mail() -> Option<SpecsMail> {
    Some(SpecsMail {
        server: "smtp://127.0.0.1:1".into(),
        starttls: false,
        from: "datahall@example.com".into(),
        to: vec!["ops@example.com".into()],
        user: None,
        password: None,
    })
}

async fn told(specs: impl FnOnce(&mut Specs)) -> Fixture {
    still(|settings| {
        settings.events_url = Some("http://127.0.0.1:1/events".into());
        settings.mail = mail();
        specs(settings);
    })
    .await
}

#[tokio::test]
async fn an_event_goes_to_the_hook_and_a_failure_by_mail_too() {
    let fixture = told(|_| {}).await;
    let (service, outbox) = (&fixture.service, fixture.engine.outbox.clone());
    let ann = owner("ann", 1);
    let first = flow(service, &ann, spec("ann")).await;
    succeed(service, &first).await;
    service.close_ended().await.unwrap();
    let other = fixture.another_node_with(service.settings.clone(), "other").await;
    let tried = tokio::join!(service.deliver_due(), other.deliver_due());
    assert_eq!(tried.0.unwrap() + tried.1.unwrap(), 1);
    let posts = outbox.posts.lock().clone();
    let event = service.spec_events(&reader(), "ann", "d").await.unwrap().remove(0);
    assert_eq!((posts[0].0.as_str(), &posts[0].1), ("http://127.0.0.1:1/events", &json!(event.event)));
    assert_eq!((event.deliveries.len(), event.deliveries[0].channel.as_str(), event.deliveries[0].attempts), (1, "hook", 1));
    assert!(event.deliveries[0].delivered_at.is_some() && event.deliveries[0].next_at.is_none());
    assert!(outbox.mails.lock().is_empty());
    let second = flow(service, &ann, spec("ann")).await;
    fail(service, &second).await;
    service.close_ended().await.unwrap();
    assert_eq!((service.deliver_due().await.unwrap(), service.deliver_due().await.unwrap()), (2, 0));
    let mails = outbox.mails.lock().clone();
    assert_eq!((outbox.posts.lock().len(), mails.len(), mails[0].subject.as_str()), (2, 1, "FAILED: ann/d/2"));
    assert!(mails[0].text.contains("ann/d/2/birthdays_csv: The outside runner says that it failed"), "{}", mails[0].text);
}

#[tokio::test]
async fn what_does_not_arrive_is_tried_again_and_at_last_given_up() {
    let fixture = told(|settings| settings.mail = None).await;
    let (service, outbox) = (&fixture.service, fixture.engine.outbox.clone());
    outbox.away.store(true, Ordering::Relaxed);
    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    succeed(service, &id).await;
    service.close_ended().await.unwrap();
    let delivery = async || service.spec_events(&reader(), "ann", "d").await.unwrap().remove(0).deliveries.remove(0);
    assert_eq!((service.deliver_due().await.unwrap(), service.deliver_due().await.unwrap()), (1, 0));
    assert_eq!(delivery().await.error.as_deref(), Some("nobody answers"));
    // Another process goes on where this one left off.
    let other = fixture.another_node_with(service.settings.clone(), "other").await;
    for attempts in 2..=4 {
        fixture.clock.advance(1 << (attempts - 2));
        assert_eq!((other.deliver_due().await.unwrap(), delivery().await.attempts), (1, attempts));
    }
    outbox.away.store(false, Ordering::Relaxed);
    fixture.clock.advance(8);
    assert_eq!((service.deliver_due().await.unwrap(), outbox.posts.lock().len()), (1, 1));
    assert_eq!(delivery().await.error, None);

    outbox.away.store(true, Ordering::Relaxed);
    let id = flow(service, &owner("ann", 1), spec("ann")).await;
    succeed(service, &id).await;
    service.close_ended().await.unwrap();
    let mut tries = 0;
    for _ in 0..200 {
        tries += service.deliver_due().await.unwrap();
        fixture.clock.advance(3600);
    }
    let given_up = delivery().await;
    assert_eq!((tries, given_up.next_at, given_up.delivered_at), (35, None, None));
    assert_eq!(given_up.error.as_deref(), Some("given up after 35 tries: nobody answers"));
}

#[tokio::test]
async fn a_way_that_is_not_configured_here_is_left_to_others() {
    let fixture = told(|_| {}).await;
    let id = flow(&fixture.service, &owner("ann", 1), spec("ann")).await;
    fail(&fixture.service, &id).await;
    fixture.service.close_ended().await.unwrap();
    let mut settings = fixture.service.settings.clone();
    settings.specs.events_url = None;
    let other = fixture.another_node_with(settings, "other").await;
    assert_eq!((other.deliver_due().await.unwrap(), fixture.engine.outbox.mails.lock().len()), (1, 1));
    assert_eq!((fixture.service.deliver_due().await.unwrap(), fixture.engine.outbox.posts.lock().len()), (1, 1));
}

#[tokio::test]
async fn failed_uploads_are_told_of_unless_their_caller_may_not_make_them() {
    let fixture = told(|_| {}).await;
    let (service, outbox) = (&fixture.service, fixture.engine.outbox.clone());
    upload(service, &reader(), spec("ann")).await;
    upload(service, &owner("bob", 1), spec("ann")).await;
    assert_eq!(service.deliver_due().await.unwrap(), 0);
    upload(service, &owner("ann", 1), with("/inputs", json!([]))).await;
    assert_eq!(service.deliver_due().await.unwrap(), 1);
    let mail = outbox.mails.lock().remove(0);
    assert_eq!(mail.subject, "Upload failed: ann/d");
    assert!(mail.text.contains("Validation failed for contents") && mail.text.contains("there are 0"), "{}", mail.text);
    // It belongs to nothing, and so is not kept.
    assert!(service.catalog.list(&List::<Delivery>::all()).await.unwrap().items.is_empty());
    fixture
        .until(async |service| {
            let count = async |outcome| {
                let query =
                    AuditQuery { action: Some("spec.upload".into()), outcome: Some(outcome), limit: 9, ..AuditQuery::default() };
                service.catalog.audit(&query).await.unwrap().items.len()
            };
            (count(Outcome::Refused).await, count(Outcome::Failed).await) == (2, 1)
        })
        .await;
    // Who fails in a loop fills no mailbox.
    outbox.away.store(true, Ordering::Relaxed);
    for _ in 0..105 {
        upload(service, &owner("ann", 1), with("/inputs", json!([]))).await;
    }
    assert_eq!(service.catalog.list(&List::<Delivery>::all()).await.unwrap().items.len(), 100);
}
