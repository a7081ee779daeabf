//! `linkjar config`: what `serve` would use and where each value comes from; secrets are masked.

use crate::cli::Options;
use crate::command::{Error, say};
use crate::config;

/// Prints the effective configuration, after checking it.
///
/// # Errors
/// Exit code 2 when `serve` would refuse it.
pub(crate) fn run(options: &Options, json: bool) -> Result<(), Error> {
    config::from_environment(options)?;
    let entries = config::entries(options, &config::variable);
    say(&if json { format!("{}\n", config::json(&entries)) } else { config::text(&entries) });
    Ok(())
}
