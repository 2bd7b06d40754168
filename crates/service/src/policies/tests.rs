//! Policies from end to end, over the fake engine.
