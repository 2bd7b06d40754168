//! Databases as the tests start them: what is read of them, what they are asked, and when they are left alone.

mod adbc;
mod lab;
mod mysql;
mod postgresql;
mod sqlite;
