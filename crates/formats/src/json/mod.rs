//! Values of JSON whose objects keep the order of their keys, and what type a column of them is.

mod shape;
mod value;

pub use shape::Shape;
pub use value::{Json, Row, each_object};
