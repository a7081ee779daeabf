//! `linkjar user release`: lets the name of somebody who was removed be taken again, without the server running.

use crate::cli::Options;
use crate::command::user_role::refused;
use crate::command::{Error, data, say};
use crate::config;

/// Gives a name free.
///
/// # Errors
/// Exit code 1 when nobody of that name was removed, and while there are links under the name; as
/// [`data::open_existing`].
pub(crate) fn run(options: &Options, name: &str) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let store = data::open_existing(&config)?;
    let user = store.user_by_login(&name.to_lowercase())?.filter(|user| user.is_removed());
    let Some(user) = user else {
        return Err(Error::failed(format!("no user {name:?} was removed. See: linkjar user list")));
    };
    let name = user.name.as_str();
    store.release_name(user.id)?.map_err(|why| refused(name, why))?;
    say(&format!("The name {name} can be taken again.\n"));
    Ok(())
}
