//! The health page, for load balancers and containers.

use crate::appliance::Start;
use crate::browser::Browser;

#[test]
fn health_is_one_json_object_that_needs_nothing_and_tells_nothing() {
    for start in
        [Start::empty(), Start::with_admin(), Start::with_admin().env("SERVER_BASE_URL", "https://short.example")]
    {
        let appliance = start.run();
        let mut probe = Browser::of(&appliance);
        probe.header("User-Agent", "");
        probe.header("Accept", "");
        for (path, host) in
            [("/health", None), ("/health/", None), ("/health", Some("evil.example")), ("/health?x=1", None)]
        {
            let headers: Vec<(&str, &str)> = host.map(|host| ("Host", host)).into_iter().collect();
            let page = probe.send("GET", path, &headers, None);
            assert_eq!(page.status, 200, "{path} {host:?}");
            assert_eq!(page.body, r#"{"status":"healthy","database":"connected"}"#);
            assert_eq!(page.header("content-type"), Some("application/json; charset=utf-8"));
            assert_eq!(page.header("cache-control"), Some("no-store"));
            assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
            assert!(page.set_cookies().is_empty());
            assert!(!format!("{:?}", page.headers).contains(env!("CARGO_PKG_VERSION")));
        }
        let head = probe.send("HEAD", "/health", &[], None);
        assert_eq!((head.status, head.body.as_str(), head.header("content-length")), (200, "", Some("43")));
        let post = probe.post("/health", &[]);
        assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
        assert!(!appliance.log().contains("/health"), "{}", appliance.log());
    }
}
