//! `linkjar user add`: an account, without the server running.

use crate::cli::Options;
use crate::clock::Clock;
use crate::command::{Error, data, password, say};
use crate::config::{self, AdminSeed};
use crate::store::{FILE_NAME, NewAccountError, Settings, Store};
use crate::user::{Email, NewUser, Role, UserName};

/// Makes an account.
///
/// # Errors
/// Exit code 2 for a bad or taken name or address, or a weak password; as [`data::open`].
pub(crate) fn run(options: &Options, name: &str, email: &str, admin: bool, from_stdin: bool) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let role = if admin { Role::Administrator } else { Role::User };
    let (name, email) = (read_name(name)?, read_email(email)?);
    let (store, opened) = data::open(&config)?;
    // Asked again where it is written; nobody should type a password twice for a name that is not to be had.
    if store.user_by_login(name.as_str())?.is_some() {
        return Err(taken(NewAccountError::NameTaken));
    }
    if store.user_by_login(email.as_str())?.is_some() {
        return Err(taken(NewAccountError::EmailTaken));
    }
    let password = password::read_new(name.as_str(), &email, role, from_stdin)?;
    let new = NewUser { name: name.clone(), email, password, role };
    match store.create_user(new, Clock::system().now())? {
        Ok(_) => {
            let path = config.data_dir.join(FILE_NAME);
            let new = if opened.new { format!(" The data file {} is new.", path.display()) } else { String::new() };
            say(&format!("Added {} {}.{new}\n", if admin { "administrator" } else { "user" }, name.as_str()));
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
    let blame =
        |variable: &'static str| move |error: Error| Error { text: format!("{variable}: {}", error.text), ..error };
    let name = read_name(&seed.username).map_err(blame("SERVER_ADMIN_USERNAME"))?;
    let email = read_email(&seed.email).map_err(blame("SERVER_ADMIN_EMAIL"))?;
    let typed = seed.password.expose();
    password::check(typed, name.as_str(), email.as_str(), Role::Administrator).map_err(blame(password_variable()))?;
    let new = NewUser { name, email, password: password::hash(typed)?, role: Role::Administrator };
    match store.set_up(new, Settings::default(), None, clock.now())? {
        Ok(_) => Ok(true),
        Err(NewAccountError::AlreadySetUp) => Ok(false),
        Err(NewAccountError::EmailTaken) => Err(blame("SERVER_ADMIN_EMAIL")(taken(NewAccountError::EmailTaken))),
        Err(NewAccountError::NameTaken) => Err(blame("SERVER_ADMIN_USERNAME")(taken(NewAccountError::NameTaken))),
    }
}

/// The variable that the administrator's password came from.
fn password_variable() -> &'static str {
    let in_file = config::variable("SERVER_ADMIN_PASSWORD_FILE").is_some_and(|path| !path.is_empty());
    if in_file { "SERVER_ADMIN_PASSWORD_FILE" } else { "SERVER_ADMIN_PASSWORD" }
}

fn read_name(name: &str) -> Result<UserName, Error> {
    UserName::parse(name).map_err(|why| Error::usage(format!("the name {name:?} will not do. {why}")))
}

fn read_email(email: &str) -> Result<Email, Error> {
    Email::parse(email).map_err(|why| Error::usage(format!("the address {email:?} will not do. {why}")))
}

fn taken(error: NewAccountError) -> Error {
    Error::usage(match error {
        NewAccountError::NameTaken => "there is a user of this name. Choose another name.",
        NewAccountError::EmailTaken => "there is a user with this address. Choose another address.",
        NewAccountError::AlreadySetUp => "there is an administrator already. Log in with that account.",
    })
}
