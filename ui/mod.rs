//! The pages as people see them: templates, style sheet, script, icons.
//!
//! Nothing here asks the store or knows a request. A page is a struct with its data and a function that draws it, so a
//! test can draw any page from plain values. All text is escaped by maud; nothing is passed around that. Every page
//! works without scripts, loads nothing from another host, and holds neither inline scripts nor inline styles.

pub(crate) use maud::Markup;

// The frame around every page, and the files it loads.
pub(crate) mod assets;
pub(crate) mod layout;

// Parts that several pages use.
pub(crate) mod action;
pub(crate) mod badge;
pub(crate) mod bars;
pub(crate) mod columns;
pub(crate) mod copy;
pub(crate) mod export;
pub(crate) mod field;
pub(crate) mod flash;
pub(crate) mod icon;
pub(crate) mod moment;
pub(crate) mod number;
pub(crate) mod pager;
pub(crate) mod qr;
pub(crate) mod quick_add;
pub(crate) mod sparkline;
pub(crate) mod text;

// The pages, in the order in which a new server's people meet them.
pub(crate) mod home;
pub(crate) mod privacy;
pub(crate) mod setup;

pub(crate) mod account_delete;
pub(crate) mod confirm;
pub(crate) mod login;
pub(crate) mod profile;
pub(crate) mod register;
pub(crate) mod reset;

pub(crate) mod link_delete;
pub(crate) mod link_detail;
pub(crate) mod link_form;
pub(crate) mod link_list;
pub(crate) mod link_selected;
pub(crate) mod statistics;

pub(crate) mod admin;
pub(crate) mod admin_host_block;
pub(crate) mod admin_links;
pub(crate) mod admin_settings;
pub(crate) mod admin_user;
pub(crate) mod admin_user_remove;
pub(crate) mod admin_users;

pub(crate) mod error;
pub(crate) mod preview;
pub(crate) mod redirect;

#[cfg(test)]
mod gallery;
