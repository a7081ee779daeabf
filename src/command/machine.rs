//! What the machine offers, and how much of it we take.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::limits::{PAGE_CACHE_BYTES, TWO_HASHES_MEMORY_BYTES_MIN};

/// The memory there is for us: the machine's, or what a container or a service may have of it; `None` where the system
/// does not tell.
pub(crate) fn memory_bytes() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|report| total(&report));
    let group = fs::read_to_string("/proc/self/cgroup").ok().and_then(|groups| {
        let limit = fs::read_to_string(limit_path(&groups)?).ok()?;
        // Without a limit it says "max".
        limit.trim_end().parse().ok()
    });
    machine.into_iter().chain(group).min()
}

/// Where the limit of the control group (cgroups(7), version 2) is that we are in. Those of groups around it are not
/// looked at: containers and services have theirs at the group itself.
fn limit_path(groups: &str) -> Option<String> {
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(format!("/sys/fs/cgroup{group}/memory.max"))
}

fn total(report: &str) -> Option<u64> {
    let total = report.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = total.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

/// The store's page cache on this machine: a thirty-second of its memory, within bounds.
pub(crate) fn page_cache_bytes() -> usize {
    let share = memory_bytes().and_then(|bytes| usize::try_from(bytes / 32).ok()).unwrap_or(0);
    share.clamp(*PAGE_CACHE_BYTES.start(), *PAGE_CACHE_BYTES.end())
}

/// Password hashes this machine makes at once: one where memory is short or its size unknown, else two.
pub(crate) fn hashes_at_once() -> usize {
    if memory_bytes().is_some_and(|bytes| bytes >= TWO_HASHES_MEMORY_BYTES_MIN) { 2 } else { 1 }
}

/// An address to connect to where the server listens on all of them.
pub(crate) fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_kernels_report() {
        for (report, bytes) in [
            ("MemTotal:       24689764 kB\nMemFree: 1 kB\n", Some(24_689_764 * 1024)),
            ("MemFree: 1 kB\nMemTotal: 1 kB", Some(1024)),
            ("MemTotal: many kB", None),
            ("MemTotal: 99999999999999999999 kB", None),
            ("", None),
        ] {
            assert_eq!(total(report), bytes, "{report}");
        }
        for (groups, path) in [
            ("0::/\n", Some("/sys/fs/cgroup//memory.max")),
            ("0::/system.slice/linkjar.service\n", Some("/sys/fs/cgroup/system.slice/linkjar.service/memory.max")),
            ("4:memory:/x\n0::/y\n", Some("/sys/fs/cgroup/y/memory.max")),
            ("4:memory:/x\n", None),
            ("", None),
        ] {
            assert_eq!(limit_path(groups).as_deref(), path, "{groups}");
        }
        assert!(memory_bytes() <= fs::read_to_string("/proc/meminfo").ok().and_then(|report| total(&report)));
        assert!(PAGE_CACHE_BYTES.contains(&page_cache_bytes()));
    }
}
