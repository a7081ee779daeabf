//! The list of users: searched, by name, a page at a time. As of links, a page is found by the place of its neighbour.

use redb::{ReadTransaction, ReadableTable};

use crate::limits::{USERS_PER_PAGE, USERS_SCANNED_MAX};
use crate::store::error::{Error, unless_damaged};
use crate::store::tables::{USER_NAME, number};
use crate::store::{Store, links, users};
use crate::user::{User, UserId};

/// Where a page lies: after or before a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserStep<'a> {
    First,
    After(&'a str),
    Before(&'a str),
}

/// One page of the list.
#[derive(Debug)]
pub(crate) struct UserPage {
    /// How many links each has.
    pub(crate) rows: Vec<(u32, User)>,
    /// Users whose rows do not read.
    pub(crate) damaged: usize,
    /// The name to go on before, when there is a page before this one.
    pub(crate) before: Option<String>,
    /// The name to go on after, when there is a page after this one.
    pub(crate) after: Option<String>,
}

fn fits(user: &User, text: &str) -> bool {
    user.name.as_str().contains(text) || user.email.as_str().contains(text)
}

fn page(tx: &ReadTransaction, text: &str, step: UserStep<'_>) -> Result<UserPage, Error> {
    let names = tx.open_table(USER_NAME)?;
    // A name with a zero byte behind it comes right after the name.
    let after = |name: &str| [name.as_bytes(), &[0]].concat();
    let mut range = match step {
        UserStep::First => names.iter()?,
        UserStep::After(name) => names.range(after(name).as_slice()..)?,
        UserStep::Before(name) => names.range(..name.as_bytes())?,
    };
    let is_backwards = matches!(step, UserStep::Before(_));
    let (mut rows, mut damaged) = (Vec::new(), 0);
    // The names looked at, from the place that was asked for on: the first and the last of them, and their number.
    let (mut near, mut far, mut scanned) = (None, String::new(), 0);
    let mut goes_on = false;
    while let Some(row) = if is_backwards { range.next_back() } else { range.next() } {
        if rows.len() == USERS_PER_PAGE || scanned == USERS_SCANNED_MAX {
            goes_on = true;
            break;
        }
        let (name, id) = row?;
        let user = unless_damaged(number("user_name", id.value()).and_then(|id| users::read(tx, UserId(id))))?;
        match user.flatten() {
            Some(user) if fits(&user, text) => rows.push((links::total(tx, user.id)?, user)),
            Some(_) => {}
            None => damaged += 1,
        }
        scanned += 1;
        far = String::from_utf8_lossy(name.value()).into_owned();
        near.get_or_insert_with(|| far.clone());
    }
    if is_backwards {
        rows.reverse();
    }
    let far = goes_on.then_some(far);
    let (before, after) = match step {
        UserStep::First => (None, far),
        UserStep::After(_) => (near, far),
        UserStep::Before(_) => (far, near),
    };
    Ok(UserPage { rows, damaged, before, after })
}

impl Store {
    /// A page of the users whose name or address has `text` in it, which is in lower case, and of whom only the name is
    /// left, too. At most [`USERS_SCANNED_MAX`] are looked at; the page may be short then.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn user_page(&self, text: &str, step: UserStep<'_>) -> Result<UserPage, Error> {
        self.read("listing users", |tx| page(tx, text, step))
    }
}

#[cfg(test)]
mod tests;
