//! The registration page: who may make an account, and what makes a good one.

use std::sync::Barrier;
use std::thread;

use crate::appliance::{ADMIN, ADMIN_EMAIL, PASSWORD, Start, run_command};
use crate::browser::{Browser, Page, attribute};

/// Sends the form for `alice` with some values changed.
fn register(browser: &mut Browser, changed: &[(&str, &str)]) -> Page {
    let usual =
        [("username", "alice"), ("email", "alice@mail.example"), ("password1", PASSWORD), ("password2", PASSWORD)];
    let kept = usual.into_iter().filter(|(name, _)| !changed.iter().any(|(given, _)| given == name));
    let fields: Vec<(&str, &str)> = kept.chain(changed.iter().copied()).collect();
    browser.submit("/accounts/register", "/accounts/register", &fields)
}

/// A refusal at a field: the words are there, the input too, and no password.
#[track_caller]
fn is_refused(page: &Page, field: &str, words: &str, typed: &str) {
    assert_eq!(page.status, 422, "{typed:?}: {}", page.text());
    page.says(words);
    assert!(page.body.contains("<title>Error: Register"), "{}", page.body);
    assert!(page.body.contains(&format!("id=\"{field}-error\"")), "{}", page.body);
    for name in ["username", "email", "password1", "password2"] {
        let tag = page.body.split("<input").find(|tag| tag.contains(&format!("name=\"{name}\""))).expect(name);
        let value = attribute(tag, "value").unwrap_or_default();
        if name.starts_with("password") {
            assert_eq!(value, "");
        } else if name == field {
            assert_eq!(value, typed);
        }
    }
    assert!(!page.body.contains(PASSWORD));
    assert!(page.set_cookies().iter().all(|cookie| !cookie.starts_with("session=")));
}

#[test]
fn a_new_account_is_made_and_can_log_in() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    browser.open("/").says("Register");
    let page = register(&mut browser, &[("username", "Alice"), ("email", "Alice@Mail.Example")]);
    assert_eq!((page.status, page.header("location")), (303, Some("/accounts/login")));
    assert!(!browser.cookies.contains_key("session"), "the password is typed once more");
    browser.open("/accounts/login").says("Account created. Log in to start.");
    browser.open("/accounts/login").does_not_say("Account created.");
    browser.log_in("alice", PASSWORD);
    let profile = browser.open("/accounts/profile");
    profile.says("Username alice");
    profile.says("Email alice@mail.example");
    profile.says("Role User");
    assert!(appliance.log().contains("user created user=alice ip=127.0.0.1"), "{}", appliance.log());
}

#[test]
fn the_environment_and_then_the_setting_say_who_may_register() {
    const INVITE: &str = "Registration is by invitation.";
    const CLOSED: &str = "Registration is closed.";
    let start = Start::with_admin();
    let mut folder = {
        let (status, folder) = start.run().stop();
        assert!(status.success());
        folder
    };
    for (setting, environment, closed_because) in [
        (None, None, Some(INVITE)),
        (Some("closed"), None, Some(CLOSED)),
        (Some("closed"), Some("invite"), Some(INVITE)),
        (Some("closed"), Some("open"), None),
        (Some("open"), Some("closed"), Some(CLOSED)),
        (Some("invite"), None, Some(INVITE)),
        (Some("open"), None, None),
    ] {
        if let Some(mode) = setting {
            let ended = run_command(folder.path(), &["settings", &format!("accounts.registration={mode}")], "");
            assert_eq!(ended.code(), 0, "{}", ended.stderr);
        }
        let mut start = Start::empty().folder(folder);
        if let Some(mode) = environment {
            start = start.env("SERVER_REGISTRATION", mode);
        }
        let appliance = start.run();
        let mut browser = Browser::of(&appliance);
        let page = browser.open("/accounts/register");
        let home = browser.open("/");
        if let Some(why) = closed_because {
            page.says(why);
            page.says("Ask the administrator of this server for an account.");
            assert!(!page.body.contains("name=\"password1\""), "{setting:?} {environment:?}");
            home.does_not_say("Register");
            let token = page.token();
            let fields = [
                ("csrf_token", token.as_str()),
                ("username", "mallory"),
                ("email", "mallory@mail.example"),
                ("password1", PASSWORD),
                ("password2", PASSWORD),
            ];
            let refused = browser.post("/accounts/register", &fields);
            assert_eq!(refused.status, 403, "{setting:?} {environment:?}");
            refused.says("You may not do this.");
        } else {
            page.says("Repeat password");
            home.says("Register");
        }
        folder = appliance.stop().1;
        let users = run_command(folder.path(), &["user", "list"], "").stdout;
        assert!(users.contains(ADMIN) && !users.contains("mallory"), "{users}");
    }
}

#[test]
fn a_name_that_would_not_do_in_an_address_is_refused_as_typed() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let long = "a".repeat(33);
    for bad in [
        "",
        "a",
        long.as_str(),
        "-a",
        "_a",
        "al ice",
        " alice",
        "alice ",
        "al/ice",
        "al%2Fice",
        "al\\ice",
        ".",
        "..",
        ".alice",
        "alice.txt",
        "favicon.ico",
        "alice+",
        "alice@home",
        "alice?x",
        "alice#x",
        "alice;x",
        "аlice",
        "ａｌｉｃｅ",
        "alicé",
        "ALİCE",
        "al\u{200b}ice",
        "al\u{202e}ice",
        "alice\n",
        "alice\r\nSet-Cookie: x=1",
        "al\tice",
        "a\u{0}b",
        "<b>alice</b>",
        "\"alice",
        "' OR 1=1 --",
        "*",
        "🙂🙂",
    ] {
        let page = register(&mut browser, &[("username", bad)]);
        is_refused(&page, "username", "Use 2 to 32 lowercase letters, numbers, hyphens, and underscores", bad);
    }
}

#[test]
fn words_of_the_site_and_names_of_offices_are_not_available() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let words = "accounts admin api app assets auth docs health help links login logout metrics new root security \
        setup static status support system user users www \
        abuse postmaster webmaster hostmaster administrator noreply mailer-daemon contact about terms privacy imprint \
        legal search stats dashboard settings profile account register signup signin signout password reset token \
        tokens oauth sso saml callback webhook cdn media img css js null undefined me self anonymous everyone";
    let mut available = Vec::new();
    for word in words.split_whitespace() {
        let typed = if word.len().is_multiple_of(2) { word.to_uppercase() } else { word.to_owned() };
        // A password that differs keeps the test from making the account.
        let page = register(&mut browser, &[("username", &typed), ("password2", "another one")]);
        if page.text().contains("This name is not available.") {
            is_refused(&page, "username", "This name is not available.", &typed);
        } else {
            available.push(word);
        }
    }
    assert!(available.is_empty(), "anybody can be called {available:?}");
}

#[test]
fn a_taken_name_or_address_is_taken_in_any_case() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    for name in [ADMIN, "Root-User", "ROOT-USER"] {
        let page = register(&mut browser, &[("username", name)]);
        is_refused(&page, "username", "This name is not available.", name);
        assert!(page.body.contains("value=\"alice@mail.example\""), "the rest of the input is kept");
    }
    for email in [ADMIN_EMAIL, "Admin@Site.Example", "ADMIN@SITE.EXAMPLE"] {
        let page = register(&mut browser, &[("email", email)]);
        is_refused(&page, "email", "This email address is not available.", email);
        assert!(page.body.contains("value=\"alice\""), "the rest of the input is kept");
    }
    let (_, folder) = appliance.stop();
    let users = run_command(folder.path(), &["user", "list"], "").stdout;
    assert!(!users.contains("alice"), "{users}");
}

#[test]
fn of_ten_who_want_a_name_at_the_same_moment_one_gets_it() {
    let appliance = Start::with_admin().env("SERVER_NUMTHREADS", "32").run();
    let barrier = Barrier::new(10);
    let send = |number: usize| {
        let mut browser = Browser::of(&appliance);
        let page = browser.open("/accounts/register");
        // Half of them share the name, half the address.
        let (name, email) = if number.is_multiple_of(2) {
            ("alice".to_owned(), format!("a{number}@mail.example"))
        } else {
            (format!("bob-{number}"), "shared@mail.example".to_owned())
        };
        let fields = [("username", &*name), ("email", &*email), ("password1", PASSWORD), ("password2", PASSWORD)];
        barrier.wait();
        browser.submit_on(&page, "/accounts/register", &fields).status
    };
    let statuses: Vec<u16> = thread::scope(|scope| {
        let send = &send;
        let running: Vec<_> = (0..10).map(|number| scope.spawn(move || send(number))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for remainder in [0, 1] {
        let mut mine: Vec<u16> = statuses.iter().copied().skip(remainder).step_by(2).collect();
        mine.sort_unstable();
        assert_eq!(mine, [303, 422, 422, 422, 422]);
    }
}

#[test]
fn an_address_that_is_none_is_refused() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let long = format!("{}@mail.example", "a".repeat(250));
    for bad in [
        "",
        "alice",
        "@mail.example",
        "alice@",
        "alice@mail..example",
        "al ice@mail.example",
        "a@b@c",
        "<alice@mail.example>",
        "alice@mail.example\nBcc: x@mail.example",
        long.as_str(),
    ] {
        let page = register(&mut browser, &[("email", bad)]);
        is_refused(&page, "email", "Enter an email address, such as anna@example.com.", bad);
    }
}

#[test]
fn weak_passwords_are_refused_and_never_shown_again() {
    let appliance = Start::with_admin().run();
    let mut browser = Browser::of(&appliance);
    let long = "long and ".repeat(114);
    assert_eq!(long.len(), 1_026);
    for (password, repeated, field, words) in [
        ("", "", "password1", "Use at least 8 characters."),
        ("sevench", "sevench", "password1", "Use at least 8 characters."),
        ("ümläute", "ümläute", "password1", "Use at least 8 characters."),
        (&long[..1_025], &long[..1_025], "password1", "Use at most 1,024 bytes."),
        ("password", "password", "password1", "This password is too common."),
        ("PassWord", "PassWord", "password1", "This password is too common."),
        ("!qaz2wsx", "!qaz2wsx", "password1", "This password is too common."),
        ("804518293047561", "804518293047561", "password1", "Use letters too, or at least 16 digits."),
        ("ALICE@mail.example", "ALICE@mail.example", "password1", "too much like your name"),
        ("linkjar12", "linkjar12", "password1", "too much like your name"),
        ("127.0.0.1", "127.0.0.1", "password1", "too much like your name"),
        ("blue paper boat", "blue paper goat", "password2", "The two passwords differ."),
        ("blue paper boat", "", "password2", "The two passwords differ."),
        ("blue paper boat", "blue paper boat ", "password2", "The two passwords differ."),
    ] {
        let page = register(&mut browser, &[("password1", password), ("password2", repeated)]);
        is_refused(&page, field, words, "");
        assert!(password.len() < 9 || !page.body.contains(&format!("value=\"{password}\"")), "{password}");
        assert!(page.body.contains("value=\"alice\"") && page.body.contains("value=\"alice@mail.example\""));
    }
    // A name in it is no harm when the rest is long enough.
    assert_eq!(
        register(&mut browser, &[("password1", "alice in a blue boat"), ("password2", "alice in a blue boat")]).status,
        303
    );
}

#[test]
fn a_password_counts_to_its_last_byte() {
    let appliance = Start::with_admin().run();
    let most = "x y".repeat(342)[..1_023].to_owned();
    let seventy_two = "abcdefgh ".repeat(8);
    for (name, password, near) in [
        ("kilobyte", format!("{most}!"), vec![format!("{most}?"), most.clone()]),
        ("bcrypt", format!("{seventy_two}!"), vec![format!("{seventy_two}?"), seventy_two.clone()]),
        ("spaces", " blue paper boat ".to_owned(), vec!["blue paper boat".to_owned(), " blue paper boat".to_owned()]),
        (
            "letters",
            "Blue päper boat".to_owned(),
            vec!["blue päper boat".to_owned(), "Blue pa\u{308}per boat".to_owned()],
        ),
    ] {
        let mut browser = Browser::of(&appliance);
        let email = format!("{name}@mail.example");
        let fields = [("username", name), ("email", &email), ("password1", &password), ("password2", &password)];
        let page = register(&mut browser, &fields);
        assert_eq!(page.status, 303, "{name}: {}", page.text());
        for wrong in near {
            let fields = [("username", name), ("password", wrong.as_str())];
            let page = browser.submit("/accounts/login", "/accounts/login", &fields);
            assert_eq!(page.status, 422, "{name}");
        }
        browser.log_in(name, &password);
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let appliance = Start::with_admin().run();
    let fields = [("username", "-"), ("email", "nobody"), ("password1", "short"), ("password2", "")];
    let page = register(&mut Browser::of(&appliance), &fields);
    for field in ["username", "email", "password1"] {
        assert!(page.body.contains(&format!("href=\"#{field}\"")), "the summary leads to {field}");
        assert!(page.body.contains(&format!("id=\"{field}-error\"")));
    }
    assert!(page.body.contains("role=\"alert\""));
}
