//! What of a connection's settings is secret: shown as bullets, and kept where bullets are sent back.

use super::types::Type;
use datahall_catalog::Object;
use datahall_core::{Error, Result};
use serde_json::Value;

/// What stands for a secret in answers.
pub(crate) const BULLETS: &str = "••••••••";

/// Drivers take many settings, so that what nobody declared is judged by its name.
const TELLING: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "credential",
    "apikey",
    "privatekey",
    "authorization",
    "cookie",
    "signature",
];
const TELLING_WHOLE: &[&str] = &["pass", "sas", "dsn", "pat", "jwt", "pin"];
/// What of a text tells that it carries a secret.
const CARRIERS: &[&str] = &["password=", "pwd=", "secret=", "token=", "signature=", "sig=", "key=", "credential=", "-----begin"];

/// One step down into settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

type Path<'a> = Vec<Step<'a>>;

/// The settings with bullets for each secret.
pub(crate) fn shown(kind: &Type, config: &Object) -> Object {
    let mut shown = config.clone();
    for (path, _) in secrets(kind, config) {
        if let Some(value) = at_mut(&mut shown, &path) {
            *value = BULLETS.into();
        }
    }
    shown
}

/// Whether a plain value of the setting `name` can be kept unsealed: it is declared, no secret, and carries none.
pub(crate) fn is_plain(kind: &Type, name: &str, value: &Value) -> bool {
    let declared = kind.key(name).is_some_and(|key| !key.secret);
    match value {
        Value::String(text) => declared && !carries(text),
        Value::Number(_) | Value::Bool(_) | Value::Null => declared,
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// `sent` in place of all that was there; bullets are what `stored` has in their place.
///
/// # Errors
/// `Invalid` for bullets that stand for nothing.
pub(crate) fn replaced(kind: &Type, sent: &Object, stored: Option<&Object>) -> Result<Object> {
    sent.iter().map(|(name, value)| Ok((name.clone(), restored(name, value, counterpart(kind, stored, name))?))).collect()
}

/// `stored` with what `sent` says: objects merge, nulls remove, all else replaces; bullets keep what there is.
///
/// # Errors
/// As [`replaced`].
pub(crate) fn merged(kind: &Type, sent: &Object, stored: &Object) -> Result<Object> {
    let mut merged = stored.clone();
    for (name, value) in sent {
        let old = counterpart(kind, Some(stored), name).cloned();
        // The same setting under another name would say something else.
        merged.retain(|other, _| other == name || !kind.key(name).is_some_and(|key| key.is_called(other)));
        match merge(name, value, old.as_ref())? {
            Some(value) => merged.insert(name.clone(), value),
            None => merged.remove(name),
        };
    }
    Ok(merged)
}

/// Where `config` has secrets that `sent` did not say itself, dotted.
pub(crate) fn kept(kind: &Type, config: &Object, sent: &Object) -> Vec<String> {
    let said = |path: &Path<'_>| match at(sent, path) {
        Some(Value::String(text)) => !is_bullets(text),
        Some(value) => !value.is_null(),
        None => false,
    };
    secrets(kind, config).into_iter().filter(|(path, _)| !said(path)).map(|(path, _)| dotted(&path)).collect()
}

/// Bullets in settings that are not kept yet stand for nothing.
///
/// # Errors
/// `Invalid`, saying where.
pub(crate) fn refuse_bullets(kind: &Type, sent: &Object) -> Result<()> {
    replaced(kind, sent, None).map(|_| ())
}

fn merge(path: &str, sent: &Value, stored: Option<&Value>) -> Result<Option<Value>> {
    match (sent, stored) {
        (Value::Null, _) => Ok(None),
        (Value::Object(sent), stored) => {
            let mut merged = stored.and_then(Value::as_object).cloned().unwrap_or_default();
            for (name, value) in sent {
                match merge(&format!("{path}.{name}"), value, merged.get(name))? {
                    Some(value) => merged.insert(name.clone(), value),
                    None => merged.remove(name),
                };
            }
            Ok(Some(merged.into()))
        }
        (sent, stored) => restored(path, sent, stored).map(Some),
    }
}

fn restored(path: &str, sent: &Value, stored: Option<&Value>) -> Result<Value> {
    match sent {
        Value::String(text) if is_bullets(text) => match stored {
            Some(value) if !value.is_object() && !value.is_array() && !value.is_null() => Ok(value.clone()),
            _ => Err(Error::invalid(format!("config.{path}: bullets stand for a secret that is kept, and there is none"))),
        },
        Value::Object(object) => {
            let old = |name: &String| stored.and_then(Value::as_object).and_then(|stored| stored.get(name));
            let items = object.iter();
            let items = items.map(|(name, value)| Ok((name.clone(), restored(&format!("{path}.{name}"), value, old(name))?)));
            items.collect::<Result<Object>>().map(Value::Object)
        }
        Value::Array(items) => {
            let old = |at: usize| stored.and_then(Value::as_array).and_then(|stored| stored.get(at));
            let items = items.iter().enumerate();
            items.map(|(at, value)| restored(&format!("{path}[{at}]"), value, old(at))).collect::<Result<_>>().map(Value::Array)
        }
        plain => Ok(plain.clone()),
    }
}

/// What is kept of a setting, under whichever of its names.
fn counterpart<'a>(kind: &Type, stored: Option<&'a Object>, name: &str) -> Option<&'a Value> {
    let stored = stored?;
    stored.get(name).or_else(|| {
        let key = kind.key(name)?;
        stored.iter().find(|(other, _)| key.is_called(other)).map(|(_, value)| value)
    })
}

fn is_bullets(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character == '•')
}

/// Every secret among settings, and where it stands.
fn secrets<'a>(kind: &Type, config: &'a Object) -> Vec<(Path<'a>, &'a Value)> {
    let mut found = Vec::new();
    for (name, value) in config {
        let judged = match kind.key(name) {
            Some(key) if key.secret => Judged::Secret,
            Some(_) => Judged::Declared,
            None if tells(name) => Judged::Secret,
            None => Judged::ByName,
        };
        collect(value, judged, &mut vec![Step::Name(name)], &mut found);
    }
    found
}

/// How a setting's values are judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judged {
    /// Whatever it is.
    Secret,
    /// By what it carries alone.
    Declared,
    /// By the names below it, too.
    ByName,
}

fn collect<'a>(value: &'a Value, judged: Judged, path: &mut Path<'a>, found: &mut Vec<(Path<'a>, &'a Value)>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let judged = if judged == Judged::ByName && tells(name) { Judged::Secret } else { judged };
                path.push(Step::Name(name));
                collect(value, judged, path, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                path.push(Step::Index(at));
                collect(value, judged, path, found);
                path.pop();
            }
        }
        Value::String(text) if text.is_empty() => {}
        Value::String(text) if judged == Judged::Secret || carries(text) => found.push((path.clone(), value)),
        Value::Number(_) if judged == Judged::Secret => found.push((path.clone(), value)),
        // Nobody's secret is true, false or nothing.
        _ => {}
    }
}

/// Whether a name tells that what it names is secret.
fn tells(name: &str) -> bool {
    let folded: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect();
    let last = name.rsplit(['.', '_', '-', ' ']).next().unwrap_or(name).to_ascii_lowercase();
    TELLING.iter().any(|word| folded.contains(word)) || TELLING_WHOLE.contains(&last.as_str()) || folded.ends_with("key")
}

/// Whether a text has a secret in it: a URL with a password, a connection string, a private key.
fn carries(text: &str) -> bool {
    let folded = text.to_ascii_lowercase();
    let in_url = |rest: &str| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'))
    };
    let has_login = folded.match_indices("://").any(|(at, mark)| folded.get(at + mark.len()..).is_some_and(in_url));
    has_login || CARRIERS.iter().any(|carrier| folded.replace(' ', "").contains(carrier))
}

fn at<'a>(object: &'a Object, path: &Path<'_>) -> Option<&'a Value> {
    let (Step::Name(first), rest) = path.split_first()? else { return None };
    rest.iter().try_fold(object.get(*first)?, |value, step| match step {
        Step::Name(name) => value.get(*name),
        Step::Index(at) => value.get(*at),
    })
}

fn at_mut<'a>(object: &'a mut Object, path: &Path<'_>) -> Option<&'a mut Value> {
    let (Step::Name(first), rest) = path.split_first()? else { return None };
    rest.iter().try_fold(object.get_mut(*first)?, |value, step| match step {
        Step::Name(name) => value.get_mut(*name),
        Step::Index(at) => value.get_mut(*at),
    })
}

fn dotted(path: &Path<'_>) -> String {
    let mut text = String::from("config");
    for step in path {
        match step {
            Step::Name(name) => text.push_str(&format!(".{name}")),
            Step::Index(at) => text.push_str(&format!("[{at}]")),
        }
    }
    text
}

#[cfg(test)]
mod tests;
