//! An administrator blocks a host where links lead: asked first, told how many.

use std::sync::Barrier;

use crate::appliance::{ADMIN, Start};
use crate::browser::Browser;

const BLOCK: &str = "/admin/block-host";
const SETTINGS: &str = "/admin/settings";

/// The blocked hosts as the settings show them.
fn blocked(admin: &mut Browser) -> String {
    let fields = admin.open(SETTINGS).form(SETTINGS);
    fields.into_iter().find(|(name, _)| name == "links.blocked-hosts").unwrap().1
}

#[test]
fn a_host_is_blocked_after_a_question_that_says_how_many_links_it_takes_down() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    for (target, slug) in
        [("https://bad.example/", "a"), ("https://www.bad.example/x", "b"), ("https://good.example/", "c")]
    {
        anna.make_link(target, slug);
    }
    let mut visitor = Browser::of(&appliance);
    assert_eq!(["a", "b", "c"].map(|slug| visitor.get(&format!("/anna/{slug}")).status), [302; 3]);
    let list = admin.open("/admin/links?q=bad");
    let asked = format!("{BLOCK}?host=bad.example&amp;next=%2Fadmin%2Flinks%3Fq%3Dbad");
    assert!(list.body.contains(&format!("href=\"{asked}\"")), "{}", list.body);
    let page = admin.open(&asked.replace("&amp;", "&"));
    page.says("Block bad.example? 2 links lead there or to a host below it.");
    assert_eq!(visitor.get("/anna/a").status, 302, "asking blocks nothing");
    let done = admin.submit_on(&page, BLOCK, &[]);
    assert_eq!((done.status, done.header("location")), (303, Some("/admin/links?q=bad")));
    let list = admin.open("/admin/links?q=bad");
    list.says("Blocked. Links to this host show “switched off”.");
    assert_eq!(list.body.matches(">Blocked</span>").count(), 2);
    assert!(!list.body.contains(&format!("href=\"{BLOCK}")), "what is blocked is not offered again");
    assert_eq!(["a", "b", "c"].map(|slug| visitor.get(&format!("/anna/{slug}")).status), [410, 410, 302]);
    assert_eq!(blocked(&mut admin), "bad.example");
    let line = format!("host blocked host=bad.example by={ADMIN} ip=127.0.0.1");
    assert!(appliance.log().contains(&line), "{}", appliance.log());
    // What is below it is blocked with it, and what is blocked is not listed twice.
    for host in ["www.bad.example", "bad.example", "BAD.example."] {
        assert_eq!(admin.submit_on(&page, BLOCK, &[("host", host)]).status, 303, "{host}");
    }
    assert_eq!(blocked(&mut admin), "bad.example");
}

#[test]
fn what_is_no_host_is_not_blocked_and_a_full_list_is_told() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let page = admin.open(&format!("{BLOCK}?host=one.example"));
    page.says("Block one.example? 0 links lead there");
    for host in ["", "a b", "http://bad.example", "bad.example/x", "a,b"] {
        assert_eq!(admin.get(&format!("{BLOCK}?host={}", crate::browser::encode(host))).status, 404, "{host}");
        assert_eq!(admin.submit_on(&page, BLOCK, &[("host", host)]).status, 400, "{host}");
    }
    let hosts = (0..385).map(|at| format!("h{at:03}.bad-example.org")).collect::<Vec<_>>().join(",");
    assert_eq!(admin.submit(SETTINGS, SETTINGS, &[("links.blocked-hosts", &hosts)]).status, 303);
    let long = format!("{}example", format!("{}.", "a".repeat(60)).repeat(3));
    let refused = admin.submit_on(&page, BLOCK, &[("host", &long)]);
    assert_eq!(refused.status, 422, "{}", refused.text());
    refused.says("Use at most 8192 characters.");
    assert_eq!(blocked(&mut admin), hosts);
}

#[test]
fn of_hosts_that_are_blocked_at_the_same_moment_none_is_lost() {
    const HOSTS: [&str; 4] = ["a.example", "b.example", "c.example", "d.example"];
    let appliance = Start::with_admin().run();
    let all_have_the_page = Barrier::new(HOSTS.len());
    std::thread::scope(|scope| {
        for host in HOSTS {
            let (appliance, all_have_the_page) = (&appliance, &all_have_the_page);
            scope.spawn(move || {
                let mut admin = Browser::admin(appliance);
                let page = admin.open(&format!("{BLOCK}?host={host}"));
                all_have_the_page.wait();
                assert_eq!(admin.submit_on(&page, BLOCK, &[]).status, 303, "{host}");
            });
        }
    });
    assert_eq!(blocked(&mut Browser::admin(&appliance)), HOSTS.join(","));
}
