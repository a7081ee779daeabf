//! Making a link: what is accepted, what is refused at which field, and that nothing a person typed is lost.

use crate::appliance::{Appliance, Start};
use crate::browser::{Browser, Page, encode};

/// What a field of the form on a page holds.
fn value(page: &Page, name: &str) -> String {
    let fields = page.form("/links/new");
    fields.into_iter().find(|(found, _)| found == name).map(|(_, value)| value).unwrap_or_default()
}

fn link_count(browser: &mut Browser) -> String {
    let text = browser.open("/links").text();
    if text.contains("You have no links yet.") {
        return "0 links".to_owned();
    }
    let before = &text[..text.find("Search links").unwrap()];
    before.split_whitespace().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(" ")
}

fn location(browser: &mut Browser, path: &str) -> Option<String> {
    browser.get(path).header("location").map(str::to_owned)
}

#[test]
fn a_new_link_leads_to_its_target_at_once_and_stands_highlighted_in_the_list() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/older", "older");
    let form = admin.open("/links/new");
    form.says("New link");
    form.says(&format!("{}/root-user/", appliance.address));
    let fields = [("target_url", "https://example.com/page?q=1#f"), ("slug", "Promo-2026"), ("title", " Autumn sale ")];
    let made = admin.submit_on(&form, "/links/new", &fields);
    assert_eq!(made.status, 303);
    let list = made.header("location").unwrap().to_owned();
    assert!(list.starts_with("/links?new="), "{list}");
    assert_eq!(location(&mut admin, "/root-user/promo-2026").as_deref(), Some("https://example.com/page?q=1#f"));
    let page = admin.open(&list);
    page.says(&format!("Created {}/root-user/promo-2026", appliance.address));
    page.says("Autumn sale");
    let highlighted = page.body.matches("class=\"new-row\"").count();
    let row = &page.body[page.body.find("class=\"new-row\"").unwrap()..];
    let row = &row[..row.find("</tr>").unwrap()];
    assert_eq!(highlighted, 1);
    assert!(row.contains("/root-user/promo-2026<"), "{row}");
    // The message is told once; the address keeps the highlight.
    let page = admin.open(&list);
    page.does_not_say(&format!("Created {}", appliance.address));
    assert!(page.body.contains("class=\"new-row\""));
}

#[test]
fn past_the_bound_no_link_is_made_and_what_was_typed_is_kept() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    let fields = [("accounts.links-max", "1")];
    assert_eq!(admin.submit("/admin/settings", "/admin/settings", &fields).status, 303);
    let id = anna.make_link("https://example.com/", "one");
    let fields = [("target_url", "https://example.com/two"), ("slug", "two"), ("title", "The second")];
    let page = anna.submit("/links/new", "/links/new", &fields);
    assert_eq!(page.status, 422);
    page.says("You may have 1 link here. Delete one that you no longer need.");
    for (name, typed) in fields {
        assert_eq!(value(&page, name), typed);
    }
    assert_eq!(anna.get("/anna/two").status, 404);
    assert_eq!(link_count(&mut anna), "1 link");
    // With a place free again the same form does it.
    let delete = format!("/links/{id}/delete");
    assert_eq!(anna.submit(&delete, &delete, &[]).status, 303);
    assert_eq!(anna.submit_on(&page, "/links/new", &[]).status, 303);
}

#[test]
fn an_empty_slug_is_picked_by_the_server() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let token = admin.open("/links/new").token();
    let mut slugs = std::collections::BTreeSet::new();
    for slug in ["", "  ", "", "", ""] {
        let fields = [("csrf_token", token.as_str()), ("target_url", "https://example.com/"), ("slug", slug)];
        let made = admin.post("/links/new", &fields);
        assert_eq!(made.status, 303);
        let id = made.header("location").unwrap().strip_prefix("/links?new=").unwrap().to_owned();
        let page = admin.open(&format!("/links/{id}/edit"));
        let (_, slug) = page.form(&format!("/links/{id}/edit")).into_iter().find(|(name, _)| name == "slug").unwrap();
        assert_eq!(slug.len(), 8, "{slug}");
        let readable = |c: char| matches!(c, 'a'..='z' | '2'..='9') && c != 'l' && c != 'o';
        assert!(slug.chars().all(readable), "{slug}");
        slugs.insert(slug);
    }
    assert_eq!(slugs.len(), 5, "{slugs:?}");
}

#[test]
fn the_query_fills_the_form_in_and_makes_nothing() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let target = "https://example.com/?a=1&b=\"x\"";
    let path = format!("/links/new?url={}&title={}&slug=promo", encode(target), encode("<b>Sale</b>"));
    let page = admin.open(&path);
    assert_eq!(value(&page, "target_url"), target);
    assert_eq!(value(&page, "title"), "<b>Sale</b>");
    assert_eq!(value(&page, "slug"), "promo");
    assert!(!page.body.contains("<b>Sale"), "escaped");
    assert_eq!(link_count(&mut admin), "0 links");
    assert_eq!(admin.submit_on(&page, "/links/new", &[]).status, 303);
    assert_eq!(location(&mut admin, "/root-user/promo").as_deref(), Some("https://example.com/?a=1&b=%22x%22"));
}

#[test]
fn a_wrong_field_shows_the_form_again_with_everything_that_was_typed() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "taken");
    let long_slug = "a".repeat(33);
    let long_title = "ü".repeat(201);
    let letters = "Use only lowercase letters, numbers, hyphens, and underscores.";
    let taken = "You already have a link with this slug.";
    let title = "Use one line of at most 200 characters.";
    let expiry = "Enter a date and a time for the expiry, such as 2026-11-20 14:02.";
    let passed = "This time has passed. Choose a later one, or leave it empty.";
    for (field, wrong, message) in [
        ("target_url", "", "Enter a full web address, such as https://example.com/page."),
        ("target_url", "javascript:alert(1)", "Enter an address that starts with http:// or https://."),
        ("slug", "taken", taken),
        ("slug", "TAKEN", taken),
        ("slug", " taken ", taken),
        ("slug", "a b", letters),
        ("slug", "a/b", letters),
        ("slug", "a.b", letters),
        ("slug", "promo+", letters),
        ("slug", "ä", letters),
        ("slug", "\u{212a}", letters),
        ("slug", long_slug.as_str(), "Use at most 32 characters."),
        ("title", long_title.as_str(), title),
        ("title", "two\r\nlines", title),
        ("expires_at", "tomorrow", expiry),
        ("expires_at", "2026-02-30T10:00", expiry),
        ("expires_at", "2026-11-20", expiry),
        ("expires_at", "2026-11-20T25:00", expiry),
        ("expires_at", "20T", expiry),
        ("expires_at", "2026-11-20T14:0ü", expiry),
        ("expires_at", "2020-01-01T00:00", passed),
        ("expires_at", "2026-11-20 14:02", passed),
    ] {
        let mut fields = vec![
            ("target_url", "https://example.com/\"kept\""),
            ("slug", "kept-slug"),
            ("title", "Kept <title>"),
            ("expires_at", "2031-05-06T07:08"),
            ("enabled", ""),
        ];
        fields.iter_mut().find(|(name, _)| *name == field).unwrap().1 = wrong;
        let page = admin.submit("/links/new", "/links/new", &fields);
        assert_eq!(page.status, 422, "{field} {wrong:?}");
        page.says(message);
        assert!(page.body.contains("<title>Error: New link"), "{field} {wrong:?}");
        for (name, typed) in &fields {
            if !typed.contains('\n') {
                assert_eq!(value(&page, name), *typed, "{name} after a wrong {field}");
            }
        }
        assert!(!page.body.contains("Kept <title>"), "escaped");
    }
    // Several wrong fields are told at once.
    let page = admin.submit(
        "/links/new",
        "/links/new",
        &[("target_url", "x"), ("slug", "a b"), ("title", &long_title), ("expires_at", "2020-01-01T00:00")],
    );
    for message in ["Enter a full web address", letters, title, passed] {
        page.says(message);
    }
    assert_eq!(link_count(&mut admin), "1 link");
}

#[test]
fn a_pasted_address_that_is_too_long_is_told_and_not_cut() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let long = format!("https://example.com/{}", "x".repeat(3_000));
    for path in ["/", "/links", "/links/new"] {
        let page = admin.open(path);
        let field = page.body.split("<input").find(|tag| tag.contains("name=\"target_url\"")).unwrap();
        assert!(!field.split('>').next().unwrap().contains("maxlength"), "{path}: {field}");
        let page = admin.submit_on(&page, "/links/new", &[("target_url", &long)]);
        assert_eq!(page.status, 422, "{path}");
        page.says("This address is too long. Use at most 2,048 bytes.");
        assert_eq!(value(&page, "target_url"), long, "{path}");
    }
}

#[test]
fn the_date_that_the_expiry_message_recommends_is_accepted() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let page = admin.submit("/links/new", "/links/new", &[("target_url", "example.com"), ("expires_at", "x")]);
    page.says("such as 2026-11-20 14:02.");
    let fields = [("target_url", "example.com"), ("expires_at", "2046-11-20 14:02")];
    assert_eq!(admin.submit("/links/new", "/links/new", &fields).status, 303);
}

#[test]
fn longest_slugs_and_titles_are_accepted_and_one_more_is_not() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let slug = "z_-9".repeat(8);
    let title = "ü".repeat(200);
    let fields = [("target_url", "example.com"), ("slug", slug.as_str()), ("title", title.as_str())];
    assert_eq!(admin.submit("/links/new", "/links/new", &fields).status, 303);
    assert_eq!(location(&mut admin, &format!("/root-user/{slug}")).as_deref(), Some("https://example.com"));
    admin.open("/links").says(&title);
}

#[test]
fn slugs_belong_to_their_user() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    admin.make_link("https://example.com/admin", "promo");
    anna.make_link("https://example.com/anna", "promo");
    assert_eq!(location(&mut anna, "/root-user/promo").as_deref(), Some("https://example.com/admin"));
    assert_eq!(location(&mut admin, "/anna/promo").as_deref(), Some("https://example.com/anna"));
}

#[test]
fn a_link_can_begin_switched_off() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let fields = [("target_url", "example.com"), ("slug", "off"), ("enabled", "")];
    assert_eq!(admin.submit("/links/new", "/links/new", &fields).status, 303);
    let page = admin.get("/root-user/off");
    assert_eq!(page.status, 410);
    page.says("This link is switched off.");
    admin.open("/links").says("Disabled");
}

/// What the form does not have cannot be set.
#[test]
fn fields_that_the_form_does_not_have_change_nothing() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    let extra = [
        ("target_url", "https://example.com/"),
        ("slug", "mine"),
        ("owner", "root-user"),
        ("user", "1"),
        ("id", "1"),
        ("clicks", "1000"),
        ("created_at", "1999-01-01T00:00"),
        ("role", "admin"),
        ("is_admin", "1"),
        ("_method", "DELETE"),
    ];
    let made = anna.submit("/links/new", "/links/new", &extra);
    assert_eq!(made.status, 303);
    assert_eq!(anna.get("/anna/mine").status, 302);
    assert_eq!(admin.get("/root-user/mine").status, 404);
    assert_eq!(link_count(&mut admin), "0 links");
    let id = made.header("location").unwrap().strip_prefix("/links?new=").unwrap().to_owned();
    let page = anna.open(&format!("/links/{id}"));
    page.says("1 click");
    page.does_not_say("1999");
    anna.open("/links").does_not_say("Administrator");
}

#[test]
fn a_form_without_its_token_makes_nothing_and_can_be_sent_again() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let stale = "0".repeat(128);
    let mut again = None;
    for token in ["", stale.as_str(), "x"] {
        let fields =
            [("csrf_token", token), ("target_url", "https://example.com/"), ("slug", "again"), ("enabled", "1")];
        let page = admin.post("/links/new", &fields);
        assert_eq!(page.status, 403, "{token:?}");
        page.says("This form is too old. Send it again.");
        assert_eq!(admin.get("/root-user/again").status, 404);
        again = Some(page);
    }
    assert_eq!(admin.submit_on(&again.unwrap(), "/links/new", &[]).status, 303);
    assert_eq!(location(&mut admin, "/root-user/again").as_deref(), Some("https://example.com/"));
}

fn with_names() -> (Appliance, Browser) {
    let appliance = Start::with_admin()
        .env("SERVER_BASE_URL", "http://short.example")
        .env("SERVER_ALLOWED_HOSTS", "s.example")
        .run();
    let mut admin = Browser::of(&appliance);
    admin.header("Host", "short.example");
    admin.log_in(crate::appliance::ADMIN, crate::appliance::PASSWORD);
    (appliance, admin)
}

const FULL: &str = "Enter a full web address, such as https://example.com/page.";
const SCHEME: &str = "Enter an address that starts with http:// or https://.";
const CIRCLE: &str = "That would redirect in a circle.";

/// Addresses that lead nowhere good, and what the form says of them.
const REFUSED: &[(&str, &str)] = &[
    ("", FULL),
    ("   ", FULL),
    ("/alice/promo", FULL),
    ("?x", FULL),
    ("#x", FULL),
    (".", ""),
    ("//example.com/x", FULL),
    ("javascript:alert(1)", SCHEME),
    ("JaVaScRiPt:alert(1)", SCHEME),
    ("javascript://example.com/%0aalert(1)", SCHEME),
    ("java\tscript:alert(1)", ""),
    ("java\nscript:alert(1)", ""),
    ("\u{1}javascript:alert(1)", ""),
    ("data:text/html,<script>alert(1)</script>", SCHEME),
    ("vbscript:x", SCHEME),
    ("file:///etc/passwd", SCHEME),
    ("ftp://example.com/", SCHEME),
    ("mailto:a@b.example", SCHEME),
    ("http:/example.com", ""),
    ("http:example.com", ""),
    ("https:///example.com", ""),
    ("https:\\\\example.com", ""),
    ("https://example.com\\@evil.example", "Use / instead of \\ in this address."),
    ("https://good.example@evil.example/", "Remove the user name or password before the @ from this address."),
    ("https://user:pw@example.com/", "Remove the user name or password before the @ from this address."),
    ("https://@example.com/", ""),
    ("\u{a0}https://example.com/", "Remove the invisible characters from this address."),
    ("\u{feff}https://example.com/", "Remove the invisible characters from this address."),
    ("https://", ""),
    ("https://?q", ""),
    ("https://:443/", ""),
    ("https://exa mple.com/", ""),
    ("https://example.com/a\r\nSet-Cookie: x=1", ""),
    ("https://example.com/\u{7f}", ""),
    ("https://exam\u{202e}ple.com/", ""),
    ("https://ex%61mple.com/", ""),
    ("https://a..b/", "Check the host name in this address."),
    ("http://3232235777/", "Write a numeric host as four numbers from 0 to 255, such as 192.0.2.1."),
    ("http://0x7f000001/", "Write a numeric host as four numbers from 0 to 255, such as 192.0.2.1."),
    ("http://127.1/", "Write a numeric host as four numbers from 0 to 255, such as 192.0.2.1."),
    ("http://256.1.1.1/", "Write a numeric host as four numbers from 0 to 255, such as 192.0.2.1."),
    ("http://[::1", ""),
    ("https://example.com:99999/", "Use a port number from 1 to 65535, or leave it out."),
    ("https://example.com:0/", "Use a port number from 1 to 65535, or leave it out."),
    ("https://a.example https://b.example", "Enter only one address."),
    ("https://short.example/alice/promo", CIRCLE),
    ("http://SHORT.example:443/Alice/PROMO/", CIRCLE),
    ("https://short.example./alice/promo", CIRCLE),
    ("https://s.example/alice/promo+", CIRCLE),
    ("https://short.example/%61lice/promo", CIRCLE),
    ("short.example/bob/none-yet", CIRCLE),
    ("https://short.example//alice/promo", CIRCLE),
];

/// Sends a target through every form that takes one: a new link's, the same filled in by an address, an existing link's.
fn through_every_form(admin: &mut Browser, id: &str, target: &str) -> Vec<Page> {
    let token = admin.open("/links/new").token();
    let edit = format!("/links/{id}/edit");
    let fields = [("csrf_token", token.as_str()), ("target_url", target), ("slug", "sent"), ("enabled", "1")];
    let mut answers = vec![admin.post("/links/new", &fields), admin.post(&edit, &fields)];
    let filled_in = admin.get(&format!("/links/new?url={}", encode(target)));
    // What no field could hold is not taken from an address either.
    if filled_in.status == 200 {
        assert_eq!(value(&filled_in, "target_url"), target, "as it came");
        answers.push(admin.submit_on(&filled_in, "/links/new", &[]));
    }
    answers
}

/// Through the forms: refused ones make and change nothing.
#[test]
fn targets_that_lead_nowhere_good_are_refused_at_their_field() {
    let (appliance, mut admin) = with_names();
    let id = admin.make_link("https://example.com/before", "before");
    let own_port = format!("http://127.0.0.1:{}/root-user/promo", appliance.address.port());
    let own_name = format!("http://localhost:{}/root-user/promo", appliance.address.port());
    let long_label = format!("https://{}.example/", "a".repeat(64));
    let too_long = format!("https://example.com/{}", "a".repeat(2029));
    let too_long_encoded = format!("https://example.com/{}", "ü".repeat(700));
    let made = [
        (long_label.as_str(), "Check the host name in this address."),
        (too_long.as_str(), "This address is too long. Use at most 2,048 bytes."),
        (too_long_encoded.as_str(), "This address is too long. Use at most 2,048 bytes."),
        (own_port.as_str(), CIRCLE),
        (own_name.as_str(), CIRCLE),
    ];
    for (target, message) in REFUSED.iter().copied().chain(made) {
        for page in through_every_form(&mut admin, &id, target) {
            assert_eq!(page.status, 422, "{target:?}");
            page.says(message);
            assert!(page.body.contains("id=\"target_url-error\""), "{target:?}: the message is at its field");
        }
    }
    assert_eq!(link_count(&mut admin), "1 link");
    assert_eq!(location(&mut admin, "/root-user/before").as_deref(), Some("https://example.com/before"));
}

/// Through the form: accepted ones are sent in their canonical form.
#[test]
fn accepted_targets_are_sent_in_one_canonical_form() {
    let (appliance, mut admin) = with_names();
    let token = admin.open("/links/new").token();
    let longest = format!("https://example.com/{}", "a".repeat(2028));
    let rows = [
        ("https://example.com/page?q=1#f", "https://example.com/page?q=1#f"),
        ("HTTP://EXAMPLE.com/Path", "http://example.com/Path"),
        ("example.com/page", "https://example.com/page"),
        ("example.com:8443/x", "https://example.com:8443/x"),
        ("localhost:3000", "https://localhost:3000"),
        ("https://example.com", "https://example.com"),
        (" https://example.com/ ", "https://example.com/"),
        ("https://example.com/@user", "https://example.com/@user"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/\"><script>", "https://example.com/%22%3E%3Cscript%3E"),
        ("https://example.com/%0d%0aSet-Cookie:x", "https://example.com/%0d%0aSet-Cookie:x"),
        ("https://example.com/%zz", "https://example.com/%zz"),
        ("https://bücher.example/ü?ö", "https://xn--bcher-kva.example/%C3%BC?%C3%B6"),
        ("https://example.com/\u{202e}gnp.exe", "https://example.com/%E2%80%AEgnp.exe"),
        ("https://example.com./", "https://example.com/"),
        ("https://example.com:443/x", "https://example.com/x"),
        ("https://example.com:/x", "https://example.com/x"),
        ("http://nas.local:5000/", "http://nas.local:5000/"),
        ("http://192.168.1.1/", "http://192.168.1.1/"),
        ("http://[2001:DB8::7]/", "http://[2001:db8::7]/"),
        ("https://example.com/?u=javascript:alert(1)", "https://example.com/?u=javascript:alert(1)"),
        ("https://short.example/", "https://short.example/"),
        ("https://short.example/accounts/register", "https://short.example/accounts/register"),
        ("https://short.example.evil.test/alice/promo", "https://short.example.evil.test/alice/promo"),
        ("https://notshort.example/a/b", "https://notshort.example/a/b"),
        (longest.as_str(), longest.as_str()),
    ];
    for (number, (target, sent)) in rows.iter().enumerate() {
        let slug = format!("row-{number}");
        let fields = [("csrf_token", token.as_str()), ("target_url", target), ("slug", &slug), ("enabled", "1")];
        assert_eq!(admin.post("/links/new", &fields).status, 303, "{target:?}");
        let answer = admin.get(&format!("/root-user/{slug}"));
        assert_eq!((answer.status, answer.header("location")), (302, Some(*sent)), "{target:?}");
    }
    drop(appliance);
}

/// The table's U45 and U61: what an administrator can refuse.
#[test]
fn blocked_hosts_and_private_networks_are_refused_when_the_settings_say_so() {
    let appliance = Start::with_admin().run();
    let (_, folder) = appliance.stop();
    for change in ["links.blocked-hosts=bad.example", "links.private=refuse"] {
        assert_eq!(crate::appliance::run_command(folder.path(), &["settings", change], "").code(), 0);
    }
    let appliance = Start::with_admin().folder(folder).run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/before", "before");
    let blocked = "Links to this host are not allowed here.";
    let private = "Links to private networks are not allowed here.";
    for (target, refusal) in [
        ("https://bad.example/", Some(blocked)),
        ("https://x.BAD.example./", Some(blocked)),
        ("https://notbad.example/", None),
        ("https://bad.example.org/", None),
        ("http://192.168.1.1/", Some(private)),
        ("http://127.0.0.1:9/", Some(private)),
        ("http://169.254.169.254/", Some(private)),
        ("http://[::1]/", Some(private)),
        ("http://198.51.100.7/", None),
        ("https://example.com/", None),
    ] {
        let Some(words) = refusal else {
            assert_eq!(admin.submit("/links/new", "/links/new", &[("target_url", target)]).status, 303, "{target}");
            continue;
        };
        for page in through_every_form(&mut admin, &id, target) {
            assert_eq!(page.status, 422, "{target}");
            page.says(words);
        }
    }
}
