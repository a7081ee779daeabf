//! `linkjar user list`: who has an account.

use crate::cli::Options;
use crate::clock::Timestamp;
use crate::command::{Error, data, say};
use crate::config;
use crate::user::User;

/// Lists the users, as columns or as JSON.
///
/// # Errors
/// As [`data::open_existing`].
pub(crate) fn run(options: &Options, json: bool) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    let store = data::open_existing(&config)?;
    let mut rows = Vec::new();
    for user in store.users()? {
        let links = store.link_count(user.id)?;
        rows.push((user, links));
    }
    say(&if json { as_json(&rows) } else { as_text(&rows) });
    Ok(())
}

fn as_json(rows: &[(User, u32)]) -> String {
    let row = |(user, links): &(User, u32)| {
        serde_json::json!({
            "name": user.name.as_str(),
            "email": (!user.is_removed()).then(|| user.email.as_str()),
            "role": user.role.word(),
            "state": user.state.word(),
            "links": links,
            "created_at": (!user.is_removed()).then(|| user.created.rfc3339()),
            "last_login_at": user.last_login.map(Timestamp::rfc3339),
        })
    };
    format!("{}\n", serde_json::Value::Array(rows.iter().map(row).collect()))
}

fn as_text(rows: &[(User, u32)]) -> String {
    if rows.is_empty() {
        return "No users yet. Add one: linkjar user add NAME --email ADDRESS --admin\n".to_owned();
    }
    let mut cells = vec![["NAME", "EMAIL", "ROLE", "STATE", "LINKS", "CREATED", "LAST LOGIN"].map(str::to_owned)];
    cells.extend(rows.iter().map(|(user, links)| {
        [
            user.name.as_str().to_owned(),
            if user.is_removed() { "-".to_owned() } else { user.email.as_str().to_owned() },
            user.role.word().to_owned(),
            user.state.word().to_owned(),
            links.to_string(),
            if user.is_removed() { "-".to_owned() } else { user.created.day_text() },
            user.last_login
                .map_or_else(|| if user.is_removed() { "-" } else { "never" }.to_owned(), Timestamp::day_text),
        ]
    }));
    let widths: [usize; 7] =
        std::array::from_fn(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; 7]| {
        let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    cells.iter().map(line).collect()
}
