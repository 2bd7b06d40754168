//! Two processes on one catalog, and a catalog that goes away.

use super::keys::viewer;
use crate::testing::{Fixture, admin, bearer, reader};
use crate::{Credentials, Hidden, NewUser, Service};
use datahall_core::Code;
use std::time::Duration;

/// Whether the secret counts no more within a second.
async fn falls(service: &Service, secret: &str) -> bool {
    for _ in 0..50 {
        if bearer(service, secret).await.is_err_and(|error| error.code() == Code::Unauthenticated) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn what_one_node_revokes_the_other_refuses_within_a_second() {
    let fixture = Fixture::new().await;
    let (here, there) = (&fixture.service, fixture.another_node().await);
    let key = here.create_key(&admin(), viewer("k")).await.unwrap();
    assert!(bearer(&there, &key.secret.0).await.is_ok());
    assert!(bearer(here, &key.secret.0).await.is_ok());
    here.revoke_key(&admin(), &key.info.id).await.unwrap();
    assert!(bearer(here, &key.secret.0).await.is_err(), "here at once");
    assert!(falls(&there, &key.secret.0).await);

    let password = Hidden("correct horse".to_owned());
    let ann = NewUser { login: "ann".into(), password: Some(password.clone()), ..NewUser::default() };
    there.create_user(&admin(), ann).await.unwrap();
    let session = here.login(&reader(), "ann", &password).await.unwrap().secret.0;
    assert!(bearer(&there, &session).await.is_ok());
    let credentials = Credentials { authorization: Some(session.clone()), ..Credentials::default() };
    here.logout(&reader(), &credentials).await.unwrap();
    assert!(falls(&there, &session).await);
    let session = here.login(&reader(), "ann", &password).await.unwrap().secret.0;
    assert!(bearer(here, &session).await.is_ok());
    there.delete_user(&admin(), "ann").await.unwrap();
    assert!(falls(here, &session).await);
    there.shutdown().await;
}

#[tokio::test]
async fn what_is_remembered_is_not_trusted_for_long_without_the_catalog() {
    let fixture = Fixture::new().await;
    let key = fixture.service.create_key(&admin(), viewer("k")).await.unwrap();
    // Else the watch may find that the key was made only after the key was remembered, and drop it.
    fixture.service.authenticator.directory.refresh().await.unwrap();
    assert!(bearer(&fixture.service, &key.secret.0).await.is_ok());
    fixture.service.catalog.close().await;
    assert!(bearer(&fixture.service, &key.secret.0).await.is_ok(), "for the rest of the second");
    fixture.clock.advance(2);
    let error = bearer(&fixture.service, &key.secret.0).await.unwrap_err();
    assert_eq!((error.code(), error.retry_after_secs()), (Code::Unavailable, Some(1)));
    let nobody = fixture.service.identify(&Credentials::default()).await.unwrap();
    assert!(nobody.reads_public, "reading what is public asks nobody");
}
