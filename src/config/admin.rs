//! The first administrator of an unattended installation, and the password's way here.

use std::fmt;
use std::fs::File;
use std::io::Read;

use super::{ConfigError, Given};
use crate::options::{ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_PASSWORD_FILE, ADMIN_USERNAME, OptionRow};

/// Bytes of a password file at most: room for the longest password (1,024 bytes) and its line end, and an end for a
/// file that was named by mistake.
const PASSWORD_FILE_BYTES_MAX: u64 = 4096;

/// The administrator to make if none exists. Whether name, address and password are good enough is not checked here.
#[derive(Debug, Clone)]
pub(crate) struct AdminSeed {
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) password: Secret,
}

/// A text that must not be seen: it has no `Display`, and `Debug` masks it.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself, for whoever has to use it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(super::entry::MASK)
    }
}

/// All of the administrator or none: half of one is a mistake that would otherwise show only at the first login.
pub(super) fn seed(given: &Given<'_>) -> Result<Option<AdminSeed>, ConfigError> {
    let text = |row: &OptionRow| given.find(row).map(|value| value.text);
    let (username, email) = (text(&ADMIN_USERNAME), text(&ADMIN_EMAIL));
    let (password, file) = (text(&ADMIN_PASSWORD), text(&ADMIN_PASSWORD_FILE));
    if password.is_some() && file.is_some() {
        let text = "SERVER_ADMIN_PASSWORD and SERVER_ADMIN_PASSWORD_FILE are both set. Set only one of them.";
        return Err(ConfigError(text.to_owned()));
    }
    let has_password = password.is_some() || file.is_some();
    if username.is_none() && email.is_none() && !has_password {
        return Ok(None);
    }
    let username = username.ok_or_else(|| missing("SERVER_ADMIN_USERNAME"))?;
    let email = email.ok_or_else(|| missing("SERVER_ADMIN_EMAIL"))?;
    let password = match (password, file) {
        (Some(password), _) => password,
        (None, Some(path)) => read_password(&path)?,
        (None, None) => return Err(missing("SERVER_ADMIN_PASSWORD")),
    };
    Ok(Some(AdminSeed { username, email, password: Secret(password) }))
}

fn missing(name: &str) -> ConfigError {
    ConfigError(format!("{name} is missing. Set it beside the other SERVER_ADMIN_ variables, or set none of them."))
}

/// The file's text without one line end, which editors add and nobody means.
fn read_password(path: &str) -> Result<String, ConfigError> {
    let refused = |why: &str| {
        let path = crate::spelling::shown(path);
        ConfigError(format!(
            "SERVER_ADMIN_PASSWORD_FILE \"{path}\" {why}. Name a file with the password and nothing else."
        ))
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| refused(&format!("cannot be opened ({e})")))?;
    file.take(PASSWORD_FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| refused(&format!("cannot be read ({e})")))?;
    if bytes.len() as u64 > PASSWORD_FILE_BYTES_MAX {
        return Err(refused("is too long"));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused("is not UTF-8 text"))?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err(refused("is empty"));
    }
    Ok(line.to_owned())
}
