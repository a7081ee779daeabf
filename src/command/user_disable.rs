//! `linkjar user disable` and `enable`: whether somebody may log in, without the server running.

use crate::cli::Options;
use crate::command::user_passwd::find;
use crate::command::user_role::refused;
use crate::command::{Error, data, say};
use crate::config;

/// Keeps a user from logging in. All of their browsers are logged out; their links go on.
///
/// # Errors
/// Exit code 1 when there is no such user and for the last administrator; as [`data::open_existing`].
pub(crate) fn run(options: &Options, name: &str) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let store = data::open_existing(&config)?;
    let user = find(&store, name)?;
    let name = user.name.as_str();
    store.disable_user(None, user.id)?.map_err(|why| refused(name, why))?;
    say(&format!("{name} cannot log in any more. The links of {name} go on.\n"));
    Ok(())
}

/// Lets a user log in again.
///
/// # Errors
/// Exit code 1 when there is no such user; as [`data::open_existing`].
pub(crate) fn undo(options: &Options, name: &str) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let store = data::open_existing(&config)?;
    let user = find(&store, name)?;
    let name = user.name.as_str();
    store.enable_user(None, user.id)?.map_err(|why| refused(name, why))?;
    say(&format!("{name} can log in again.\n"));
    Ok(())
}
