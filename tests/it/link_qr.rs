//! The address of a link as a picture.

use crate::appliance::Start;
use crate::browser::Browser;

#[test]
fn the_picture_is_of_the_address_that_was_asked_or_the_public_one_and_may_do_nothing() {
    for (base, host, shown) in [
        (None, None, None),
        (None, Some("nas.local:8000"), Some("http://nas.local:8000")),
        (Some("http://short.example"), Some("short.example"), Some("http://short.example")),
    ] {
        let mut start = Start::with_admin();
        if let Some(base) = base {
            start = start.env("SERVER_BASE_URL", base);
        }
        let appliance = start.run();
        let mut admin = Browser::of(&appliance);
        if let Some(host) = host {
            admin.header("Host", host);
        }
        admin.log_in(crate::appliance::ADMIN, crate::appliance::PASSWORD);
        let id = admin.make_link("https://example.com/", "promo");
        assert!(admin.open(&format!("/links/{id}")).body.contains(&format!("href=\"/links/{id}/qr.svg\"")));
        let page = admin.get(&format!("/links/{id}/qr.svg"));
        assert_eq!(page.status, 200);
        let shown = shown.map_or_else(|| format!("http://{}", appliance.address), str::to_owned);
        assert!(page.body.contains(&format!("aria-label=\"QR code for {shown}/root-user/promo\"")), "{}", page.body);
        for (name, value) in [
            ("content-type", "image/svg+xml; charset=utf-8"),
            ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
            ("cache-control", "private, max-age=3600"),
            ("vary", "Cookie"),
            ("x-robots-tag", "noindex"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(page.header(name), Some(value), "{name}");
        }
        assert!(page.body.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "));
    }
}
