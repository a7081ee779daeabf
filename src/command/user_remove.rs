//! `linkjar user remove`: ends an account, without the server running.

use std::io::{BufRead, IsTerminal};

use crate::cli::Options;
use crate::command::user_passwd::find;
use crate::command::user_role::refused;
use crate::command::{Error, data, say, tell};
use crate::config;
use crate::store::Store;
use crate::user::{Estate, User};

/// Removes a user, or decides anew what becomes of the links of one who is removed. On a terminal it asks.
///
/// # Errors
/// Exit code 1 when there is no such user, for the last administrator, and when the answer is not the name; 2 when it is
/// not said what becomes of links, or there is nobody to ask; as [`data::open_existing`].
pub(crate) fn run(options: &Options, name: &str, links: Option<&str>, yes: bool) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let store = data::open_existing(&config)?;
    let found = store.user_by_login(&name.to_lowercase())?;
    let user = found.ok_or_else(|| Error::failed(format!("there is no user {name:?}. See: linkjar user list")))?;
    let name = user.name.as_str();
    let count = store.link_count(user.id)?.saturating_add(store.kept_link_count(user.id)?);
    let estate = estate(&store, &user, count, links)?;
    if !yes {
        confirm(name, count, estate)?;
    }
    store.remove_user(None, user.id, estate)?.map_err(|why| refused(name, why))?;
    // Damage elsewhere is told of, but what was asked for is done.
    let tidied = tidy_up(&store);
    say(&format!(
        "Removed {name}.{}\n",
        match estate {
            _ if count == 0 => String::new(),
            Estate::Deleted => format!(" Links deleted: {count}."),
            Estate::Archived | Estate::Kept(_) => format!(" Links that go on: {count}."),
        }
    ));
    tidied
}

fn tidy_up(store: &Store) -> Result<(), Error> {
    while store.delete_estates()? {}
    while store.purge_clicks()? {}
    Ok(())
}

/// What becomes of the links. Whoever has some needs it said.
fn estate(store: &Store, user: &User, count: u32, links: Option<&str>) -> Result<Estate, Error> {
    match links {
        Some("delete") => Ok(Estate::Deleted),
        Some("keep") => Ok(Estate::Archived),
        None if count == 0 => Ok(Estate::Archived),
        None => {
            let links = if count == 1 { "1 link".to_owned() } else { format!("{count} links") };
            let name = user.name.as_str();
            Err(Error::usage(format!(
                "{name} has {links}. Say what becomes of them: --links delete, --links keep, or --links to=OTHER."
            )))
        }
        Some(other) => match other.strip_prefix("to=") {
            Some(keeper) => Ok(Estate::Kept(find(store, keeper)?.id)),
            None => Err(Error::usage(format!("--links {other:?} means nothing. Write delete, keep, or to=OTHER."))),
        },
    }
}

/// Asks for the name, so that nobody is removed by a slip.
fn confirm(name: &str, count: u32, estate: Estate) -> Result<(), Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage("there is no terminal to ask on. Add --yes to remove without a question."));
    }
    let links = if count == 1 { "1 link".to_owned() } else { format!("{count} links") };
    tell(&match estate {
        Estate::Deleted if count > 0 => format!("Remove user {name} and {links}? Type {name}: "),
        _ if count > 0 => format!("Remove user {name}, of whom {links} stay? Type {name}: "),
        _ => format!("Remove user {name}? Type {name}: "),
    });
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Error::failed(format!("the answer cannot be read: {error}")))?;
    if line.trim() == name { Ok(()) } else { Err(Error::failed("that is not the name. Nothing was changed.")) }
}
