//! What this server keeps of people, for everybody to read. Every sentence is true of the settings as they are.

use maud::{Markup, html};

use crate::limits::{
    BACKUP_WEEKS_KEPT, KNOWN_BROWSERS_MAX, KNOWN_NETWORKS_MAX, KNOWN_S, SESSION_ABSOLUTE_S, SESSION_IDLE_S,
};
use crate::ui::layout::{self, Frame};
use crate::ui::number::counted;
use crate::visitor::AddressPolicy;

/// What the page depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Privacy {
    pub(crate) addresses: AddressPolicy,
    /// Days that single clicks are kept; `None` for ever.
    pub(crate) keep_days: Option<u16>,
    /// Daily backups that are kept; 0 when none are made.
    pub(crate) backups: usize,
}

/// Draws the page.
pub(crate) fn page(frame: &Frame<'_>, privacy: &Privacy) -> Markup {
    let main = html! {
        div.prose {
            h1 { "Privacy" }
            p { "What this server keeps, about whom, and for how long. Nothing of it leaves the server by itself: no page "
                "loads anything from elsewhere, and the program asks nobody." }
            (visits(privacy))
            (ends(privacy))
            (accounts(privacy))
            (log(privacy))
        }
    };
    layout::page(frame, main)
}

fn visits(privacy: &Privacy) -> Markup {
    html! {
        h2 { "People who follow a short link" }
        p { "They are sent on without a cookie. Of each visit these are kept, and shown to the owner of the link:" }
        ul {
            li { "the time," }
            li { "the host and path of the page that led here, as far as the browser tells; never the part after “?” or “#”," }
            li { "how the browser describes itself," }
            li { "whether it was a person, a program or a preview, as far as can be told," }
            li {
                @match privacy.addresses {
                    AddressPolicy::Never => "nothing of the network address.",
                    AddressPolicy::Shorten => {
                        "the network address without its last part (IPv4: the first 3 of 4 numbers; IPv6: the first 48 "
                        "bits). Nothing more of it is written anywhere."
                    }
                    AddressPolicy::Store => "the whole network address.",
                }
            }
        }
        p { "A change of what is kept counts from then on: the data file has of earlier visits what was kept then, and no "
            "more of it is shown than is kept now." }
        p { "How many different people came in a day is counted by marks: 32 bits made of address, browser and day with a key "
            "that lives in memory alone and is forgotten within minutes after midnight (UTC). From then on nobody can tell whose mark one was." }
        p {
            "Whoever sends "
            code { "Sec-GPC: 1" }
            " (Global Privacy Control) or "
            code { "DNT: 1" }
            " is counted, and only the time and the kind of visit are kept; it leaves no mark."
        }
    }
}

fn ends(privacy: &Privacy) -> Markup {
    html! {
        h2 { "When it goes" }
        @match privacy.keep_days {
            Some(days) => {
                p { "Single visits are removed after " (counted(days.into(), "day")) ", a day later at most, and when their "
                    "link is deleted. While the server’s clock is in doubt nothing is removed; that, and a clock that was ahead, "
                    "can take some more days." }
            }
            None => p { "Single visits are kept until their link is deleted." },
        }
        p { "How many there were on each day stays for as long as the link: by hour, by the host that led here, by browser, "
            "system and device." }
        p { "Removed means: on no page and in no export any more. The bytes can stay in unused parts of the data file until "
            "something else is written there. After visits with a whole network address were removed, the next start of the "
            "server writes the file anew, without them. Texts of referring pages and browsers stay without the visits they came with."
        }
        @if privacy.backups > 0 {
            p { "Backups are made daily. The newest " (privacy.backups) " are kept, and one a week for "
                (counted(BACKUP_WEEKS_KEPT as u64, "week")) " before; what was removed stays in those that were made before." }
        }
        p { "Whoever runs this server can make further backups, and the server makes some of its own: before the data file is "
            "brought to a newer format, and while its clock is in doubt. These stay, with all that was in them, until somebody "
            "removes them." }
    }
}

fn accounts(privacy: &Privacy) -> Markup {
    const DAY_S: i64 = 86_400;
    html! {
        h2 { "People who have an account" }
        p { "Kept are username and email address, the time of joining and of the last login, the role, and the links with their titles. "
            "The password is kept as an Argon2id hash, from which nobody can read it. No email is sent." }
        p {
            "Logging in sets a cookie. It ends " (SESSION_IDLE_S / DAY_S) " days after the last visit, and after "
            (SESSION_ABSOLUTE_S / DAY_S) " days in any case; the server keeps a hash of it, when it began, the hour of the last visit, "
            "when the password was last given, the kind of browser and system, and of the network address "
            @match privacy.addresses {
                AddressPolicy::Never => "nothing",
                AddressPolicy::Shorten => "as much as of a visitor’s",
                AddressPolicy::Store => "all",
            }
            ". Whoever it is sees that on their profile. Forms, messages and the choice of colours need a cookie each. "
            "None of them is for anything else."
        }
        p { "So that nobody can lock somebody out by guessing, it is known for " (KNOWN_S / DAY_S) " days where they have logged in: in "
            "which browsers, by a hash of a further cookie that logs nobody in, at most " (KNOWN_BROWSERS_MAX) ", and in which "
            (KNOWN_NETWORKS_MAX) " networks last (IPv4: the first 3 of 4 numbers; IPv6: the first 48 bits). Of a network there is a "
            "hash under a key in the data file; whoever has that file can find out which network it is. The time of the login is noted with each." }
    }
}

fn log(privacy: &Privacy) -> Markup {
    html! {
        h2 { "The server’s log" }
        p { "The log names the network address of whoever logs in, fails to, makes or changes an account, and of requests that were "
            "refused. Who only follows links is not in it"
            @if privacy.addresses == AddressPolicy::Store {
                ", unless the operator has it write a line for every request"
            }
            ". How long it is kept is up to whoever runs this server." }
    }
}
