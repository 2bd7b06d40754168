//! The dialects, one folder each. None knows another.

pub(crate) mod v1;
