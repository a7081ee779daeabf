//! `linkjar settings`: what the data file keeps about how this server behaves.

use crate::cli::Options;
use crate::command::{Error, data, say};
use crate::config;
use crate::spelling::nearest;
use crate::store::{SETTINGS, Setting};

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
