//! The commands about users, as typed.

use super::usage::see;
use super::{Command, Typed, Usage};
use crate::options::{ADMIN, EMAIL, JSON, LINKS, PASSWORD_STDIN, YES};

pub(super) fn add(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let email = typed.value(&EMAIL)?;
    let admin = typed.switch(&ADMIN);
    let password_stdin = typed.switch(&PASSWORD_STDIN);
    let form = typed.form;
    let name = typed.name()?;
    let Some(email) = email else {
        return Err(Usage(see("user add needs an address. Add --email ADDRESS", form.words)));
    };
    Ok(Command::UserAdd { options, name, email, admin, password_stdin })
}

pub(super) fn list(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let json = typed.switch(&JSON);
    typed.operands(0)?;
    Ok(Command::UserList { options, json })
}

pub(super) fn passwd(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let password_stdin = typed.switch(&PASSWORD_STDIN);
    let name = typed.name()?;
    Ok(Command::UserPasswd { options, name, password_stdin })
}

pub(super) fn reset_link(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let name = typed.name()?;
    Ok(Command::UserResetLink { options, name })
}

pub(super) fn role(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let form = typed.form;
    let [name, role] = typed.operands(2)?.try_into().map_err(|_| {
        let what = "user role needs a name and a role. Add NAME and admin or user";
        Usage(see(what, form.words))
    })?;
    Ok(Command::UserRole { options, name, role })
}

pub(super) fn disable(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let name = typed.name()?;
    Ok(Command::UserDisable { options, name })
}

pub(super) fn enable(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let name = typed.name()?;
    Ok(Command::UserEnable { options, name })
}

pub(super) fn remove(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let links = typed.value(&LINKS)?;
    let yes = typed.switch(&YES);
    let name = typed.name()?;
    Ok(Command::UserRemove { options, name, links, yes })
}

pub(super) fn release(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    let name = typed.name()?;
    Ok(Command::UserRelease { options, name })
}

pub(super) fn invite(mut typed: Typed) -> Result<Command, Usage> {
    let options = typed.options()?;
    typed.operands(0)?;
    Ok(Command::UserInvite { options })
}
