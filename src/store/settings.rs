//! What an administrator changes while the program runs.

use redb::WriteTransaction;

use crate::store::error::Error;
use crate::store::record::{self, SettingsRecord};
use crate::store::{Store, tables};
use crate::target::PrivateTargets;
use crate::user::Registration;
use crate::visitor::AddressPolicy;

const KEY: &[u8] = b"settings";

/// The settings of this instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) site_name: String,
    pub(crate) registration: Registration,
    /// How much of visitors' addresses is kept.
    pub(crate) addresses: AddressPolicy,
    /// Canonical host names that no link may lead to.
    pub(crate) blocked_hosts: Vec<String>,
    pub(crate) private_targets: PrivateTargets,
}

impl Default for Settings {
    /// Safe for somebody who reads nothing.
    fn default() -> Settings {
        Settings {
            site_name: "Linkjar".to_owned(),
            registration: Registration::Invite,
            addresses: AddressPolicy::Shorten,
            blocked_hosts: Vec::new(),
            private_targets: PrivateTargets::Allow,
        }
    }
}

fn from_record(record: SettingsRecord) -> Settings {
    let default = Settings::default();
    Settings {
        site_name: record.site_name,
        registration: Registration::parse(&record.registration).unwrap_or(Registration::Closed),
        addresses: AddressPolicy::parse(&record.addresses).unwrap_or(default.addresses),
        blocked_hosts: record.blocked_hosts,
        private_targets: if record.private_targets { PrivateTargets::Allow } else { PrivateTargets::Refuse },
    }
}

/// Puts settings into the file as part of a larger change.
pub(super) fn put(tx: &WriteTransaction, settings: &Settings) -> Result<(), Error> {
    let record = SettingsRecord {
        site_name: settings.site_name.clone(),
        registration: settings.registration.word().to_owned(),
        addresses: settings.addresses.word().to_owned(),
        blocked_hosts: settings.blocked_hosts.clone(),
        private_targets: settings.private_targets == PrivateTargets::Allow,
    };
    tx.open_table(tables::META)?.insert(KEY, record::encode(&record)?.as_slice())?;
    Ok(())
}

impl Store {
    /// The settings; the defaults until somebody changes them.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn settings(&self) -> Result<Settings, Error> {
        self.read("reading settings", |tx| {
            let meta = tx.open_table(tables::META)?;
            match meta.get(KEY)? {
                Some(raw) => Ok(from_record(record::decode(KEY, raw.value())?)),
                None => Ok(Settings::default()),
            }
        })
    }

    /// Replaces the settings.
    ///
    /// # Errors
    /// When the store fails; the old settings stay then.
    pub(crate) fn put_settings(&self, settings: Settings) -> Result<(), Error> {
        self.write("writing settings", move |tx| put(tx, &settings))
    }
}
