//! How many sockets and files a process may have open.

use std::path::Path;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process, and those it starts, have as many as the system allows.
pub fn raise() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // What the system does not allow it does without.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// A command that may have only so many open.
pub fn limited(program: &Path, most: Option<u32>) -> Command {
    let Some(most) = most else { return Command::new(program) };
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n \"$0\"; exec \"$@\"", &most.to_string()]).arg(program);
    command
}
