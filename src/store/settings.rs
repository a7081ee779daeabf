//! What an administrator changes while the program runs.

use std::ops::RangeInclusive;

use redb::{ReadableTable, WriteTransaction};

use crate::limits::{
    BLOCKED_HOSTS_BYTES_MAX, CLICK_KEEP_DAYS, CLICK_KEEP_DAYS_RANGE, LINKS_PER_MINUTE, LINKS_PER_MINUTE_RANGE,
    LINKS_PER_USER, SITE_NAME_CHARS_MAX,
};
use crate::store::error::Error;
use crate::store::record::{self, SettingsRecord};
use crate::store::standing::may_order;
use crate::store::{Store, tables};
use crate::target::{self, BlockedHosts, PrivateTargets, Target, TargetRules};
use crate::user::{Registration, UserId};
use crate::visitor::AddressPolicy;

const KEY: &[u8] = b"settings";

/// The settings of this instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) site_name: String,
    /// Where the home page leads visitors; `None` shows them our own.
    pub(crate) home: Option<Target>,
    pub(crate) registration: Registration,
    /// Links that one user may have; `None` for any number. Who has more keeps them.
    pub(crate) links_per_user: Option<u32>,
    /// Links that one user may make in a minute; `None` for any number.
    pub(crate) links_per_minute: Option<u32>,
    /// How much of visitors' addresses is kept.
    pub(crate) addresses: AddressPolicy,
    /// Days that single clicks are kept; `None` for ever. Sums stay in any case.
    pub(crate) keep_days: Option<u16>,
    pub(crate) redirects: Redirects,
    pub(crate) blocked_hosts: BlockedHosts,
    pub(crate) private_targets: PrivateTargets,
}

impl Settings {
    /// Adds a host, in the spelling of [`target::canonical_host`], to those where no link may lead.
    ///
    /// # Errors
    /// What to tell when there is no room for it.
    pub(crate) fn block(&mut self, host: &str) -> Result<(), String> {
        if self.blocked_hosts.cover(host) {
            return Ok(());
        }
        let hosts = self.blocked_hosts.as_slice().join(",");
        set_blocked_hosts(self, &format!("{hosts},{host}"))
    }
}

/// What browsers are told of a short link's redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redirects {
    /// 302: to ask again each time.
    Passing,
    /// 301: to keep it for a little while.
    Lasting,
}

impl Redirects {
    /// The status of the answer.
    pub(crate) fn code(self) -> u16 {
        match self {
            Redirects::Passing => 302,
            Redirects::Lasting => 301,
        }
    }

    fn of_code(code: u16) -> Option<Redirects> {
        [Redirects::Passing, Redirects::Lasting].into_iter().find(|redirects| redirects.code() == code)
    }
}

impl Default for Settings {
    /// Safe for somebody who reads nothing.
    fn default() -> Settings {
        Settings {
            site_name: "Linkjar".to_owned(),
            home: None,
            registration: Registration::Invite,
            links_per_user: None,
            links_per_minute: Some(LINKS_PER_MINUTE),
            addresses: AddressPolicy::Shorten,
            keep_days: Some(CLICK_KEEP_DAYS),
            redirects: Redirects::Passing,
            blocked_hosts: BlockedHosts::default(),
            private_targets: PrivateTargets::Allow,
        }
    }
}

fn from_record(record: SettingsRecord) -> Settings {
    let default = Settings::default();
    Settings {
        site_name: record.site_name,
        home: record.home.and_then(Target::from_stored),
        links_per_user: record.links_per_user,
        links_per_minute: record.links_per_minute,
        registration: Registration::parse(&record.registration).unwrap_or(Registration::Closed),
        addresses: AddressPolicy::parse(&record.addresses).unwrap_or(default.addresses),
        keep_days: record.keep_days,
        redirects: Redirects::of_code(record.redirect_code).unwrap_or(default.redirects),
        blocked_hosts: BlockedHosts::new(record.blocked_hosts),
        private_targets: if record.private_targets { PrivateTargets::Allow } else { PrivateTargets::Refuse },
    }
}

/// The last version that was written without a checksum.
const UNSEALED_VERSION: u8 = 2;

/// Reads the row.
fn from_row(raw: &[u8]) -> Result<Settings, Error> {
    let is_sealed = raw.first().is_none_or(|version| *version > UNSEALED_VERSION);
    let record = if is_sealed { record::unseal(KEY, raw) } else { record::decode(KEY, raw) };
    record.map(from_record)
}

/// The settings of a file; the defaults until somebody changes them.
pub(super) fn of(meta: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<Settings, Error> {
    meta.get(KEY)?.map_or_else(|| Ok(Settings::default()), |raw| from_row(raw.value()))
}

/// Puts settings into the file as part of a larger change.
pub(super) fn put(tx: &WriteTransaction, settings: &Settings) -> Result<(), Error> {
    let record = SettingsRecord {
        site_name: settings.site_name.clone(),
        registration: settings.registration.word().to_owned(),
        addresses: settings.addresses.word().to_owned(),
        keep_days: settings.keep_days,
        blocked_hosts: settings.blocked_hosts.as_slice().to_vec(),
        private_targets: settings.private_targets == PrivateTargets::Allow,
        links_per_user: settings.links_per_user,
        redirect_code: settings.redirects.code(),
        home: settings.home.as_ref().map(|home| home.as_str().to_owned()),
        links_per_minute: settings.links_per_minute,
    };
    tx.open_table(tables::META)?.insert(KEY, record::seal(KEY, &record)?.as_slice())?;
    Ok(())
}

/// A setting by name: how it is shown and how it is changed.
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    pub(crate) show: fn(&Settings) -> String,
    /// Changes the setting, or says what would be accepted.
    pub(crate) change: fn(&mut Settings, &str) -> Result<(), String>,
}

/// Every setting; the command line and the administrators' page take the same values.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting { key: "site.name", show: |settings| settings.site_name.clone(), change: set_site_name },
    Setting {
        key: "site.home",
        show: |settings| settings.home.as_ref().map_or("", Target::as_str).to_owned(),
        change: set_home,
    },
    Setting {
        key: "accounts.registration",
        show: |settings| settings.registration.word().to_owned(),
        change: |settings, value| {
            settings.registration = Registration::parse(value).ok_or("Use open, invite or closed.")?;
            Ok(())
        },
    },
    Setting {
        key: "accounts.links-max",
        show: |settings| show_bound(settings.links_per_user),
        change: |settings, value| {
            settings.links_per_user = bound(value, LINKS_PER_USER)?;
            Ok(())
        },
    },
    Setting {
        key: "links.per-minute",
        show: |settings| show_bound(settings.links_per_minute),
        change: |settings, value| {
            settings.links_per_minute = bound(value, LINKS_PER_MINUTE_RANGE)?;
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
    Setting { key: "clicks.keep-days", show: show_keep_days, change: set_keep_days },
    Setting {
        key: "links.redirect",
        show: |settings| settings.redirects.code().to_string(),
        change: |settings, value| {
            let code = value.parse().ok().filter(|code: &u16| code.to_string() == value);
            settings.redirects = code.and_then(Redirects::of_code).ok_or("Use 302 or 301.")?;
            Ok(())
        },
    },
    Setting {
        key: "links.blocked-hosts",
        show: |settings| settings.blocked_hosts.as_slice().join(","),
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

/// Whether it leads in a circle is for who knows this server's addresses.
fn set_home(settings: &mut Settings, value: &str) -> Result<(), String> {
    let any = TargetRules {
        own: &[],
        blocked: &BlockedHosts::default(),
        private: PrivateTargets::Allow,
        reserved: |_| false,
    };
    settings.home = match value.trim() {
        "" => None,
        address => Some(Target::parse(address, &any).map_err(|why| why.to_string())?),
    };
    Ok(())
}

/// What stands for any number of links.
const UNLIMITED: &str = "unlimited";

fn show_bound(links: Option<u32>) -> String {
    links.map_or_else(|| UNLIMITED.to_owned(), |links| links.to_string())
}

/// A 0 is refused: to some it would mean that there is no bound.
fn bound(value: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, String> {
    let links = value.parse().ok().filter(|links| range.contains(links) && links.to_string() == value);
    if links.is_none() && value != UNLIMITED {
        let (min, max) = range.into_inner();
        return Err(format!("Use a number from {min} to {max}, or {UNLIMITED}."));
    }
    Ok(links)
}

/// What stands for no end of keeping.
const FOREVER: &str = "forever";

fn show_keep_days(settings: &Settings) -> String {
    settings.keep_days.map_or_else(|| FOREVER.to_owned(), |days| days.to_string())
}

/// A 0 is refused: to some it would mean to keep nothing, to others to keep everything.
fn set_keep_days(settings: &mut Settings, value: &str) -> Result<(), String> {
    let days = value.parse().ok().filter(|days| CLICK_KEEP_DAYS_RANGE.contains(days));
    settings.keep_days = match (days, value) {
        (None, FOREVER) => None,
        (Some(days), _) => Some(days),
        (None, _) => {
            let (min, max) = CLICK_KEEP_DAYS_RANGE.into_inner();
            return Err(format!("Use a number of days from {min} to {max}, or {FOREVER}."));
        }
    };
    Ok(())
}

fn set_blocked_hosts(settings: &mut Settings, value: &str) -> Result<(), String> {
    let hosts = value.split(',').map(str::trim).filter(|host| !host.is_empty());
    let hosts = hosts.map(|host| {
        target::canonical_host(host).map_err(|_| format!("{host} is no host name. Use names with commas."))
    });
    let hosts: Vec<String> = hosts.collect::<Result<_, _>>()?;
    if hosts.join(",").len() > BLOCKED_HOSTS_BYTES_MAX {
        return Err(format!("Use at most {BLOCKED_HOSTS_BYTES_MAX} characters."));
    }
    settings.blocked_hosts = BlockedHosts::new(hosts);
    Ok(())
}

impl Store {
    /// The settings; the defaults until somebody changes them.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn settings(&self) -> Result<Settings, Error> {
        self.read("reading settings", |tx| of(&tx.open_table(tables::META)?))
    }

    /// Replaces the settings.
    ///
    /// # Errors
    /// When the store fails; the old settings stay then.
    pub(crate) fn put_settings(&self, settings: Settings) -> Result<(), Error> {
        self.write("writing settings", move |tx| put(tx, &settings))
    }

    /// Replaces the settings for an administrator. False when `by` is none any more; the old settings stay then.
    ///
    /// # Errors
    /// As [`Store::put_settings`].
    pub(crate) fn order_settings(&self, by: UserId, settings: Settings) -> Result<bool, Error> {
        self.write("changing settings", move |tx| {
            let is_allowed = may_order(tx, Some(by))?;
            if is_allowed {
                put(tx, &settings)?;
            }
            Ok(is_allowed)
        })
    }
}

#[cfg(test)]
mod tests;
