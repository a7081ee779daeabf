//! The program as a person meets it: the real executable, real HTTP, a data folder of its own for every test.

// Tests say what they expect by unwrapping, in their helpers too, and print the seed that repeats them.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

// Starts and stops the program.
mod appliance;
// Asks it, as a browser does.
mod browser;
// Speaks to it in bytes, one answer at a time.
mod connection;
// Takes a page apart, as a browser does.
mod markup;
// Makes inputs at random, for the door's own tests too.
#[path = "../../src/server/door/mutate.rs"]
mod mutate;
// Rounds that go by chance, for the store's tests too.
#[path = "../../src/store/tests/chance.rs"]
mod chance;

// The password again before what a passer-by must not do.
mod confirm;
// Browsers that are logged in elsewhere.
mod session_end;
// Strangers who guess names and passwords.
mod throttle;
// Error pages, error lines, and forms that can be sent again.
mod error;
// The home page before and after signing in.
mod home;
// A new link: what is accepted and what is refused at which field.
mod link_create;
// The list of links: search, states, orders, pages.
mod link_list;
// One link's facts and clicks.
mod link_detail;
// Changing a link.
mod link_edit;
// One's links as a table.
mod link_export;
// Single clicks as files.
mod click_export;
// What is counted, as files.
mod statistics_export;
// Everything of a person as one file.
mod account_export;
// The clicks of a link while they happen.
mod link_live;
// Several links of the list at once.
mod link_selected;
// Switching a link on and off where it is shown.
mod link_switch;
// Earlier addresses of a link.
mod link_alias;
// Deleting a link.
mod link_delete;
// Everybody's links.
mod admin_links;
// Blocking a host where links lead.
mod admin_host_block;
// Deleting anybody's link.
mod admin_link_delete;
// The clicks on many links together.
mod statistics;
// The pages' own files.
mod assets;
// The health page.
mod health;
// The robots file.
mod robots;
// The short addresses themselves, and what is kept of a visit.
mod redirect;
// Where a link leads, without going there.
mod preview;
// The address of a link as a picture.
mod link_qr;
// What is kept of visitors, and the page that says so.
mod privacy;
// The first administrator: who may make one, and only once.
mod setup;
// New accounts: who may make one, and which names, addresses and passwords will do.
mod register;
// Signing in, and where it leads.
mod login;
// Signing out.
mod logout;
// One's own account.
mod profile;
// The end of one's account.
mod account_delete;
// Another e-mail address for one's account.
mod email_change;
// Another password for one's account.
mod password_change;
// The one-time link to a new password.
mod reset;
// The state of the instance, and who may see it.
mod admin;
// Everybody with an account, and invitations.
mod admin_users;
// One account, and what an administrator can do with it.
mod admin_user;
// Removing a user, and what becomes of the links.
mod admin_user_remove;
// Settings that are changed while the server runs.
mod admin_settings;
// Backups from the page of settings.
mod admin_backups;
// Light and dark.
mod theme;
// Other people's links, and races for one slug.
mod ownership;
// Links of removed users: who looks after them, and that they go on.
mod own_link;
// Verbs, odd addresses and bodies, in bytes.
mod wire;
// The door: doubtful, oversized and slow clients, in bytes.
mod door;
// More clients than there is room for, and more bytes than they may hold.
mod crowd;
// What proxies say of their visitors.
mod proxies;
// TLS: handshakes good and bad, and the plain port beside it.
mod tls;
// Certificates exchanged, kept and refused.
mod certificates;
// The door under connections at random, in clear and under TLS.
mod fuzz;
// The door beside thousands who mean no good.
mod siege;
// How cookies are written and read, and what sessions are worth.
mod cookies;
// Forms that no page of ours was drawn for.
mod forgery;
// The headers of every answer, and pages that keep to their policy.
mod headers;
// All pages that other pages lead to, in every role.
mod crawl;
// The names this server answers for.
mod hosts;
// Text of strangers on our pages.
mod escaping;
// What must be in no file and no log, and who may read the files.
mod secrets;
// Killed and stopped while at work: nothing acknowledged is lost.
mod restart;
// A disk without room.
mod disk_full;
// Killed among visitors: who was answered is counted, and nobody twice.
mod killed;
// Damaged, foreign, missing and locked data files.
mod data_file;
// Clocks that show another hour.
mod clocks;
// Data files of earlier formats.
mod upgrade;
// Copies of the data file, made while it is written to.
mod backup;
// Whether a data file is what it should be.
mod check;
// A copy in the place of the data file.
mod restore;
// The operator's commands: output, exit codes, wrong use.
mod command_line;
// The operator's commands about accounts.
mod user_commands;
// A certificate for one's own network.
mod tls_self_signed;
// What the log says and what it never says.
mod log_lines;
