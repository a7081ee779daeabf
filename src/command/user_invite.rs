//! `linkjar user invite`: lets somebody make an account, whoever else may register.

use crate::cli::Options;
use crate::clock::Clock;
use crate::command::user_reset_link::say_link;
use crate::command::{Error, data};
use crate::config;
use crate::limits::INVITATIONS_MAX;

/// Prints a link that is good for one account, for a week.
///
/// # Errors
/// Exit code 1 with too many open invitations; as [`data::open_existing`].
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let store = data::open_existing(&config)?;
    let Some(secret) = store.invite(None, Clock::system().now())? else {
        return Err(Error::failed(format!(
            "there are {INVITATIONS_MAX} open invitations. Take some back on /admin/users."
        )));
    };
    say_link(&config, &format!("/accounts/invite/{secret}"));
    Ok(())
}
