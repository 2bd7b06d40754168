//! The records a server keeps, on SQLite and on PostgreSQL.

mod command_line;
mod crash;
mod encrypted;
mod full_disk;
mod scale;
mod start;
