//! What identifying and deciding cost while the key is remembered. A measurement: `cargo test --release -- --ignored identify`.

use super::keys::viewer;
use crate::home::Home;
use crate::testing::{Fixture, admin};
use crate::{Credentials, Ctx};
use datahall_core::clock::{Clock, SystemClock};
use std::time::Duration;

const TIMES: u32 = 20_000;

#[tokio::test]
#[ignore = "a measurement, for the release build"]
async fn identify_and_decide_with_a_remembered_key() {
    let fixture = Fixture::new().await;
    fixture.register("small").await;
    let secret = fixture.service.create_key(&admin(), viewer("k")).await.unwrap().secret.0;
    let credentials = Credentials { authorization: Some(format!("Bearer {secret}")), ..Credentials::default() };
    let (clock, mut best) = (SystemClock::new(), Duration::MAX);
    for _ in 0..5 {
        let begun = clock.monotonic();
        for _ in 0..TIMES {
            let principal = fixture.service.identify(&credentials).await.unwrap();
            let ctx = Ctx { principal, request_id: String::new(), address: None, home: Home::default() };
            assert!(ctx.principal.organisation.is_some());
            fixture.service.require_read(&ctx).unwrap();
            std::hint::black_box(fixture.service.find(&ctx, "small").await.unwrap());
        }
        best = best.min((clock.monotonic() - begun) / TIMES);
    }
    println!("identify and decide: {best:?}");
}
