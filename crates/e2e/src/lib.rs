//! Whole-server tests live in `tests/it`; this library is empty so that the package has a target of its own.
