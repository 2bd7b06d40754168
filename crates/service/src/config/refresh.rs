//! What `[dataset.refresh]` must satisfy beyond its types.

use super::RefreshBlock;
use super::spec::Finding;
use crate::jobs::schedules::{Recurrence, duration};

impl RefreshBlock {
    /// Everything that is wrong. `query`: the dataset is a saved query.
    pub(super) fn findings(&self, query: bool) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut add =
            |key: &'static str, message: String| found.push(Finding { key: vec!["refresh".to_owned(), key.to_owned()], message });
        let upstream = self.on_upstream_reload == Some(true);
        match (&self.interval, &self.cron) {
            (Some(_), Some(_)) => add("cron", "interval and cron exclude each other".into()),
            (None, None) if !upstream => add("interval", "needs interval or cron".into()),
            _ => {}
        }
        if let Some(interval) = &self.interval
            && let Err(error) = duration(interval)
        {
            add("interval", error.message().to_owned());
        }
        if let Some(cron) = &self.cron
            && let Err(error) = Recurrence::parse(&format!("cron {cron}"), self.time_zone.as_deref())
        {
            add("cron", error.message().to_owned());
        } else if self.cron.is_none() && self.time_zone.is_some() {
            add("time_zone", "is only for cron: an interval has none".into());
        }
        for (key, text) in [("timeout", &self.timeout), ("debounce", &self.debounce)] {
            if let Some(Err(error)) = text.as_deref().map(duration) {
                add(key, error.message().to_owned());
            }
        }
        if !query {
            for (key, present) in
                [("on_upstream_reload", self.on_upstream_reload.is_some()), ("debounce", self.debounce.is_some())]
            {
                if present {
                    add(key, "is only for kind `query`".into());
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_named() {
        let found = |toml: &str, query: bool| -> Vec<String> {
            let block: RefreshBlock = toml::from_str(toml).unwrap();
            block.findings(query).into_iter().map(|found| format!("{}: {}", found.key.join("."), found.message)).collect()
        };
        assert!(found("interval = '10m'", false).is_empty());
        assert!(found("cron = '0 6 * * *'\ntime_zone = 'Europe/Paris'\ntimeout = '1h'\njitter = false", false).is_empty());
        assert!(found("on_upstream_reload = true\ndebounce = '1s'", true).is_empty());
        for (toml, says) in [
            ("", "refresh.interval: needs interval or cron"),
            ("interval = 'soon'", "refresh.interval: `soon` must be a time"),
            ("interval = '1h'\ncron = '0 6 * * *'", "refresh.cron: interval and cron exclude each other"),
            ("cron = '0 6 * *'", "refresh.cron: `0 6 * *` is no cron pattern"),
            ("cron = '0 6 * * *'\ntime_zone = 'Nowhere'", "refresh.cron: `Nowhere` is no time zone"),
            ("interval = '1h'\ntime_zone = 'UTC'", "refresh.time_zone: is only for cron"),
            ("interval = '1h'\ntimeout = 'x'", "refresh.timeout: `x` must be a time"),
            ("interval = '1h'\non_upstream_reload = true", "refresh.on_upstream_reload: is only for kind `query`"),
        ] {
            assert!(found(toml, false).iter().any(|message| message.starts_with(says)), "{toml}: {:?}", found(toml, false));
        }
    }
}
