//! Linkjar: a multi-user URL shortener in one executable and one data file.
//!
//! # Map
//! Plain values and rules come first; nothing in them touches disk or network. Then the data file and the pages, then
//! what a request means, then the sockets, then what an operator can ask for. A file names only what stands above it
//! in this list.
//!
//! # Invariants
//! What is absent matters most:
//! - No password, session or one-time secret is kept, only hashes of them.
//! - No target reaches a `Location` header that did not pass [`target`]'s one door, and whose row's checksum was right.
//! - No page function can be reached without the checks of `web::access`; they are its parameters.
//! - No connection to anywhere: the program answers, and never asks.
//! - No `unsafe` code.
//!
//! # Two journeys
//! *A redirect, `GET /alice/docs`.* `server::door` has ended TLS, read a whole, bounded head, and worked out whom it is
//! from. Where a link leads that was followed lately is in memory; any other is looked up in the store by a thread
//! beside the loop. `web::redirect` checks state and expiry against the clock, leaves a [`click`] in the writer's queue
//! and returns the answer. The writer puts gathered clicks on disk, many in one transaction. The redirect waits for that
//! only if the operator wants it to.
//!
//! *A form, `POST /links/new`.* The door sends head and body over a lane to the pool once both are whole. A worker takes
//! them, `server::exchange` makes them a `web::request::Request`. The router's line says that the page
//! wants somebody signed in and a form of ours. `web::access` checks session, origin and form token; only then `web::link_create` runs. It parses the form into a
//! [`link`] or into errors at the fields. The store looks whether the slug is free and takes it in one transaction.
//! Then a redirect to the list with a message, or the form again with the person's own words in it.

// The domain.
mod calendar;
mod click;
mod clock;
mod limits;
mod link;
mod password;
mod proxy;
mod random;
mod session;
mod share;
mod slug;
mod target;
mod throttle;
mod traffic;
mod user;
mod visitor;

// Configuration and command line as typed.
mod cli;
mod config;
mod options;
mod spelling;

// The data file and the pages.
mod store;
#[path = "../ui/mod.rs"]
mod ui;

// What a request means, and what runs beside.
mod app;
mod housekeeping;
mod web;

// Sockets, and the operator's commands.
mod command;
mod server;

/// Runs the program with the arguments that follow its name. Returns the exit code of the process.
#[must_use]
pub fn run(args: Vec<std::ffi::OsString>) -> u8 {
    command::run(args)
}
