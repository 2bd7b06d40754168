//! Page ids: five characters that name a dataset or package in the portal, given once and never to another.

use crate::record::{Layout, Record, Value, bound, rows};
use crate::store::errors;
use datahall_core::clock::Random;
use datahall_core::{Code, Error, Result};
use sqlx::{AnyConnection, Row as _};
use std::collections::HashSet;

const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 5;
/// 60 million ids: with a million of them given, 20 tries in a row fail once in 10^35.
const TRIES: usize = 20;

/// Whether it could be one.
pub(crate) fn is_page_id(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| LETTERS.contains(&byte))
}

fn random_page_id(random: &dyn Random) -> String {
    let mut id = String::with_capacity(LENGTH);
    let mut byte = [0u8];
    while id.len() < LENGTH {
        random.fill(&mut byte);
        // The bytes beyond the last whole 36 would make some letters likelier than others.
        if byte[0] < 252 {
            id.push(char::from(LETTERS[usize::from(byte[0] % 36)]));
        }
    }
    id
}

/// Reserves `wanted` for the record, or any that is free when `wanted` is empty.
///
/// # Errors
/// `Invalid` for what is no page id, `Conflict` for one that was given before.
pub(crate) async fn reserve<R: Record>(
    connection: &mut AnyConnection,
    random: &dyn Random,
    wanted: &str,
    object: &str,
) -> Result<String> {
    if !wanted.is_empty() {
        if !is_page_id(wanted) {
            return Err(Error::invalid(format!("page id '{wanted}' must be five of a-z and 0-9")));
        }
        let conflict = || Error::new(Code::Conflict, format!("page '{wanted}' already exists"));
        return if take::<R>(connection, wanted, object).await? { Ok(wanted.to_owned()) } else { Err(conflict()) };
    }
    for _ in 0..TRIES {
        let id = random_page_id(random);
        if take::<R>(connection, &id, object).await? {
            return Ok(id);
        }
    }
    Err(Error::internal("no page id is free"))
}

/// Reserves any that are free, one for each of these records.
///
/// # Errors
/// As [`reserve`].
pub(crate) async fn reserve_all<R: Record>(
    connection: &mut AnyConnection,
    random: &dyn Random,
    objects: &[String],
) -> Result<Vec<String>> {
    let layout =
        Layout { table: "page_ids", columns: ["page_id", "object_type", "object"].map(|name| (name.to_owned(), true)).into() };
    let mut reserved = Vec::with_capacity(objects.len());
    for some in objects.chunks(layout.at_once()) {
        let ids: Vec<_> = some.iter().map(|_| random_page_id(random)).collect();
        let text = format!("{} ON CONFLICT (\"page_id\") DO NOTHING RETURNING \"page_id\"", layout.insert(some.len()));
        let values = ids.iter().zip(some).flat_map(|(id, object)| [id.into(), R::TABLE.noun.into(), object.into()]);
        let taken = rows(connection, text, values.collect::<Vec<Value>>()).await?;
        let mut taken =
            taken.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<String>, _>>().map_err(errors::general)?;
        for (id, object) in ids.into_iter().zip(some) {
            // Drawn twice, it is the first one's.
            let id = if taken.remove(&id) { id } else { reserve::<R>(connection, random, "", object).await? };
            reserved.push(id);
        }
    }
    Ok(reserved)
}

async fn take<R: Record>(connection: &mut AnyConnection, id: &str, object: &str) -> Result<bool> {
    let text = "INSERT INTO \"page_ids\" (\"page_id\", \"object_type\", \"object\") VALUES ($1, $2, $3) \
                ON CONFLICT (\"page_id\") DO NOTHING";
    let values: [Value; 3] = [id.into(), R::TABLE.noun.into(), object.into()];
    let done = bound(text.to_owned(), values)?.execute(connection).await.map_err(errors::general)?;
    Ok(done.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datahall_core::clock::SystemRandom;

    #[test]
    fn page_ids_are_five_small_letters_and_digits() {
        for _ in 0..100 {
            assert!(is_page_id(&random_page_id(&SystemRandom)));
        }
        for text in ["", "abcd", "abcdef", "ABCDE", "abc-e", "éabc"] {
            assert!(!is_page_id(text), "{text}");
        }
    }
}
