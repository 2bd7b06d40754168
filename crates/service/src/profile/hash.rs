//! The hashes of profiles: those of tables differ from profile to profile, so that nobody can make values that all fall into one place;
//! those of sketches never do, so that the same values always come to the same estimate.

use foldhash::{fast, quality};

/// For tables; `seed` is chance.
pub(super) fn tabled(seed: u64) -> fast::FixedState {
    fast::FixedState::with_seed(seed)
}

/// For sketches.
pub(super) fn sketched() -> quality::FixedState {
    quality::FixedState::with_seed(0x6461_7461_6861_6c6c)
}

/// A second one, independent of that for sketches.
pub(super) fn beside() -> quality::FixedState {
    quality::FixedState::with_seed(0x7072_6f66_696c_6573)
}
