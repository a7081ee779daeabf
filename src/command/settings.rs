//! `linkjar settings`: what the data file keeps about how this server behaves.

use crate::cli::Options;
use crate::command::{Error, data, say};
use crate::config;
use crate::limits::SITE_NAME_CHARS_MAX;
use crate::spelling::nearest;
use crate::store::Settings;
use crate::target::{self, PrivateTargets};
use crate::user::Registration;
use crate::visitor::AddressPolicy;

/// A setting by name: how it is shown and how it is changed.
struct Setting {
    key: &'static str,
    show: fn(&Settings) -> String,
    /// Changes the setting, or says what would be accepted.
    change: fn(&mut Settings, &str) -> Result<(), String>,
}

const SETTINGS: &[Setting] = &[
    Setting { key: "site.name", show: |settings| settings.site_name.clone(), change: set_site_name },
    Setting {
        key: "accounts.registration",
        show: |settings| settings.registration.word().to_owned(),
        change: |settings, value| {
            settings.registration = Registration::parse(value).ok_or("Use open, invite or closed.")?;
            Ok(())
        },
    },
    Setting {
        key: "clicks.addresses",
        show: |settings| settings.addresses.word().to_owned(),
        change: |settings, value| {
            settings.addresses = AddressPolicy::parse(value).ok_or("Use never, shorten or store.")?;
            Ok(())
        },
    },
    Setting {
        key: "links.blocked-hosts",
        show: |settings| settings.blocked_hosts.join(","),
        change: set_blocked_hosts,
    },
    Setting {
        key: "links.private",
        show: |settings| match settings.private_targets {
            PrivateTargets::Allow => "allow".to_owned(),
            PrivateTargets::Refuse => "refuse".to_owned(),
        },
        change: |settings, value| {
            settings.private_targets = match value {
                "allow" => PrivateTargets::Allow,
                "refuse" => PrivateTargets::Refuse,
                _ => return Err("Use allow or refuse.".to_owned()),
            };
            Ok(())
        },
    },
];

fn set_site_name(settings: &mut Settings, value: &str) -> Result<(), String> {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > SITE_NAME_CHARS_MAX || value.chars().any(char::is_control) {
        return Err(format!("Use 1 to {SITE_NAME_CHARS_MAX} characters."));
    }
    value.clone_into(&mut settings.site_name);
    Ok(())
}

fn set_blocked_hosts(settings: &mut Settings, value: &str) -> Result<(), String> {
    let hosts = value.split(',').map(str::trim).filter(|host| !host.is_empty());
    let hosts = hosts.map(|host| {
        target::canonical_host(host).map_err(|_| format!("{host} is no host name. Use names with commas."))
    });
    settings.blocked_hosts = hosts.collect::<Result<_, _>>()?;
    Ok(())
}

/// Shows all settings, shows one, or changes one.
///
/// # Errors
/// Exit code 2 for an unknown key or a value that will not do; as [`data::open`].
pub(crate) fn run(options: &Options, change: Option<(String, Option<String>)>) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let setting = change.as_ref().map(|(key, _)| find(key)).transpose()?;
    let store = data::open_existing(&config)?;
    let mut settings = store.settings()?;
    match (setting, change.and_then(|(_, value)| value)) {
        (None, _) => {
            for setting in SETTINGS {
                say(&format!("{}={}\n", setting.key, (setting.show)(&settings)));
            }
        }
        (Some(setting), None) => say(&format!("{}\n", (setting.show)(&settings))),
        (Some(setting), Some(value)) => {
            (setting.change)(&mut settings, &value)
                .map_err(|why| Error::usage(format!("{} cannot be {value:?}. {why}", setting.key)))?;
            let changed = format!("{}={}\n", setting.key, (setting.show)(&settings));
            store.put_settings(settings)?;
            say(&changed);
        }
    }
    Ok(())
}

fn find(key: &str) -> Result<&'static Setting, Error> {
    SETTINGS.iter().find(|setting| setting.key == key).ok_or_else(|| {
        let meant = nearest(key, SETTINGS.iter().map(|setting| setting.key));
        let hint = meant.map(|meant| format!(" Did you mean {meant}?")).unwrap_or_default();
        Error::usage(format!("unknown setting {key:?}.{hint} See: linkjar settings"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::SETTING_KEYS;

    #[test]
    fn the_help_names_every_key() {
        let keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
        assert_eq!(SETTING_KEYS.iter().map(|(key, _)| *key).collect::<Vec<_>>(), keys);
    }
}
