//! `linkjar user add`: an account, without the server running.

use crate::cli::Options;
use crate::clock::Clock;
use crate::command::{Error, data, password, say};
use crate::config::{self, AdminSeed};
use crate::store::{NewAccountError, Settings, Store};
use crate::user::{Email, NewUser, Role, UserName};

/// Makes an account.
///
/// # Errors
/// Exit code 2 for a bad or taken name or address, or a weak password; as [`data::open`].
pub(crate) fn run(options: &Options, name: &str, email: &str, admin: bool, from_stdin: bool) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let role = if admin { Role::Administrator } else { Role::User };
    let (name, email) = read(name, email)?;
    let (store, _) = data::open(&config)?;
    let password = password::read_new(name.as_str(), &email, role, from_stdin)?;
    let new = NewUser { name: name.clone(), email, password, role };
    match store.create_user(new, Clock::system().now())? {
        Ok(_) => {
            say(&format!("Added {} {}.\n", if admin { "administrator" } else { "user" }, name.as_str()));
            Ok(())
        }
        Err(error) => Err(taken(error)),
    }
}

/// Makes the administrator that the environment names, if there has never been one. True when it did.
///
/// # Errors
/// Exit code 2 when the environment's name, address or password will not do.
pub(crate) fn seed(store: &Store, seed: &AdminSeed, clock: &Clock) -> Result<bool, Error> {
    if store.is_set_up()? {
        return Ok(false);
    }
    let (name, email) = read(&seed.username, &seed.email)?;
    let typed = seed.password.expose();
    password::check(typed, name.as_str(), email.as_str(), Role::Administrator)?;
    let new = NewUser { name, email, password: password::hash(typed)?, role: Role::Administrator };
    match store.set_up(new, Settings::default(), None, clock.now())? {
        Ok(_) => Ok(true),
        Err(NewAccountError::AlreadySetUp) => Ok(false),
        Err(error) => Err(taken(error)),
    }
}

fn read(name: &str, email: &str) -> Result<(UserName, Email), Error> {
    let name = UserName::parse(name).map_err(|why| Error::usage(format!("the name {name:?} will not do. {why}")))?;
    let email = Email::parse(email).map_err(|why| Error::usage(format!("the address {email:?} will not do. {why}")))?;
    Ok((name, email))
}

fn taken(error: NewAccountError) -> Error {
    Error::usage(match error {
        NewAccountError::NameTaken => "there is a user of this name. Choose another name.",
        NewAccountError::EmailTaken => "there is a user with this address. Choose another address.",
        NewAccountError::AlreadySetUp => "there is an administrator already. Log in with that account.",
    })
}
