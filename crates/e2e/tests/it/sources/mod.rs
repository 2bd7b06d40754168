//! What can be registered, and what happens when it changes underneath.

mod budget;
mod changed;
mod delta;
mod formats;
mod http;
mod parquet_files;
mod s3;
