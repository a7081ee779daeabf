//! `linkjar version`.

use crate::command::say;

/// Prints name and version.
pub(crate) fn run(json: bool) {
    let version = env!("CARGO_PKG_VERSION");
    say(&if json {
        format!("{}\n", serde_json::json!({ "name": "linkjar", "version": version }))
    } else {
        format!("linkjar {version}\n")
    });
}
