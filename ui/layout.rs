//! The frame around every page: head, skip link, header, flash, footer.
//!
//! The header is drawn twice, as a row and as one menu for narrow screens; the style sheet shows one of them. Both work
//! without scripts.

use maud::{DOCTYPE, Markup, html};

use crate::ui::flash::{self, Flash};
use crate::ui::icon::{self, Icon};
use crate::ui::{assets, field};

/// Everything a page needs to know besides its own content.
#[derive(Debug, Clone)]
pub(crate) struct Frame<'a> {
    pub(crate) site_name: &'a str,
    /// The page's title; empty for the home page, whose title is the site's name.
    pub(crate) title: &'a str,
    /// Whether a form has come back with errors; the title then says so first.
    pub(crate) failed: bool,
    pub(crate) theme: Theme,
    /// Who is signed in.
    pub(crate) account: Option<Account<'a>>,
    pub(crate) csrf_token: &'a str,
    /// This page's own path and query, where the theme switch comes back to.
    pub(crate) here: &'a str,
    pub(crate) flash: Option<Flash>,
    pub(crate) section: Section,
    /// Errors of short links show no menu: their visitors are nobody's users.
    pub(crate) bare: bool,
    /// The program's version; not shown on bare pages, nor when empty.
    pub(crate) version: &'a str,
    pub(crate) registration_open: bool,
}

/// The signed-in person, as far as the header is concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account<'a> {
    pub(crate) username: &'a str,
    pub(crate) is_admin: bool,
}

/// Light or dark; by default what the browser prefers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    /// The word in the cookie, the form and the page.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of a word; any other word means automatic.
    pub(crate) fn from_word(word: &str) -> Theme {
        match word {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::Auto,
        }
    }
}

/// The part of the site a page belongs to, marked in the header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Section {
    #[default]
    Other,
    Links,
    Admin,
    Profile,
    LogIn,
    Register,
}

/// Puts a page's content into the frame.
pub(crate) fn page(frame: &Frame<'_>, main: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=(frame.theme.word()) {
            (head(frame))
            body data-signed-in[frame.account.is_some()] {
                a.skip href="#main" { "Skip to content" }
                (header(frame))
                main #main tabindex="-1" {
                    @if let Some(flash) = &frame.flash {
                        (flash::message(flash))
                    }
                    (main)
                }
                (footer(frame))
                p #said.unseen role="status" {}
            }
        }
    }
}

fn head(frame: &Frame<'_>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="generator" content="Linkjar";
            meta name="color-scheme" content=(color_scheme(frame.theme));
            title {
                @if frame.failed {
                    "Error: "
                }
                @if !frame.title.is_empty() && frame.title != frame.site_name {
                    (frame.title)
                    " · "
                }
                (frame.site_name)
            }
            link rel="icon" type="image/svg+xml" href=(assets::FAVICON_SVG);
            link rel="stylesheet" href=(assets::APP_CSS);
            script src=(assets::APP_JS) defer {}
        }
    }
}

/// What the browser paints before the style sheet has arrived.
const fn color_scheme(theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => "light dark",
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}

fn header(frame: &Frame<'_>) -> Markup {
    html! {
        header.top {
            div.top-row {
                a.brand href="/" {
                    (icon::draw(Icon::Jar))
                    span { (frame.site_name) }
                }
                @if !frame.bare {
                    div.wide {
                        nav aria-label="Main" {
                            (main_links(frame))
                        }
                        (theme_form(frame))
                        (account_menu(frame))
                    }
                    details.menu.narrow {
                        summary aria-label="Menu" {
                            (icon::draw(Icon::Menu))
                        }
                        div.menu-panel {
                            nav aria-label="Main" {
                                (main_links(frame))
                            }
                            (account_links(frame))
                            (theme_form(frame))
                        }
                    }
                }
            }
        }
    }
}

fn main_links(frame: &Frame<'_>) -> Markup {
    html! {
        @if frame.account.is_some() {
            (nav_link(frame, "/links", "Links", Section::Links))
            @if frame.account.is_some_and(|account| account.is_admin) {
                (nav_link(frame, "/admin", "Admin", Section::Admin))
            }
        }
    }
}

/// On wide screens: a menu for the signed-in, plain links for everybody else.
fn account_menu(frame: &Frame<'_>) -> Markup {
    html! {
        @if let Some(account) = &frame.account {
            details.menu {
                summary {
                    (icon::draw(Icon::User))
                    span.unseen { "Account " }
                    span.account-name { (account.username) }
                }
                div.menu-panel {
                    (account_links(frame))
                }
            }
        } @else {
            nav aria-label="Account" {
                (account_links(frame))
            }
        }
    }
}

fn account_links(frame: &Frame<'_>) -> Markup {
    html! {
        @if let Some(account) = &frame.account {
            @if account.is_admin {
                p.menu-note { "Administrator" }
            }
            (nav_link(frame, "/accounts/profile", "Profile", Section::Profile))
            form method="post" action="/accounts/logout" {
                (field::token(frame.csrf_token))
                button.menu-item type="submit" { "Log out" }
            }
        } @else {
            (nav_link(frame, "/accounts/login", "Log in", Section::LogIn))
            @if frame.registration_open {
                (nav_link(frame, "/accounts/register", "Register", Section::Register))
            }
        }
    }
}

fn nav_link(frame: &Frame<'_>, href: &str, text: &str, section: Section) -> Markup {
    let is_here = frame.section == section;
    html! {
        a.menu-item href=(href) aria-current=[is_here.then_some("page")] { (text) }
    }
}

fn theme_form(frame: &Frame<'_>) -> Markup {
    let choices = [
        (Theme::Auto, Icon::Screen, "Theme of the system"),
        (Theme::Light, Icon::Sun, "Light theme"),
        (Theme::Dark, Icon::Moon, "Dark theme"),
    ];
    html! {
        form.theme method="post" action="/accounts/theme" {
            (field::token(frame.csrf_token))
            input type="hidden" name="next" value=(frame.here);
            @for (theme, icon, name) in choices {
                button type="submit" name="theme" value=(theme.word()) title=(name) aria-label=(name)
                    aria-pressed=(if theme == frame.theme { "true" } else { "false" }) {
                    (icon::draw(icon))
                }
            }
        }
    }
}

fn footer(frame: &Frame<'_>) -> Markup {
    html! {
        footer {
            p {
                "Linkjar"
                @if !frame.bare && !frame.version.is_empty() {
                    " "
                    (frame.version)
                }
                @if !frame.bare {
                    " · "
                    a href="/privacy" { "Privacy" }
                }
            }
        }
    }
}
