//! How many sockets and files a process may have open.

use std::path::Path;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a process needs beside the connections that are counted.
const BESIDE: u64 = 200;

/// Lets this process, and those it starts, have as many as the system allows.
pub fn raise() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // What is lower anyway is told by `connections`.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// As many connections as wanted, or as many as this process can hold.
pub fn connections(wanted: usize) -> usize {
    let current = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(current.saturating_sub(BESIDE)).map_or(wanted, |most| most.min(wanted))
}

/// A command that may have only so many open.
pub fn limited(program: &Path, most: Option<u32>) -> Command {
    let Some(most) = most else { return Command::new(program) };
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n \"$0\"; exec \"$@\"", &most.to_string()]).arg(program);
    command
}
