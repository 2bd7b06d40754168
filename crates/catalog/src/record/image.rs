//! A record as the audit log shows it: as JSON, without its secrets.

use super::row::fields;
use super::{Record, Secret};
use datahall_core::Result;
use serde_json::{Map, Value as Json};

const SECRET: &str = "(secret)";
const CHANGED: &str = "(secret, changed)";
/// Whatever is called like this is a secret wherever it stands: what users hand in has secrets in places no constant knows.
const TELLING: &[&str] = &["password", "passwd", "secret", "token", "api_key", "apikey", "private_key", "credential"];

/// The record without its secrets. Where `before` is another state of it, a secret that differs says that it changed.
pub(crate) fn image<R: Record>(record: &R, before: Option<&R>) -> Result<Json> {
    let mut shown = fields(record)?;
    let before = before.map(fields).transpose()?;
    for secret in R::TABLE.secrets {
        let old = before.as_ref().and_then(|before| before.get(secret.field()));
        if let Some(field) = shown.get_mut(secret.field()) {
            let old = before.is_some().then_some(old.unwrap_or(&Json::Null));
            hide(secret, field, old);
        }
    }
    let meta = record.meta();
    shown.insert("id".to_owned(), meta.id.clone().into());
    shown.insert("version".to_owned(), meta.version.into());
    let mut shown = Json::Object(shown);
    scrub(&mut shown);
    Ok(shown)
}

fn hide(secret: &Secret, field: &mut Json, old: Option<&Json>) {
    let mask = |value: &mut Json, old: Option<&Json>| {
        if !value.is_null() {
            let changed = old.is_some_and(|old| old != value);
            *value = (if changed { CHANGED } else { SECRET }).into();
        }
    };
    match (secret, field) {
        (Secret::Field(_), field) => mask(field, old),
        (Secret::AllBut(_, plain), Json::Object(object)) => {
            for (key, value) in object.iter_mut() {
                let is_plain = plain.contains(&key.as_str()) && !value.is_object() && !value.is_array();
                if !is_plain {
                    mask(value, old.map(|old| old.get(key).unwrap_or(&Json::Null)));
                }
            }
        }
        (Secret::AllBut(..), field) => mask(field, old),
    }
}

/// Takes out of any JSON what looks like a secret: plain values under telling names, and passwords in URLs.
pub fn scrub(json: &mut Json) {
    match json {
        Json::Object(object) => scrub_object(object),
        Json::Array(items) => items.iter_mut().for_each(scrub),
        Json::String(text) => {
            if let Some(without) = without_password(text) {
                *text = without;
            }
        }
        _ => {}
    }
}

fn scrub_object(object: &mut Map<String, Json>) {
    for (key, value) in object.iter_mut() {
        let key = key.to_lowercase();
        let tells = TELLING.iter().any(|word| key.contains(word));
        match value {
            Json::String(text) if tells && text != CHANGED => *value = SECRET.into(),
            Json::Number(_) if tells => *value = SECRET.into(),
            value => scrub(value),
        }
    }
}

// A URL without its password and without the parameters that sign it or say secrets.
fn without_password(text: &str) -> Option<String> {
    let start = text.find("://")? + 3;
    let (base, query) = text.split_once('?').map_or((text, None), |(base, query)| (base, Some(query)));
    let authority = base.get(start..)?.split(['/', '#']).next()?;
    let mut shown = base.to_owned();
    if let Some((name, _)) = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':')) {
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        shown = format!("{}{name}:{SECRET}@{host}{}", &text[..start], &base[start + authority.len()..]);
    }
    let signs = |name: &str| {
        ["sig", "key"].contains(&name) || name.contains("signature") || TELLING.iter().any(|word| name.contains(word))
    };
    for (at, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
        let name = pair.split('=').next().unwrap_or_default();
        let value = if signs(&name.to_lowercase()) { format!("{name}={SECRET}") } else { pair.to_owned() };
        shown = format!("{shown}{}{value}", if at == 0 { '?' } else { '&' });
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Connection, Hidden, Key, Session, User};
    use serde_json::json;

    #[test]
    fn every_kind_of_secret_stays_out() {
        let mut connection = Connection { name: "pg".into(), ..Connection::default() };
        let config =
            json!({"host": "db", "password": "hunter2", "sasl": {"x": "hunter2"}, "url": "pg://u:hunter2@h/d", "port": 5432});
        connection.config = Hidden(config.as_object().unwrap().clone());
        let user = User { login: "ada".into(), password_hash: Some(Hidden("hunter2".into())), ..User::default() };
        let key = Key { prefix: "p".into(), hash: Hidden("hunter2".into()), ..Key::default() };
        let session = Session { hash: Hidden("hunter2".into()), ..Session::default() };
        let images =
            [image(&connection, None), image(&user, None), image(&key, None), image(&session, None)].map(|image| image.unwrap());
        for image in &images {
            assert!(!image.to_string().contains("hunter2"), "{image}");
        }
        assert_eq!(images[0]["config"]["host"], "db");
        assert_eq!(images[0]["config"]["port"], 5432);
        assert_eq!(images[1]["login"], "ada");
        let debug = format!("{connection:?} {user:?} {key:?} {session:?}");
        assert!(!debug.contains("hunter2"), "{debug}");
    }

    #[test]
    fn that_a_secret_changed_is_told_and_no_more() {
        let user = |hash: &str| User { password_hash: Some(Hidden(hash.into())), ..User::default() };
        assert_eq!(image(&user("a"), Some(&user("b"))).unwrap()["password_hash"], CHANGED);
        assert_eq!(image(&user("a"), Some(&user("a"))).unwrap()["password_hash"], SECRET);
        assert_eq!(image(&User::default(), Some(&user("a"))).unwrap()["password_hash"], Json::Null);
        let connection = |password: &str| {
            let config = json!({"host": "h", "password": password}).as_object().unwrap().clone();
            Connection { config: Hidden(config), ..Connection::default() }
        };
        assert_eq!(image(&connection("a"), Some(&connection("b"))).unwrap()["config"]["password"], CHANGED);
    }

    #[test]
    fn what_looks_like_a_secret_goes_wherever_it_stands() {
        let mut json = json!({"a": [{"Password": "hunter2", "x": "s3://k:hunter2@h/p?q=a@b"}], "token_count": {"token": 7}, "u": ["a://b@c", "https://h/f?sig=hunter2&x=1", "plain a@b: text"]});
        scrub(&mut json);
        assert_eq!(
            json,
            json!({"a": [{"Password": SECRET, "x": "s3://k:(secret)@h/p?q=a@b"}], "token_count": {"token": SECRET}, "u": ["a://b@c", "https://h/f?sig=(secret)&x=1", "plain a@b: text"]})
        );
    }
}
