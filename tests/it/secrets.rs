//! Secrets: what the data folder and the log must never hold, and who may read the files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::appliance::{ADMIN, ADMIN_EMAIL, Appliance, PASSWORD, Start, run_command};
use crate::browser::{Browser, Page, encode};

/// The passwords of alice, one after the other, and one she never had.
const FIRST: &str = "grey elephants dance at noon";
const CHANGED: &str = "green umbrellas hum at dusk";
const BY_LINK: &str = "brown teapots fly at dawn";
/// The passwords of bob.
const INVITED: &str = "white anchors sing at tea";
const HELPED: &str = "black kettles nap at sunset";
const MISTYPED: &str = "gray elephants dance at noon";

/// Every file and folder below one, itself included.
fn everything_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut at = 0;
    while at < found.len() {
        if found[at].is_dir() {
            let inside: Vec<PathBuf> =
                fs::read_dir(&found[at]).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            found.extend(inside);
        }
        at += 1;
    }
    found
}

/// The bytes that hexadecimal digits stand for.
fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).filter_map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Fails when a secret stands in a file of the data folder or in the log, as text or as the bytes it stands for.
#[track_caller]
fn are_nowhere(secrets: &[(&str, String)], data: &Path, log: &str) {
    let files: Vec<(PathBuf, Vec<u8>)> = everything_in(data)
        .into_iter()
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(&path).expect("the file can be read")))
        .collect();
    assert!(files.iter().any(|(_, bytes)| bytes.len() > 4_096), "there is a data file");
    for (what, secret) in secrets {
        assert!(secret.len() >= 12, "{what} is worth looking for");
        let is_hex = secret.len() >= 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
        for (path, bytes) in &files {
            assert!(!holds(bytes, secret.as_bytes()), "{what} is in {}", path.display());
            assert!(!is_hex || !holds(bytes, &from_hex(secret)), "{what} is in {} as bytes", path.display());
        }
        for form in [secret.clone(), encode(secret), secret.replace(' ', "+")] {
            assert!(!log.contains(&form), "{what} is in the log: {log}");
        }
    }
}

/// Every word that the process was started with, as anybody on the machine can read them.
fn arguments(appliance: &Appliance) -> String {
    fs::read_to_string(format!("/proc/{}/cmdline", appliance.pid())).expect("the process runs")
}

/// The last part of an address of ours that a page shows once.
#[track_caller]
fn shown_once(page: &Page, before: &str) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    let (_, rest) = page.body.split_once(before).expect("the address is on the page");
    rest.chars().take_while(char::is_ascii_hexdigit).collect()
}

/// Makes the administrator and a link.
fn set_up(appliance: &Appliance, code: &str, secrets: &mut Vec<(&str, String)>) -> Browser {
    let mut admin = Browser::of(appliance);
    let page = admin.open("/setup");
    secrets.push(("a form token", page.token()));
    secrets.push(("a form cookie", admin.cookies["form"].clone()));
    let fields = [
        ("code", code),
        ("username", ADMIN),
        ("email", ADMIN_EMAIL),
        ("password1", PASSWORD),
        ("password2", PASSWORD),
        ("site_name", "Links"),
        ("registration", "open"),
    ];
    assert_eq!(admin.submit_on(&page, "/setup", &fields).status, 303);
    secrets.push(("the mark of the administrator's browser", admin.cookies["device"].clone()));
    secrets.push(("the administrator's session", admin.cookies["session"].clone()));
    admin.make_link("https://example.com/", "promo");
    admin.get("/root-user/promo");
    admin
}

/// Invites somebody, who registers, and makes a reset link for them, which they use; another of each stays unused.
fn invite_and_help(appliance: &Appliance, admin: &mut Browser, secrets: &mut Vec<(&str, String)>) {
    let mut invite = || {
        let page = admin.submit("/admin/users", "/admin/invitations", &[]);
        shown_once(&page, "/accounts/invite/")
    };
    let (used, unused) = (invite(), invite());
    let mut bob = Browser::of(appliance);
    assert_eq!(bob.get(&format!("/accounts/invite/{used}")).status, 303);
    secrets.push(("the cookie of an invitation", bob.cookies["invite"].clone()));
    let fields = [("username", "bob"), ("email", "bob@mail.example"), ("password1", INVITED), ("password2", INVITED)];
    assert_eq!(bob.submit("/accounts/register", "/accounts/register", &fields).status, 303);
    bob.log_in("bob", INVITED);
    secrets.push(("the session of an invited one", bob.cookies["session"].clone()));
    let mut help = || {
        let page = admin.submit("/admin/users/bob", "/admin/users/bob/reset-link", &[]);
        shown_once(&page, "/accounts/reset/")
    };
    let used_reset = help();
    let mut elsewhere = Browser::of(appliance);
    assert_eq!(elsewhere.get(&format!("/accounts/reset/{used_reset}")).status, 303);
    secrets.push(("the cookie of a reset link", elsewhere.cookies["reset"].clone()));
    let fields = [("password1", HELPED), ("password2", HELPED)];
    assert_eq!(elsewhere.submit("/accounts/reset", "/accounts/reset", &fields).status, 303);
    let unused_reset = help();
    secrets.extend([
        ("an invitation that was used", used),
        ("an open invitation", unused),
        ("an administrator's reset link that was used", used_reset),
        ("an administrator's open reset link", unused_reset),
    ]);
}

/// Registers, mistypes, logs in, changes the password and searches.
fn as_alice(appliance: &Appliance, secrets: &mut Vec<(&str, String)>) {
    let mut alice = Browser::of(appliance);
    let fields = [("username", "alice"), ("email", "alice@mail.example"), ("password1", FIRST), ("password2", FIRST)];
    assert_eq!(alice.submit("/accounts/register", "/accounts/register", &fields).status, 303);
    // People type their password into the wrong field, too.
    let page = alice.open("/accounts/login");
    alice.submit_on(&page, "/accounts/login", &[("username", MISTYPED), ("password", MISTYPED)]);
    alice.submit_on(&page, "/accounts/login", &[("username", "alice"), ("password", MISTYPED)]);
    alice.log_in("alice", FIRST);
    secrets.push(("the mark of a browser", alice.cookies["device"].clone()));
    secrets.push(("a session", alice.cookies["session"].clone()));
    secrets.push(("a session's form token", alice.open("/links").token()));
    let fields = [("password", MISTYPED), ("password1", CHANGED), ("password2", CHANGED)];
    assert_eq!(alice.submit("/accounts/profile", "/accounts/password", &fields).status, 422);
    let fields = [("password", FIRST), ("password1", CHANGED), ("password2", CHANGED)];
    assert_eq!(alice.submit("/accounts/profile", "/accounts/password", &fields).status, 303);
    secrets.push(("the session after it", alice.cookies["session"].clone()));
    let query = "hush-hush-in-a-query";
    alice.get(&format!("/links?q={query}"));
    secrets.push(("a search word", query.to_owned()));
}

#[test]
fn no_secret_of_a_whole_life_is_in_the_data_folder_or_the_log() {
    let start = Start::empty().env("SERVER_LOG_LEVEL", "trace");
    let appliance = start.run();
    let code = appliance.setup_code();
    let mut secrets: Vec<(&str, String)> = vec![
        ("the administrator's password", PASSWORD.to_owned()),
        ("a user's password", FIRST.to_owned()),
        ("the changed password", CHANGED.to_owned()),
        ("the password by link", BY_LINK.to_owned()),
        ("an invited one's password", INVITED.to_owned()),
        ("the password after help", HELPED.to_owned()),
        ("a mistyped password", MISTYPED.to_owned()),
    ];

    let mut admin = set_up(&appliance, &code, &mut secrets);
    as_alice(&appliance, &mut secrets);
    invite_and_help(&appliance, &mut admin, &mut secrets);
    let asked = [("password-again", MISTYPED), ("site.name", "Ours")];
    assert_eq!(admin.submit("/admin/settings", "/admin/settings", &asked).status, 303);
    let started_with = arguments(&appliance);
    assert!(started_with.contains("linkjar"), "{started_with:?}");
    for (what, secret) in &secrets {
        assert!(!started_with.contains(secret.as_str()), "{what} is in {started_with:?}");
    }
    let log = appliance.log();
    assert!(log.contains("request"), "the log is at its most talkative: {log}");
    // The code is printed, once; everything else that knows it keeps it to itself.
    assert_eq!(log.matches(&code).count(), 1, "{log}");
    let (status, folder) = appliance.stop();
    assert!(status.success());
    let before = log;

    let link = run_command(folder.path(), &["user", "reset-link", "alice"], "");
    assert!(!link.stderr.contains("reset/"), "{}", link.stderr);
    let path = link.stdout[link.stdout.find("/accounts/reset/").unwrap()..].trim_end().to_owned();
    secrets.push(("a reset link", path.rsplit('/').next().unwrap().to_owned()));
    let appliance = Start::empty().folder(folder).env("SERVER_LOG_LEVEL", "trace").run();
    let mut alice = Browser::of(&appliance);
    assert_eq!(alice.get(&path).status, 303);
    assert_eq!(alice.post(&path, &[]).status, 405);
    let fields = [("password1", BY_LINK), ("password2", BY_LINK)];
    assert_eq!(alice.submit("/accounts/reset", "/accounts/reset", &fields).status, 303);
    secrets.push(("the session by link", alice.cookies["session"].clone()));
    assert_eq!(alice.get(&path).status, 404);

    let log = before + &appliance.log();
    are_nowhere(&secrets, &appliance.data(), &log);
    let (_, folder) = appliance.stop();
    secrets.push(("the setup code", code.clone()));
    secrets.push(("the setup code without its hyphens", code.replace('-', "")));
    let printed = log.replace(&format!("/setup#{code}"), "");
    are_nowhere(&secrets, &folder.path().join("data"), &printed);
}

#[test]
fn a_reset_link_that_was_pasted_with_something_around_it_stays_out_of_the_log() {
    let (_, folder) = Start::with_admin().run().stop();
    let link = run_command(folder.path(), &["user", "reset-link", ADMIN], "").stdout;
    let secret = link.trim_end().rsplit('/').next().unwrap().to_owned();
    let appliance = Start::empty().folder(folder).env("SERVER_LOG_LEVEL", "debug").run();
    let mut browser = Browser::of(&appliance);
    for path in [
        format!("/accounts/reset/{secret}/"),
        format!("/accounts/reset/{secret}."),
        format!("/accounts/reset/{secret}?x=1"),
        format!("/accounts/reset/{secret}/x"),
        format!("/accounts/reset//{secret}"),
        format!("//accounts/reset/{secret}"),
        format!("/accounts/%72eset/{secret}"),
        format!("/Accounts/Reset/{secret}"),
    ] {
        browser.get(&path);
        browser.post(&path, &[]);
        assert!(!appliance.log().contains(&secret), "{path}: {}", appliance.log());
    }
}

#[test]
fn config_masks_the_administrators_password() {
    let ended = Start::with_admin().arg("config").fail();
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("SERVER_ADMIN_PASSWORD"), "{}", ended.stdout);
    assert!(!ended.stdout.contains(PASSWORD) && !ended.stderr.contains(PASSWORD));
}

/// Fails unless folders are 0700 and files 0600.
#[track_caller]
fn are_private(data: &Path) {
    for path in everything_in(data) {
        let mode = fs::metadata(&path).expect("it is there").permissions().mode() & 0o7777;
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}: {mode:o}", path.display());
    }
}

#[test]
fn nobody_else_can_read_the_data_folder_whatever_the_umask() {
    let appliance = Start::with_admin().run();
    Browser::admin(&appliance).make_link("https://example.com/", "promo");
    are_private(&appliance.data());
    let (_, folder) = appliance.stop();
    are_private(&folder.path().join("data"));
    for umask in ["0000", "0022", "0777"] {
        let start = Start::empty();
        let folder = start.data().parent().unwrap().to_owned();
        let script =
            format!("umask {umask}; exec \"$0\" user add root-user --email a@site.example --admin --password-stdin");
        let mut child = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_linkjar")])
            .env_clear()
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), PASSWORD.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "umask {umask}: {}", String::from_utf8_lossy(&output.stderr));
        are_private(&folder.join("data"));
    }
}

#[test]
fn a_folder_that_others_can_read_is_told_of() {
    let (_, folder) = Start::with_admin().run().stop();
    let data = folder.path().join("data");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let appliance = Start::empty().folder(folder).run();
    let log = appliance.log();
    assert!(log.contains("WARN") && log.contains("chmod"), "{log}");
}
