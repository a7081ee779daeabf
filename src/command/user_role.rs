//! `linkjar user role`: makes somebody an administrator, or a plain user again, without the server running.

use crate::cli::Options;
use crate::command::user_passwd::find;
use crate::command::{Error, data, say};
use crate::config;
use crate::limits::INVITATIONS_MAX;
use crate::store::Refused;
use crate::user::Role;

/// Gives a user another role. All of their browsers are logged out.
///
/// # Errors
/// Exit code 2 for a role that there is not, 1 when there is no such user and for the last administrator; as
/// [`data::open_existing`].
pub(crate) fn run(options: &Options, name: &str, role: &str) -> Result<(), Error> {
    let Some(role) = Role::parse(role) else {
        return Err(Error::usage(format!("there is no role {role:?}. Write admin or user.")));
    };
    let config = config::from_environment(options)?;
    let store = data::open_existing(&config)?;
    let user = find(&store, name)?;
    let name = user.name.as_str();
    store.set_role(None, user.id, role)?.map_err(|why| refused(name, why))?;
    say(&format!("The role of {name} is {}.\n", role.word()));
    Ok(())
}

/// Why an account stays as it is, and what to do.
pub(crate) fn refused(name: &str, why: Refused) -> Error {
    Error::failed(match why {
        Refused::NoAccount => format!("there is no account {name:?}. See: linkjar user list"),
        Refused::LastAdministrator => {
            format!("{name} is the last administrator. Make somebody else one first: linkjar user role NAME admin")
        }
        Refused::NoKeeper => "the links can be handed to another user in use only. See: linkjar user list".to_owned(),
        Refused::HasLinks => {
            format!("{name} still has links. Delete them first: linkjar user remove {name} --links delete")
        }
        Refused::NotInUse => format!("{name} is disabled. Let them in first: linkjar user enable {name}"),
        Refused::NotAllowed => "only administrators may do this.".to_owned(),
        Refused::TooManyInvitations => {
            format!("there are {INVITATIONS_MAX} open invitations. Take some back on /admin/users.")
        }
    })
}
