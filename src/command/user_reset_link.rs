//! `linkjar user reset-link`: lets somebody choose a new password, without anybody else knowing it.

use std::net::SocketAddr;

use crate::cli::Options;
use crate::clock::Clock;
use crate::command::user_passwd::find;
use crate::command::user_role::refused;
use crate::command::{Error, data, machine, say, tell};
use crate::config::{self, Config};
use crate::limits::RESET_LINK_S;

/// Prints a link that is good once, for a day. Earlier ones of the same user end.
///
/// # Errors
/// Exit code 1 when there is no such user, or their account is disabled; as [`data::open_existing`].
pub(crate) fn run(options: &Options, name: &str) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let store = data::open_existing(&config)?;
    let user = find(&store, name)?;
    let made = store.hand_out_reset(None, user.id, Clock::system().now().plus_s(RESET_LINK_S))?;
    let secret = made.map_err(|why| refused(user.name.as_str(), why))?;
    say_link(&config, &format!("/accounts/reset/{secret}"));
    Ok(())
}

/// Prints a whole address for somebody else to open.
pub(crate) fn say_link(config: &Config, path: &str) {
    let site = match &config.base_url {
        Some(base) => base.text.clone(),
        None => format!("http://{}", SocketAddr::new(machine::reachable(config.listen.ip()), config.listen.port())),
    };
    say(&format!("{site}{path}\n"));
    if config.base_url.is_none() {
        tell("To get the address that others can open, add --base-url URL.\n");
    }
}
