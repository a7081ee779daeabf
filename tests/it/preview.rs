//! `/USER/SLUG+`: where a link leads, without going there.

use crate::appliance::Start;
use crate::browser::Browser;
use crate::markup::tags;

#[test]
fn the_preview_shows_the_whole_target_and_is_no_click() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let target = format!("https://shop.example/?a=1&b=%22{}", "x".repeat(300));
    let id = admin.make_link("https://before.example/", "promo");
    let edit = format!("/links/{id}/edit");
    let mut visitor = Browser::of(&appliance);
    visitor.open("/root-user/promo+").does_not_say("Leads there since");
    admin.submit(&edit, &edit, &[("target_url", &target), ("title", "Autumn <sale>"), ("slug", "sale")]);
    for (path, shown) in [
        ("/root-user/sale+", "sale"),
        ("/Root-User/SALE+/", "sale"),
        ("/root-user/sale%2B", "sale"),
        ("/root-user/promo+?x=1", "promo"),
    ] {
        let page = visitor.open(path);
        page.says("This link leads to shop.example");
        page.says(&format!("Short address {}/root-user/{shown}", appliance.address));
        page.says(&format!("Leads to {target}"));
        page.says("Title Autumn <sale>");
        page.says("Leads there since");
        page.does_not_say("before.example");
        assert_eq!((page.header("location"), page.header("x-robots-tag")), (None, Some("noindex")), "{path}");
        assert!(page.set_cookies().is_empty(), "{path}");
        let tags = tags(&page.body);
        let leave: Vec<_> = tags.iter().filter(|tag| tag.attribute("href") == Some(target.as_str())).collect();
        assert_eq!(leave.len(), 1, "{path}");
        assert_eq!(leave[0].attribute("rel"), Some("noopener noreferrer nofollow ugc"));
        let label = format!("QR code for http://{}/root-user/{shown}", appliance.address);
        assert!(tags.iter().any(|tag| tag.name == "svg" && tag.attribute("aria-label") == Some(label.as_str())));
        assert_eq!(visitor.send("HEAD", path, &[], None).status, 200, "{path}");
    }
    assert_eq!(admin.open(&format!("/links/{id}")).clicks(), (0, 0));
}

#[test]
fn what_leads_nowhere_shows_nothing_of_where_it_led() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut ids = Vec::new();
    for slug in ["off", "old", "gone", "bad"] {
        let host = if slug == "bad" { "bad.example" } else { "hidden.example" };
        ids.push(admin.make_link(&format!("https://{host}/hidden"), slug));
    }
    let edit = |at: usize| format!("/links/{}/edit", ids[at]);
    admin.submit(&edit(0), &edit(0), &[("enabled", "")]);
    admin.submit(&edit(1), &edit(1), &[("expires_at", "2020-01-01T00:00")]);
    let delete = format!("/links/{}/delete", ids[2]);
    admin.submit(&delete, &delete, &[]);
    let settings = "/admin/settings";
    admin.submit(settings, settings, &[("links.blocked-hosts", "bad.example")]);
    let mut visitor = Browser::of(&appliance);
    for (slug, words) in [
        ("off", "This link is switched off."),
        ("old", "This link has expired."),
        ("gone", "This link was deleted."),
        ("bad", "This link is switched off."),
    ] {
        let page = visitor.get(&format!("/root-user/{slug}+"));
        assert_eq!(page.status, 410, "{slug}");
        page.says(words);
        assert!(!page.body.contains("example/hidden"), "{slug}");
    }
    let missing = visitor.get("/root-user/nothing");
    for path in ["/root-user/nothing+", "/nobody/off+", "/root-user/+", "/root-user/off++", "/root-user/o+ff"] {
        let page = visitor.get(path);
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(page.body.replace(path, "PATH"), missing.body.replace("/root-user/nothing", "PATH"), "{path}");
    }
    assert_eq!(visitor.send("POST", "/root-user/off+", &[], None).status, 405);
}
