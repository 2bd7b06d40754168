//! Environment variables as a thing handed in, so that tests hand in their own.

use std::collections::HashMap;
use std::sync::Arc;

type LookUp = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Looks up environment variables.
#[derive(Clone)]
pub struct Environment {
    look_up: Arc<LookUp>,
}

impl Environment {
    /// The variables of this process.
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_process() -> Self {
        Self { look_up: Arc::new(|name| std::env::var(name).ok()) }
    }

    /// These variables alone.
    pub fn fixed(variables: &[(&str, &str)]) -> Self {
        let map: HashMap<String, String> = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self { look_up: Arc::new(move |name| map.get(name).cloned()) }
    }

    /// The value of `name`, unless it is unset or empty.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.look_up)(name).filter(|value| !value.is_empty())
    }
}

impl std::fmt::Debug for Environment {
    // Values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Environment")
    }
}
