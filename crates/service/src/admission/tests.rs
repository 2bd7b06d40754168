//! Queries that come all at once, end in every way there is, or give too many rows.

mod capacity;
mod given_back;
mod rows;
mod saved_queries;
mod streams;

use crate::testing::{Fixture, reader};
use crate::{Ctx, Stats};

/// Nobody in particular, calling from the `number`th address.
fn from(number: u8) -> Ctx {
    Ctx { address: Some([10, 0, 0, number].into()), ..reader() }
}

fn stats(fixture: &Fixture) -> Stats {
    fixture.service.stats()
}
