//! Settings that are changed while the server runs.

use std::sync::Barrier;

use crate::appliance::{ADMIN, Start, run_command};
use crate::browser::Browser;

const PAGE: &str = "/admin/settings";

#[test]
fn a_change_counts_at_once_and_after_a_restart() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://bad.example/", "bad");
    let mut visitor = Browser::of(&appliance);
    assert_eq!(visitor.get(&format!("/{ADMIN}/bad")).status, 302);
    let fields = [
        ("site.name", "Our <links>"),
        ("site.home", "https://example.com/"),
        ("accounts.links-max", "100"),
        ("links.per-minute", "100"),
        ("clicks.addresses", "never"),
        ("clicks.keep-days", "30"),
        ("links.redirect", "301"),
        ("links.blocked-hosts", "Bad.Example"),
        ("links.private", "refuse"),
    ];
    let saved = admin.submit(PAGE, PAGE, &fields);
    assert_eq!((saved.status, saved.header("location")), (303, Some(PAGE)), "{}", saved.body);
    let page = admin.open(PAGE);
    page.says("Saved.");
    let offered = page.form(PAGE);
    let value = |name: &str| offered.iter().find(|(found, _)| found == name).unwrap().1.as_str();
    assert_eq!((value("clicks.addresses"), value("clicks.keep-days")), ("never", "30"));
    assert_eq!((value("site.home"), value("accounts.links-max")), ("https://example.com/", "100"));
    assert_eq!((value("links.blocked-hosts"), value("links.private")), ("bad.example", "refuse"));
    page.says("Our <links>");
    assert_eq!(visitor.get(&format!("/{ADMIN}/bad")).status, 410, "blocked at once");
    let privacy = Browser::of(&appliance).open("/privacy");
    privacy.says("removed after 30 days");
    privacy.says("nothing of the network address");
    let private = admin.submit("/links/new", "/links/new", &[("target_url", "http://192.168.0.1/")]);
    assert_eq!(private.status, 422);
    let log = appliance.log();
    let changed = "site.name site.home accounts.links-max links.per-minute clicks.addresses clicks.keep-days \
                   links.redirect links.blocked-hosts links.private";
    assert!(log.contains("settings changed") && log.contains(changed), "{log}");
    let (_, folder) = appliance.stop();
    let ended = run_command(folder.path(), &["settings"], "");
    assert!(ended.stdout.contains("site.name=Our <links>\n") && ended.stdout.contains("clicks.keep-days=30\n"));
}

#[test]
fn what_will_not_do_is_told_at_its_field_and_nothing_is_changed() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for (field, value, words) in [
        ("site.name", " ", "Use 1 to 60 characters."),
        ("site.home", "javascript:alert(1)", "Enter an address that starts with http:// or https://."),
        ("accounts.links-max", "0", "Use a number from 1 to 1000000, or unlimited."),
        ("links.per-minute", "0", "Use a number from 1 to 10000, or unlimited."),
        ("links.redirect", "307", "Use 302 or 301."),
        ("clicks.keep-days", "0", "Use a number of days from 1 to 3650, or forever."),
        ("clicks.addresses", "always", "Use never, shorten or store."),
        ("links.blocked-hosts", "a b", "a b is no host name."),
        ("links.private", "", "Use allow or refuse."),
        ("accounts.registration", "", "Use open, invite or closed."),
    ] {
        let mut fields = vec![("site.name", "Changed")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let page = admin.submit(PAGE, PAGE, &fields);
        assert_eq!(page.status, 422, "{field}={value}");
        page.says(words);
        assert!(page.body.contains("<title>Error: Settings"), "{field}={value}");
        admin.open("/").does_not_say("Changed");
    }
    let log = appliance.log();
    assert!(!log.contains("settings changed"), "{log}");
}

#[test]
fn a_list_of_hosts_that_is_too_long_is_told_at_its_field_and_kept() {
    let appliance = Start::with_admin().run();
    let hosts = vec!["bad.example"; 750].join(",");
    let page = Browser::admin(&appliance).submit(PAGE, PAGE, &[("links.blocked-hosts", &hosts)]);
    assert_eq!(page.status, 422);
    page.says("Use at most 8192 characters.");
    assert!(page.body.contains(&hosts));
}

#[test]
fn a_save_from_an_old_page_takes_nothing_back_that_another_has_changed() {
    let appliance = Start::with_admin().run();
    let (mut one, mut other) = (Browser::admin(&appliance), Browser::admin(&appliance));
    let old = one.open(PAGE);
    let saved = other.submit(PAGE, PAGE, &[("clicks.keep-days", "30")]);
    assert_eq!(saved.status, 303);
    // Also not by way of a page that was refused meanwhile.
    let refused = one.submit_on(&old, PAGE, &[("site.name", "Ours"), ("links.private", "")]);
    assert_eq!(refused.status, 422);
    assert_eq!(one.submit_on(&refused, PAGE, &[("links.private", "allow")]).status, 303);
    let offered = one.open(PAGE).form(PAGE);
    let value = |name: &str| offered.iter().find(|(found, _)| found == name).unwrap().1.as_str();
    assert_eq!((value("site.name"), value("clicks.keep-days")), ("Ours", "30"));
}

#[test]
fn of_saves_at_the_same_moment_none_is_lost() {
    const SAVES: [(&str, &str); 4] =
        [("site.name", "Ours"), ("clicks.keep-days", "30"), ("links.redirect", "301"), ("links.private", "refuse")];
    let appliance = Start::with_admin().run();
    let all_have_the_page = Barrier::new(SAVES.len());
    std::thread::scope(|scope| {
        for save in SAVES {
            let (appliance, all_have_the_page) = (&appliance, &all_have_the_page);
            scope.spawn(move || {
                let mut admin = Browser::admin(appliance);
                let page = admin.open(PAGE);
                all_have_the_page.wait();
                assert_eq!(admin.submit_on(&page, PAGE, &[save]).status, 303, "{save:?}");
            });
        }
    });
    let offered = Browser::admin(&appliance).open(PAGE).form(PAGE);
    for (name, value) in SAVES {
        assert!(offered.iter().any(|field| *field == (name.to_owned(), value.to_owned())), "{name}: {offered:?}");
    }
}

#[test]
fn what_the_environment_says_of_registration_is_told() {
    let appliance = Start::with_admin().env("SERVER_REGISTRATION", "closed").run();
    Browser::admin(&appliance).open(PAGE).says("SERVER_REGISTRATION says “closed”, and that counts.");
}
