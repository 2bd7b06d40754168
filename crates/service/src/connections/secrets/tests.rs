//! What is hidden, what comes back for bullets, and what counts as kept.

use super::*;
use serde_json::json;

fn postgresql() -> &'static Type {
    Type::named("postgresql").unwrap()
}

fn object(value: Value) -> Object {
    serde_json::from_value(value).unwrap()
}

fn stored() -> Object {
    object(json!({
        "host": "h", "port": 5432, "password": "hunter2", "application_name": "x", "sslkey": "hunter2",
        "extra": {"apiToken": "hunter2", "retries": 3, "use_token": true, "list": [{"secret": "hunter2", "a": 1}]},
        "credentials": {"type": "hunter2", "n": 7}, "proxy": "http://u:hunter2@p", "conn": "host=h; Password = hunter2",
    }))
}

#[test]
fn secrets_are_bullets_wherever_they_stand_and_nothing_else_is() {
    let all = Value::Object(shown(postgresql(), &stored()));
    let expected = json!({
        "host": "h", "port": 5432, "password": BULLETS, "application_name": "x", "sslkey": BULLETS,
        "extra": {"apiToken": BULLETS, "retries": 3, "use_token": true, "list": [{"secret": BULLETS, "a": 1}]},
        "credentials": {"type": BULLETS, "n": BULLETS}, "proxy": BULLETS, "conn": BULLETS,
    });
    assert_eq!(all, expected);
    let s3 =
        shown(Type::named("s3").unwrap(), &object(json!({"access_key_id": "k", "secret_key": "s", "key": "x", "bucket": "b"})));
    assert_eq!(Value::Object(s3), json!({"access_key_id": "k", "secret_key": BULLETS, "key": BULLETS, "bucket": "b"}));
    let adbc =
        shown(Type::named("adbc").unwrap(), &object(json!({"driver": "d", "options": {"a": "x"}, "adbc.x.auth_token": "t"})));
    assert_eq!(Value::Object(adbc), json!({"driver": "d", "options": {"a": BULLETS}, "adbc.x.auth_token": BULLETS}));
}

#[test]
fn what_was_shown_sent_back_is_what_was_kept() {
    let back = shown(postgresql(), &stored());
    assert_eq!(replaced(postgresql(), &back, Some(&stored())).unwrap(), stored());
    assert_eq!(merged(postgresql(), &back, &stored()).unwrap(), stored());
    assert_eq!(kept(postgresql(), &stored(), &back).len(), 8);
}

#[test]
fn what_is_not_sent_goes_with_one_and_stays_with_the_other() {
    let sent = object(json!({"host": "other", "password": BULLETS, "extra": {"retries": 4}}));
    assert_eq!(
        replaced(postgresql(), &sent, Some(&stored())).unwrap(),
        object(json!({
            "host": "other", "password": "hunter2", "extra": {"retries": 4}
        }))
    );
    let both = merged(postgresql(), &sent, &stored()).unwrap();
    assert_eq!(
        (&both["host"], &both["extra"]["retries"], &both["extra"]["apiToken"]),
        (&json!("other"), &json!(4), &json!("hunter2"))
    );
    let without = merged(postgresql(), &object(json!({"password": null, "extra": {"apiToken": null}})), &stored()).unwrap();
    assert!(!without.contains_key("password") && without["extra"].get("apiToken").is_none());
}

#[test]
fn another_name_of_a_setting_takes_its_place() {
    let stored = object(json!({"username": "ann", "pwd": "hunter2"}));
    let merged = merged(postgresql(), &object(json!({"user": "bob", "password": BULLETS})), &stored).unwrap();
    assert_eq!(merged, object(json!({"user": "bob", "password": "hunter2"})));
    let replaced = replaced(postgresql(), &object(json!({"password": BULLETS})), Some(&stored)).unwrap();
    assert_eq!(replaced, object(json!({"password": "hunter2"})));
}

#[test]
fn bullets_for_nothing_are_refused_and_say_where() {
    let with = |value: Value| refuse_bullets(postgresql(), &object(value)).unwrap_err().message().to_owned();
    assert!(with(json!({"password": BULLETS})).starts_with("config.password: bullets"));
    assert!(with(json!({"a": {"b": [1, "•"]}})).starts_with("config.a.b[1]: bullets"));
    let stored = object(json!({"extra": {"a": 1}}));
    let error = replaced(postgresql(), &object(json!({"extra": BULLETS})), Some(&stored)).unwrap_err();
    assert!(error.message().starts_with("config.extra: bullets"), "{error}");
    assert!(refuse_bullets(postgresql(), &object(json!({"password": "a•", "x": ""}))).is_ok());
}

#[test]
fn kept_are_secrets_that_nobody_said_again() {
    let kept =
        |sent: Value| kept(postgresql(), &object(json!({"host": "h", "password": "p", "x": {"token": "t"}})), &object(sent));
    assert_eq!(kept(json!({})), ["config.password", "config.x.token"]);
    assert_eq!(kept(json!({"password": BULLETS, "x": {"token": "t"}})), ["config.password"]);
    assert_eq!(kept(json!({"password": "p", "x": {"token": "t"}})), Vec::<String>::new());
}

#[test]
fn only_what_is_declared_and_carries_nothing_is_plain() {
    let plain = |name: &str, value: Value| is_plain(postgresql(), name, &value);
    assert!(plain("host", json!("h")) && plain("dbname", json!("d")) && plain("port", json!(1)));
    assert!(plain("url", json!("postgres://u@h/d")) && !plain("url", json!("postgres://u:p@h/d")));
    assert!(!plain("password", json!("p")) && !plain("pwd", json!("p")) && !plain("unknown", json!("p")));
    assert!(!plain("host", json!({"a": 1})) && !plain("host", json!("h;password=x")));
}
