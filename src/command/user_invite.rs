//! `linkjar user invite`: lets somebody make an account, unless nobody may.

use crate::cli::Options;
use crate::clock::Clock;
use crate::command::user_reset_link::say_link;
use crate::command::user_role::refused;
use crate::command::{Error, data};
use crate::config;
use crate::user::Registration;

/// Prints a link that is good for one account, for a week.
///
/// # Errors
/// Exit code 1 while registration is closed, and with too many open invitations; as [`data::open_existing`].
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let store = data::open_existing(&config)?;
    if config.registration.unwrap_or(store.settings()?.registration) == Registration::Closed {
        return Err(Error::failed(
            "registration is closed, for whoever is invited, too. Open it first: linkjar settings accounts.registration=invite",
        ));
    }
    let secret = store.invite(None, Clock::system().now())?.map_err(|why| refused("", why))?;
    say_link(&config, &format!("/accounts/invite/{secret}"));
    Ok(())
}
