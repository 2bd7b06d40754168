//! One setting of a type: its names, what it holds, and how a form should show it.

use serde_json::{Value, json};

/// A setting.
pub(crate) struct Key {
    /// Its name.
    pub(crate) name: &'static str,
    /// Other names that are understood.
    pub(crate) also: &'static [&'static str],
    /// What it holds.
    pub(crate) kind: Kind,
    /// What it is for.
    pub(crate) about: &'static str,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// Whether it is sealed and never shown.
    pub(crate) secret: bool,
}

/// What a setting holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Text.
    Text,
    /// A path of the machine, from its root.
    Path,
    /// A whole number, its bounds and what it is unless said.
    Whole { least: u64, most: u64, default: u64 },
    /// True or false; false unless said.
    Flag,
    /// Text by name.
    Texts,
}

impl Key {
    /// Text that need not be there.
    pub(crate) const fn text(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Kind::Text, about)
    }

    /// A setting that need not be there.
    pub(crate) const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, also: &[], kind, about, required: false, secret: false }
    }

    /// The same, which must be there.
    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, sealed and never shown.
    pub(crate) const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// The same under other names, too.
    pub(crate) const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// Whether it has that name.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.also.contains(&name)
    }

    /// As a JSON Schema.
    pub(crate) fn schema(&self) -> Value {
        let mut schema = match self.kind {
            Kind::Text | Kind::Path => json!({"type": "string"}),
            Kind::Whole { least, most, default } => {
                json!({"type": "integer", "minimum": least, "maximum": most, "default": default})
            }
            Kind::Flag => json!({"type": "boolean", "default": false}),
            Kind::Texts => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        };
        let also = if self.also.is_empty() { String::new() } else { format!(" Also called {}.", self.also.join(", ")) };
        schema["description"] = format!("{}{also}", self.about).into();
        if self.secret {
            schema["writeOnly"] = true.into();
            if matches!(self.kind, Kind::Text) {
                schema["format"] = "password".into();
            }
        }
        schema
    }
}
