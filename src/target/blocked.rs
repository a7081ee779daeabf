//! Hosts where no link may lead, each with everything below it.
//!
//! Asked at every redirect, so the look must not take longer the more hosts there are.

/// Hosts as [`super::canonical_host`] gives them.
///
/// # Invariants
/// In order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BlockedHosts(Vec<String>);

impl BlockedHosts {
    pub(crate) fn new(mut hosts: Vec<String>) -> BlockedHosts {
        hosts.sort_unstable();
        BlockedHosts(hosts)
    }

    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the host or a domain above it is among these.
    pub(crate) fn cover(&self, host: &str) -> bool {
        let has = |domain: &str| self.0.binary_search_by(|blocked| blocked.as_str().cmp(domain)).is_ok();
        has(host) || host.match_indices('.').any(|(dot, _)| has(&host[dot + 1..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_covered_by_itself_and_by_domains_above_it_in_whatever_order_they_came() {
        let mut hosts = ["m.example", "a.example", "z.example", "203.0.113.9", "[2001:db8::7]", "nas"];
        for _ in 0..hosts.len() {
            hosts.rotate_left(1);
            let blocked = BlockedHosts::new(hosts.map(str::to_owned).to_vec());
            for (host, is_covered) in [
                ("a.example", true),
                ("m.example", true),
                ("z.example", true),
                ("x.y.m.example", true),
                ("nas", true),
                ("x.nas", true),
                ("203.0.113.9", true),
                ("[2001:db8::7]", true),
                ("example", false),
                ("am.example", false),
                ("m.example.org", false),
                ("b.example", false),
                ("203.0.113.90", false),
                ("", false),
            ] {
                assert_eq!(blocked.cover(host), is_covered, "{host} {hosts:?}");
            }
        }
        assert!(!BlockedHosts::default().cover("a.example"));
    }
}
