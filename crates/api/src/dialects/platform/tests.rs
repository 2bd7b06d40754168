//! The companion routes over the whole router.
