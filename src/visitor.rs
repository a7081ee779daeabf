//! What a visitor's browser says of itself: browser, system and device by name, people told apart from programs, and
//! how much of an address is kept.
//!
//! A table of our own, not a user-agent database: a dashboard needs the ten names that make up nearly all visits,
//! and a database would weigh more than the rest of the program.

pub(crate) mod marks;

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::limits::AGENT_BYTES_MAX;

/// The browser families we tell apart. Their numbers are on disk: append, never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Browser {
    Other = 0,
    Chrome = 1,
    Safari = 2,
    Firefox = 3,
    Edge = 4,
    Opera = 5,
    SamsungInternet = 6,
    Vivaldi = 7,
    Yandex = 8,
    InternetExplorer = 9,
    InApp = 10,
}

/// The systems we tell apart. Their numbers are on disk: append, never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum System {
    Other = 0,
    Windows = 1,
    MacOs = 2,
    Linux = 3,
    Android = 4,
    Ios = 5,
    ChromeOs = 6,
    Bsd = 7,
}

/// The kinds of devices we tell apart. Their numbers are on disk: append, never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Device {
    /// Television sets, consoles, and what does not say.
    Other = 0,
    Desktop = 1,
    Phone = 2,
    Tablet = 3,
}

const BROWSERS: &[(Browser, &str)] = &[
    (Browser::Other, "Other"),
    (Browser::Chrome, "Chrome"),
    (Browser::Safari, "Safari"),
    (Browser::Firefox, "Firefox"),
    (Browser::Edge, "Edge"),
    (Browser::Opera, "Opera"),
    (Browser::SamsungInternet, "Samsung Internet"),
    (Browser::Vivaldi, "Vivaldi"),
    (Browser::Yandex, "Yandex Browser"),
    (Browser::InternetExplorer, "Internet Explorer"),
    (Browser::InApp, "In-app browser"),
];

const SYSTEMS: &[(System, &str)] = &[
    (System::Other, "Other"),
    (System::Windows, "Windows"),
    (System::MacOs, "macOS"),
    (System::Linux, "Linux"),
    (System::Android, "Android"),
    (System::Ios, "iOS"),
    (System::ChromeOs, "ChromeOS"),
    (System::Bsd, "BSD"),
];

const DEVICES: &[(Device, &str)] =
    &[(Device::Other, "Other"), (Device::Desktop, "Desktop"), (Device::Phone, "Phone"), (Device::Tablet, "Tablet")];

/// The name people know a stored browser number by.
pub(crate) fn browser_name(code: u8) -> &'static str {
    BROWSERS.get(usize::from(code)).map_or("Other", |(_, name)| name)
}

/// The name people know a stored system number by.
pub(crate) fn system_name(code: u8) -> &'static str {
    SYSTEMS.get(usize::from(code)).map_or("Other", |(_, name)| name)
}

/// The name people know a stored device number by.
pub(crate) fn device_name(code: u8) -> &'static str {
    DEVICES.get(usize::from(code)).map_or("Other", |(_, name)| name)
}

/// The first word found decides: browsers name those they descend from, so descendants stand first.
const BROWSER_WORDS: &[(&str, Browser)] = &[
    ("FBAN/", Browser::InApp),
    ("FBAV/", Browser::InApp),
    ("Instagram", Browser::InApp),
    ("Edg", Browser::Edge),
    ("OPR/", Browser::Opera),
    ("Opera", Browser::Opera),
    ("Vivaldi/", Browser::Vivaldi),
    ("YaBrowser/", Browser::Yandex),
    ("SamsungBrowser/", Browser::SamsungInternet),
    ("Firefox/", Browser::Firefox),
    ("FxiOS/", Browser::Firefox),
    ("CriOS/", Browser::Chrome),
    ("Chromium/", Browser::Chrome),
    ("Chrome/", Browser::Chrome),
    ("Trident/", Browser::InternetExplorer),
    ("MSIE ", Browser::InternetExplorer),
    ("Safari/", Browser::Safari),
];

const SYSTEM_WORDS: &[(&str, System)] = &[
    ("Android", System::Android),
    ("iPhone", System::Ios),
    ("iPad", System::Ios),
    ("iPod", System::Ios),
    ("Windows", System::Windows),
    ("CrOS", System::ChromeOs),
    ("Mac OS X", System::MacOs),
    ("Macintosh", System::MacOs),
    ("Linux", System::Linux),
    ("BSD", System::Bsd),
];

/// A browser on Android says "Mobile" on a phone only; what else it is says nothing. Consoles and television sets name
/// the system they descend from, so they stand first, as does the tablet that is a computer. A tablet of Apple's that
/// asks for the pages of computers cannot be told from one.
const DEVICE_WORDS: &[(&str, Device)] = &[
    ("Xbox", Device::Other),
    ("SMART-TV", Device::Other),
    ("SmartTV", Device::Other),
    ("Web0S", Device::Other),
    ("Tablet PC", Device::Desktop),
    ("iPad", Device::Tablet),
    ("Tablet", Device::Tablet),
    ("Kindle", Device::Tablet),
    ("Mobi", Device::Phone),
    ("iPhone", Device::Phone),
    ("iPod", Device::Phone),
    ("Android", Device::Tablet),
    ("Windows", Device::Desktop),
    ("Macintosh", Device::Desktop),
    ("CrOS", Device::Desktop),
    ("X11", Device::Desktop),
];

/// What a user agent says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) browser: Browser,
    pub(crate) system: System,
    pub(crate) device: Device,
}

impl Description {
    /// The numbers of browser, system and device.
    pub(crate) fn codes(self) -> [u8; 3] {
        [self.browser as u8, self.system as u8, self.device as u8]
    }
}

/// Browser, system and device of a user agent.
pub(crate) fn describe(agent: &str) -> Description {
    fn first<T: Copy>(words: &[(&str, T)], agent: &str, other: T) -> T {
        words.iter().find(|(word, _)| agent.contains(word)).map_or(other, |found| found.1)
    }
    Description {
        browser: first(BROWSER_WORDS, agent, Browser::Other),
        system: first(SYSTEM_WORDS, agent, System::Other),
        device: first(DEVICE_WORDS, agent, Device::Other),
    }
}

/// What kind of visitor followed a link. The numbers are on disk: append, never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    Human = 0,
    Bot = 1,
    /// A program that draws a preview of the link for people in a conversation.
    Preview = 2,
    /// A browser that fetched the link in case its user follows it. Not a click.
    Prefetch = 3,
}

impl Class {
    pub(crate) fn from_code(code: u8) -> Class {
        match code {
            0 => Class::Human,
            2 => Class::Preview,
            3 => Class::Prefetch,
            _ => Class::Bot,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Class::Human => "human",
            Class::Bot => "bot",
            Class::Preview => "preview",
            Class::Prefetch => "prefetch",
        }
    }
}

/// Why a visitor was given its class. The numbers are on disk: append, never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Reason {
    /// Nothing speaks against a person.
    None = 0,
    NoAgent = 1,
    /// The agent does not begin as every browser's does.
    NotABrowser = 2,
    /// The agent names a robot's trade.
    RobotWord = 3,
    PreviewWord = 4,
    PurposeHeader = 5,
}

impl Reason {
    pub(crate) fn from_code(code: u8) -> Reason {
        match code {
            1 => Reason::NoAgent,
            2 => Reason::NotABrowser,
            3 => Reason::RobotWord,
            4 => Reason::PreviewWord,
            5 => Reason::PurposeHeader,
            _ => Reason::None,
        }
    }

    /// For a list of counts.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Reason::None => "Reason not kept",
            Reason::NoAgent => "No user agent",
            Reason::NotABrowser => "Not a browser",
            Reason::RobotWord => "Names a robot",
            Reason::PreviewWord => "Link preview",
            Reason::PurposeHeader => "Ahead of time",
        }
    }

    /// For the title of a badge.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Reason::None => "",
            Reason::NoAgent => "It sent no user agent.",
            Reason::NotABrowser => "Its user agent is not a browser's.",
            Reason::RobotWord => "Its user agent names a robot.",
            Reason::PreviewWord => "It draws link previews.",
            Reason::PurposeHeader => "The browser fetched the link ahead of time.",
        }
    }
}

/// Programs that draw previews in conversations.
const PREVIEW_WORDS: &[&str] = &[
    "facebookexternalhit",
    "whatsapp",
    "telegrambot",
    "slackbot",
    "slack-imgproxy",
    "discordbot",
    "twitterbot",
    "linkedinbot",
    "skypeuripreview",
    "mattermost",
    "signal-desktop",
    "preview",
];

/// Words that no browser of a person has in its agent.
const ROBOT_WORDS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "scrap",
    "fetch",
    "scan",
    "monitor",
    "check",
    "feed",
    "http://",
    "https://",
    "headless",
    "lighthouse",
    "pingdom",
    "uptime",
    "inspect",
    "google-",
];

/// Agents whose judgement each thread remembers. Nearly all visits come from a few dozen; looking for every word in each
/// would be a twentieth of what a redirect costs.
const AGENTS_REMEMBERED: usize = 128;

thread_local! {
    /// Judgements, each in the place that its agent's hash says; the latest stays.
    static JUDGED: RefCell<Vec<(String, (Class, Reason))>> = const { RefCell::new(Vec::new()) };
}

/// Tells people from programs by what the request says of itself.
///
/// `ahead_of_time` is true when a purpose header (`Sec-Purpose: prefetch`, or its forerunner `Purpose`) was sent.
pub(crate) fn classify(agent: &str, ahead_of_time: bool) -> (Class, Reason) {
    if ahead_of_time {
        return (Class::Prefetch, Reason::PurposeHeader);
    }
    if agent.is_empty() {
        return (Class::Bot, Reason::NoAgent);
    }
    // Longer ones are nobody's browser, and need not be kept.
    if agent.len() > AGENT_BYTES_MAX {
        return judge(agent);
    }
    let mut hasher = DefaultHasher::new();
    agent.hash(&mut hasher);
    // The remainder is below the number of places, whatever the width of `usize`.
    let place = (hasher.finish() % AGENTS_REMEMBERED as u64) as usize;
    JUDGED.with_borrow_mut(|judged| {
        if judged.is_empty() {
            judged.resize(AGENTS_REMEMBERED, (String::new(), (Class::Bot, Reason::NoAgent)));
        }
        let (known, judgement) = &mut judged[place];
        if known != agent {
            agent.clone_into(known);
            *judgement = judge(agent);
        }
        *judgement
    })
}

/// Judges an agent by its words.
fn judge(agent: &str) -> (Class, Reason) {
    // "Cubot" is a maker of phones, not a robot.
    let agent = agent.to_ascii_lowercase().replace("cubot", "");
    if PREVIEW_WORDS.iter().any(|word| agent.contains(word)) {
        return (Class::Preview, Reason::PreviewWord);
    }
    if ROBOT_WORDS.iter().any(|word| agent.contains(word)) {
        return (Class::Bot, Reason::RobotWord);
    }
    if !agent.starts_with("mozilla/") && !agent.starts_with("opera/") {
        return (Class::Bot, Reason::NotABrowser);
    }
    (Class::Human, Reason::None)
}

/// How much of a visitor's address is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddressPolicy {
    Never,
    Shorten,
    Store,
}

impl AddressPolicy {
    pub(crate) fn word(self) -> &'static str {
        match self {
            AddressPolicy::Never => "never",
            AddressPolicy::Shorten => "shorten",
            AddressPolicy::Store => "store",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<AddressPolicy> {
        [AddressPolicy::Never, AddressPolicy::Shorten, AddressPolicy::Store]
            .into_iter()
            .find(|policy| policy.word() == word)
    }

    /// What may be kept of an address: nothing, its network (IPv4 /24, IPv6 /48), or all of it. An IPv4 address
    /// inside an IPv6 one is taken as IPv4 first.
    pub(crate) fn apply(self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        match self {
            AddressPolicy::Never => None,
            AddressPolicy::Store => Some(address),
            AddressPolicy::Shorten => Some(match address {
                IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & 0xffff_ff00)),
                IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80)),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
