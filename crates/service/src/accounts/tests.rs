//! Credentials from end to end: made, presented, refused.
