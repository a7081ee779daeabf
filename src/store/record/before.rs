//! What becomes of a record of the version before: what it did not know yet is filled in.

use serde::{Deserialize, Serialize};

use crate::limits::{CLICK_KEEP_DAYS, LINKS_PER_MINUTE};
use crate::store::one_time::Purpose;
use crate::store::record::{
    LinkRecord, OneTimeRecord, Record, RedirectRecord, RollRecord, RollRecord1, SessionRecord, SessionRecord1,
    SettingsRecord, SettingsRecord1, SumRecord, UserRecord, read,
};
use crate::visitor::Reason;

records! {
    LinkRecord1, version 1 of "link" {
        slug: String,
        target: String,
        title: String,
        enabled: bool,
        expires_ms: Option<i64>,
        created_ms: i64,
        updated_ms: i64,
    }
    RedirectRecord1, version 1 of "redirect" {
        owner: u32,
        link: u32,
        enabled: bool,
        expires_ms: Option<i64>,
        target: String,
    }
    SettingsRecord2, version 2 of "settings" after SettingsRecord1 {
        site_name: String,
        registration: String,
        addresses: String,
        blocked_hosts: Vec<String>,
        private_targets: bool,
        /// `None` for ever.
        keep_days: Option<u16>,
    }
    OneTimeRecord1, version 1 of "one_time" {
        purpose: u8,
        user: u32,
        expires_ms: i64,
    }
    UserRecord1, version 1 of "user" {
        name: String,
        email: String,
        password: String,
        role: u8,
        created_ms: i64,
        last_login_ms: Option<i64>,
    }
    SumRecord1, version 1 of "roll_total" {
        humans: u64,
        bots: u64,
        first_ms: i64,
        last_ms: i64,
        segment_first: u32,
        segment_next: u32,
        kept: u32,
    }
}

impl From<SessionRecord1> for SessionRecord {
    fn from(before: SessionRecord1) -> SessionRecord {
        let SessionRecord1 { user, created_ms, seen_ms } = before;
        // A session begins with the password.
        let confirmed_ms = created_ms;
        SessionRecord { user, created_ms, seen_ms, confirmed_ms, browser: 0, system: 0, address: Vec::new() }
    }
}

impl From<OneTimeRecord1> for OneTimeRecord {
    fn from(before: OneTimeRecord1) -> OneTimeRecord {
        let OneTimeRecord1 { purpose, user, expires_ms } = before;
        // The user of an invitation was who made it. Reset links came from the command line.
        let (user, by) = if purpose == Purpose::Invitation as u8 { (0, user) } else { (user, 0) };
        OneTimeRecord { purpose, user, by, expires_ms }
    }
}

impl From<UserRecord1> for UserRecord {
    fn from(before: UserRecord1) -> UserRecord {
        let UserRecord1 { name, email, password, role, created_ms, last_login_ms } = before;
        UserRecord { name, email, password, role, created_ms, last_login_ms, state: 0, keeper: None }
    }
}

impl From<LinkRecord1> for LinkRecord {
    fn from(before: LinkRecord1) -> LinkRecord {
        let LinkRecord1 { slug, target, title, enabled, expires_ms, created_ms, updated_ms } = before;
        LinkRecord { slug, target, title, enabled, expires_ms, created_ms, updated_ms, aliases: Vec::new() }
    }
}

impl From<RedirectRecord1> for RedirectRecord {
    fn from(before: RedirectRecord1) -> RedirectRecord {
        let RedirectRecord1 { owner, link, enabled, expires_ms, target } = before;
        RedirectRecord { owner, link, enabled, expires_ms, target: Some(target) }
    }
}

impl From<SumRecord1> for SumRecord {
    fn from(before: SumRecord1) -> SumRecord {
        let SumRecord1 { humans, bots, first_ms, last_ms, segment_first, segment_next, kept } = before;
        SumRecord { humans, bots, first_ms, last_ms, segment_first, segment_next, kept, passed: 0 }
    }
}

impl From<SettingsRecord1> for SettingsRecord2 {
    fn from(before: SettingsRecord1) -> SettingsRecord2 {
        let SettingsRecord1 { site_name, registration, addresses, blocked_hosts, private_targets } = before;
        let keep_days = Some(CLICK_KEEP_DAYS);
        SettingsRecord2 { site_name, registration, addresses, blocked_hosts, private_targets, keep_days }
    }
}

impl From<SettingsRecord2> for SettingsRecord {
    fn from(before: SettingsRecord2) -> SettingsRecord {
        let SettingsRecord2 { site_name, registration, addresses, blocked_hosts, private_targets, keep_days } = before;
        SettingsRecord {
            site_name,
            registration,
            addresses,
            blocked_hosts,
            private_targets,
            keep_days,
            links_per_user: None,
            redirect_code: 302,
            home: None,
            links_per_minute: Some(LINKS_PER_MINUTE),
        }
    }
}

impl From<RollRecord1> for RollRecord {
    fn from(before: RollRecord1) -> RollRecord {
        let RollRecord1 { humans, bots, hours, hosts, hosts_other, browsers, systems } = before;
        // Why these were taken for bots was not counted.
        let reasons = if bots > 0 { vec![(Reason::None as u8, bots)] } else { Vec::new() };
        RollRecord { humans, bots, hours, hosts, hosts_other, browsers, systems, reasons, ..RollRecord::empty() }
    }
}
