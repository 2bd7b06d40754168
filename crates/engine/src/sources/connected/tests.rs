//! What is behind connections: databases as the tests start them, and folders of files.

mod adbc;
mod alike;
mod files;
mod lab;
mod mysql;
mod postgresql;
mod sqlite;
