//! `linkjar user passwd`: a new password for somebody, without the server running.

use crate::cli::Options;
use crate::clock::Clock;
use crate::command::{Error, data, password, say};
use crate::config;
use crate::store::Store;
use crate::user::User;

/// Sets a password. Every browser of that user is signed out.
///
/// # Errors
/// Exit code 1 when there is no such user, 2 for a weak password; as [`data::open_existing`].
pub(crate) fn run(options: &Options, name: &str, from_stdin: bool) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let store = data::open_existing(&config)?;
    let user = find(&store, name)?;
    let hash = password::read_new(user.name.as_str(), &user.email, user.role, from_stdin)?;
    store.change_password(user.id, None, hash, None, Clock::system().now())?;
    say(&format!("Changed the password of {}. All of their browsers are logged out.\n", user.name.as_str()));
    Ok(())
}

/// A user by name or address; one who is removed is none.
///
/// # Errors
/// Exit code 1 when there is none.
pub(crate) fn find(store: &Store, name: &str) -> Result<User, Error> {
    let found = store.user_by_login(&name.to_lowercase())?.filter(|user| !user.is_removed());
    found.ok_or_else(|| Error::failed(format!("there is no user {name:?}. See: linkjar user list")))
}
