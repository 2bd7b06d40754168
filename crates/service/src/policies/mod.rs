//! Policies: from what a block or a record states to what one caller may see, and the use cases that show and change it.
//!
//! [`Stated`] is what somebody wrote down; held against the columns of the loaded rows it becomes [`InForce`], of which each
//! caller has a `ReadPolicy`. Nothing is served of a dataset whose policy cannot be put in force.

mod caller;
mod change;
mod changed;
mod in_force;
mod kept;
mod read;
mod stated;
mod take_over;
mod token_keys;
mod told;

#[cfg(test)]
mod tests;

pub(crate) use caller::{Viewpoint, seen_by};
pub(crate) use in_force::InForce;
pub(crate) use kept::{Kept, KeptMask, masks_of, masks_of_all, write_masks};
pub(crate) use stated::Stated;
pub(crate) use take_over::stated;
pub(crate) use token_keys::TokenKeys;

pub use changed::{MaskChange, MasksChange, PolicyChange};
pub use read::{MaskInfo, PolicyInfo};
