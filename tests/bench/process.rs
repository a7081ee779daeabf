//! What the operating system knows of a process: processor time, memory, threads, size. Linux only; elsewhere it is
//! zero.

use std::time::Duration;

/// Ticks of a processor clock per second; the same on every Linux that Rust runs on (`getconf CLK_TCK`).
const TICKS_PER_S: u64 = 100;

/// Time on the processors so far, in the program and in the kernel on its behalf (proc(5), fields 14 and 15).
pub fn processor_time(pid: u32) -> Duration {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return Duration::ZERO };
    // The name in the second field may hold spaces; nothing after it does.
    let after_name = &stat[stat.rfind(')').unwrap() + 2..];
    let fields: Vec<&str> = after_name.split(' ').collect();
    let ticks: u64 = fields[11..=12].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_S)
}

/// Memory that is really there, in kB. What the kernel keeps for sockets and threads is not in it.
pub fn resident_kb(pid: u32) -> u64 {
    status(pid, "VmRSS:")
}

pub fn threads(pid: u32) -> u64 {
    status(pid, "Threads:")
}

/// A number of `/proc/PID/status`.
fn status(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse().unwrap())
}

/// The length of a file.
pub fn size(path: &str) -> u64 {
    std::fs::metadata(path).unwrap().len()
}
