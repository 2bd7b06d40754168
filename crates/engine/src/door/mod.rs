//! The door: every table is entered here, and what comes out holds nothing that its reader is not to see.
//!
//! A policy that only hides columns and restricts predicates leaves the table as it is ([`Guarded`](crate::sql::Guarded) sees
//! to it). One that masks values or leaves out rows gets a *view*: another table, made before anything is planned. Of a table
//! in memory the view is in memory too, where it fits: masked columns are new ones, with dictionaries and indexes of what is
//! shown; the others are shared; filtered rows are copied. Of any other table it is a scan that filters and masks, and into
//! which the optimizer sees no further ([`Restricted`]).

mod barrier;
mod enter;
mod mask;
mod mask_function;
mod restricted;
mod safe;
mod scrub;
mod views;

pub(crate) use enter::Seen;
pub(crate) use mask::mask;
pub(crate) use restricted::Restricted;
pub(crate) use safe::is_comparison;
pub(crate) use views::Views;
