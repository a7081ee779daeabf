//! The operator's commands: what they print, how they end, and what they say to a mistake.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::appliance::{ADMIN, ADMIN_EMAIL, Ended, PASSWORD, Start, run_command};
use crate::browser::Browser;

/// Runs a command that ends by itself, with an environment.
pub fn run_with(folder: &Path, env: &[(&str, &str)], args: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_linkjar"))
        .env_clear()
        .envs(env.iter().copied())
        .current_dir(folder)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ended {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `error: WHAT. WHAT TO DO.` on stderr, nothing on stdout.
#[track_caller]
pub fn is_error(ended: &Ended, code: i32, words: &str) {
    assert_eq!(ended.code(), code, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stdout, "");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "one line: {}", ended.stderr);
    let rest = lines[0].strip_prefix("error: ").unwrap_or_else(|| panic!("{}", ended.stderr));
    assert!(rest.contains(words), "{words:?} is not in {rest:?}");
    assert!(rest.contains(". ") || rest.contains("? "), "what to do is missing: {rest}");
    assert!(lines[0].chars().count() < 300, "{rest}");
}

#[track_caller]
fn is_done(ended: &Ended) -> &str {
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{}", ended.stdout);
    &ended.stdout
}

/// A folder whose data file has an administrator and a user.
fn with_people() -> TempDir {
    let folder = TempDir::new().unwrap();
    let add = ["user", "add", ADMIN, "--email", ADMIN_EMAIL, "--admin", "--password-stdin"];
    let ended = run_command(folder.path(), &add, &format!("{PASSWORD}\n"));
    let added = "Added administrator root-user. The data file data/linkjar.redb is new.\n";
    assert_eq!(is_done(&ended), added);
    let add = ["user", "add", "Anna", "--email=Anna@Mail.Example", "--password-stdin"];
    let ended = run_command(folder.path(), &add, "anna's own password\r\n");
    assert_eq!(is_done(&ended), "Added user anna.\n");
    folder
}

#[test]
fn wrong_use_is_one_line_that_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    for (args, words) in [
        (["--prot", "80"].as_slice(), "unknown option --prot. Did you mean --port? See: linkjar help serve"),
        (&["serve", "--port"], "--port has no value. Write --port PORT"),
        (&["--port="], "--port has no value"),
        (&["--port", "--host", "x"], "--port has no value"),
        (&["--port", "1", "--port", "2"], "--port is given twice"),
        (&["serve", "extra"], "stray argument extra"),
        (&["srve"], "unknown command"),
        (
            &["user"],
            "user needs a command. Add one: add, list, passwd, reset-link, role, disable, enable, remove, release or invite",
        ),
        (&["user", "lst"], ""),
        (&["user", "add"], ""),
        (&["user", "add", "anna"], "--email"),
        (&["user", "add", "anna", "bob", "--email", "a@b.example"], "stray argument bob"),
        (&["user", "passwd"], "user passwd needs a name. Add NAME"),
        (&["user", "reset-link"], "user reset-link needs a name. Add NAME"),
        (&["user", "list", "--admin"], "user list does not take --admin"),
        (&["user", "list", "--json=yes"], "--json takes no value"),
        (&["settings", "a", "b"], "stray argument b"),
        (&["settings", "--json"], "settings does not take --json"),
        (&["health", "a", "b"], "stray argument b"),
        (&["version", "extra"], "stray argument extra"),
        (&["help", "nothing"], "unknown"),
        (&["--host", "a b"], "--host \"a b\" is not accepted."),
        (&["--port", "99999"], "--port \"99999\" is not accepted. Use a number from 0 to 65535"),
        (&["--port", "+80"], "--port \"+80\" is not accepted."),
        (&["--numthreads", "0"], "Use a number from 1 to 256."),
        (&["--numthreads", "257"], "Use a number from 1 to 256."),
        (&["--base-url", "short.example"], "--base-url \"short.example\" is not accepted."),
        (&["--base-url", "https://short.example/path"], "is not accepted."),
        (&["--base-url", "https://user:secret@short.example"], "--base-url has a user name in it."),
        (&["--allowed-hosts", "*.example"], "Use host names divided by commas"),
        (
            &["--trusted-proxies", "10.0.0.0/8,nginx"],
            "--trusted-proxies \"nginx\" is not accepted. Use addresses, networks",
        ),
        (&["--host=0.0.0.0", "--tls-cert=c.pem"], "both --tls-cert and --tls-key are required. Add --tls-key"),
        (&["--host=::", "--tls-key=k.pem"], "both --tls-cert and --tls-key are required. Add --tls-cert"),
        (&["--http-port", "80"], "--http-port is for plain HTTP beside TLS, and there is no TLS. Add --tls-cert"),
        (&["--http-port", "80000"], "--http-port \"80000\" is not accepted. Use a number from 0 to 65535"),
        (
            &["--tls-cert=c", "--tls-key=k", "--http-port=8000"],
            "--http-port \"8000\" is the port for TLS. Choose another",
        ),
        (&["--log-level", "loud"], "--log-level \"loud\" is not accepted. Use off, error, warn, info, debug or trace"),
        (&["--log-level", "info,paint=debug"], "parts are accounts, links, core, store, door"),
        (&["--log-format", "xml"], "Use text or json."),
        (&["config", "--port", "x"], "--port \"x\" is not accepted."),
        (&["health", "127.0.0.1"], "cannot be asked. Use an address such as http://127.0.0.1:8000"),
        (&["a\nb\u{1b}[2J"], "unknown command"),
    ] {
        let ended = run_command(folder.path(), args, "");
        is_error(&ended, 2, words);
        assert!(!ended.stderr.contains("secret"), "{args:?}");
        assert!(!ended.stderr.contains('\u{1b}'), "{args:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_wrong_variable_is_one_line_that_names_it() {
    let folder = TempDir::new().unwrap();
    for (env, words) in [
        ([("SERVER_PORT", "x")], "SERVER_PORT \"x\" is not accepted."),
        (
            [("SERVER_REGISTRATION", "maybe")],
            "SERVER_REGISTRATION \"maybe\" is not accepted. Use open, invite or closed.",
        ),
        ([("SERVER_TRUSTED_PROXIES", "10.0.0.0/33")], "SERVER_TRUSTED_PROXIES \"10.0.0.0/33\" is not accepted."),
        ([("SERVER_HTTP_PORT", "80")], "SERVER_HTTP_PORT is for plain HTTP beside TLS"),
        ([("SERVER_LOG_FORMAT", "xml")], "SERVER_LOG_FORMAT \"xml\" is not accepted."),
        ([("SERVER_NUMTHREADS", "many")], "SERVER_NUMTHREADS \"many\" is not accepted."),
    ] {
        is_error(&run_with(folder.path(), &env, &[]), 2, words);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn commands_that_need_a_data_file_say_so_and_make_none() {
    let folder = TempDir::new().unwrap();
    for args in [
        ["user", "list"].as_slice(),
        &["user", "passwd", "anna", "--password-stdin"],
        &["user", "reset-link", "anna"],
        &["settings"],
        &["settings", "site.name=X"],
    ] {
        is_error(
            &run_command(folder.path(), args, "x\n"),
            1,
            "data/linkjar.redb does not exist. Start the server once",
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn users_are_added_and_listed() {
    let folder = with_people();
    let ended = run_command(folder.path(), &["user", "list"], "");
    let text = is_done(&ended);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["NAME", "EMAIL", "ROLE", "STATE", "LINKS", "CREATED", "LAST", "LOGIN"]);
    assert_eq!(lines.len(), 3, "{text}");
    for line in &lines[1..] {
        assert_eq!((line[3], line[4], *line.last().unwrap()), ("active", "0", "never"), "{text}");
    }
    let ended = run_command(folder.path(), &["user", "list", "--json"], "");
    let list: Value = serde_json::from_str(is_done(&ended)).unwrap();
    let users: BTreeMap<&str, &Value> =
        list.as_array().unwrap().iter().map(|user| (user["name"].as_str().unwrap(), user)).collect();
    assert_eq!(users.keys().copied().collect::<Vec<_>>(), ["anna", ADMIN]);
    assert_eq!(users["anna"]["email"], "anna@mail.example");
    assert_ne!(users["anna"]["role"], users[ADMIN]["role"]);
    assert!(users["anna"]["last_login_at"].is_null());
    assert!(users["anna"]["created_at"].as_str().unwrap().ends_with('Z'));
    for secret in ["password", "argon2", "hash"] {
        assert!(!ended.stdout.contains(secret), "{secret}: {}", ended.stdout);
    }
    // What was added can log in, by name or by address, whatever the case.
    let appliance = Start::empty().folder(folder).run();
    for login in ["anna", "ANNA", "anna@mail.example", "Anna@MAIL.example"] {
        Browser::of(&appliance).log_in(login, "anna's own password");
    }
    Browser::admin(&appliance).open("/links").says("Administrator");
    let (_, folder) = appliance.stop();
    let ended = run_command(folder.path(), &["user", "list", "--json"], "");
    let list: Value = serde_json::from_str(is_done(&ended)).unwrap();
    assert!(list[0]["last_login_at"].is_string(), "{list}");
}

#[test]
fn users_that_will_not_do_are_refused_and_nothing_is_changed() {
    let folder = with_people();
    let good = "a sentence that will do\n";
    for (name, email, admin, password, words) in [
        ("ANNA", "new@mail.example", false, good, "there is a user of this name. Choose another name."),
        ("bob", "ANNA@mail.example", false, good, "there is a user with this address. Choose another address."),
        ("x", "x@mail.example", false, good, "the name \"x\" will not do. Use 2 to 32 lowercase letters"),
        ("al/ice", "x@mail.example", false, good, "will not do."),
        ("аlice", "x@mail.example", false, good, "will not do."),
        ("admin", "x@mail.example", false, good, "the name \"admin\" will not do. This name is not available."),
        ("bob", "no address", false, good, "the address \"no address\" will not do."),
        (
            "bob",
            "bob@mail.example",
            false,
            "short\n",
            "the password for bob is not good enough. Use at least 8 characters.",
        ),
        ("bob", "bob@mail.example", true, "elevenchars\n", "is not good enough. Use at least 12 characters."),
        ("bob", "bob@mail.example", false, "password123\n", "is not good enough. This password is too common."),
        ("bobby-the-third", "bob@mail.example", false, "bobby-the-third\n", "is not good enough."),
        ("bob", "bob@mail.example", false, "\n", "is not good enough."),
        ("bob", "bob@mail.example", false, "", "is not good enough."),
        ("bob", "bob@mail.example", false, &"x".repeat(1025), "is not good enough."),
    ] {
        let mut args = vec!["user", "add", name, "--email", email, "--password-stdin"];
        args.extend(admin.then_some("--admin"));
        let ended = run_command(folder.path(), &args, password);
        is_error(&ended, 2, words);
        assert!(password.trim().is_empty() || !ended.stderr.contains(password.trim()) || name == password.trim());
    }
    // Passwords are no arguments, and without a terminal nobody is asked.
    let ended = run_command(folder.path(), &["user", "add", "bob", "--email", "bob@mail.example"], good);
    is_error(&ended, 2, "there is no terminal to ask for the password on. Use --password-stdin.");
    let ended = run_command(folder.path(), &["user", "add", "bob", "--email", "b@c.example", "--password", "x"], "");
    is_error(&ended, 2, "unknown option --password");
    let list = run_command(folder.path(), &["user", "list"], "");
    assert_eq!(list.stdout.lines().count(), 3, "{}", list.stdout);
}

#[test]
fn a_new_password_replaces_the_old_one_and_signs_everybody_out() {
    let appliance = Start::with_admin().run();
    let mut anna = Browser::user(&appliance, "anna");
    anna.open("/links");
    let (_, folder) = appliance.stop();
    let passwd = |name: &str, password: &str| {
        run_command(folder.path(), &["user", "passwd", name, "--password-stdin"], password)
    };
    is_error(&passwd("nobody", "whatever it may be\n"), 1, "there is no user \"nobody\". See: linkjar user list");
    is_error(&passwd("anna", "short\n"), 2, "Use at least 8 characters.");
    is_error(&passwd(ADMIN, "elevenchars\n"), 2, "Use at least 12 characters.");
    let ended = passwd("ANNA@mail.example", " spaces count \n");
    assert_eq!(is_done(&ended), "Changed the password of anna. All of their browsers are logged out.\n");
    let appliance = Start::with_admin().folder(folder).run();
    anna.address = appliance.address;
    anna.header("Host", &appliance.address.to_string());
    assert_eq!(anna.get("/links").status, 302);
    for wrong in [PASSWORD, "spaces count"] {
        let fields = [("username", "anna"), ("password", wrong)];
        assert_eq!(anna.submit("/accounts/login", "/accounts/login", &fields).status, 422, "{wrong}");
    }
    anna.log_in("anna", " spaces count ");
}

#[test]
fn a_reset_link_is_an_address_that_works_once() {
    let folder = with_people();
    is_error(&run_command(folder.path(), &["user", "reset-link", "nobody"], ""), 1, "there is no user \"nobody\".");
    let reset = |args: &[&str]| {
        let ended = run_command(folder.path(), &[&["user", "reset-link", "anna"], args].concat(), "");
        is_done(&ended).to_owned()
    };
    // Without the public address it is one for this machine, and that is said beside it.
    for (host, site) in [
        ("", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("192.0.2.7", "http://192.0.2.7:8000"),
    ] {
        let ended = run_with(folder.path(), &[("SERVER_HOST", host)], &["user", "reset-link", "anna"]);
        assert!(ended.stdout.starts_with(&format!("{site}/accounts/reset/")), "{host}: {}", ended.stdout);
        assert_eq!(ended.stdout.lines().count(), 1, "{host}");
        assert_eq!(ended.stderr, "To get the address that others can open, add --base-url URL.\n", "{host}");
    }
    let first = reset(&["--base-url", "https://short.example"]);
    assert!(first.starts_with("https://short.example/accounts/reset/"), "{first}");
    let second = reset(&["--base-url=https://short.example/"]);
    assert_eq!(second.lines().count(), 1);
    let path = |link: &str| link.trim().strip_prefix("https://short.example").unwrap().to_owned();
    assert_ne!(path(&first), path(&second));
    let appliance = Start::empty().folder(folder).run();
    let mut anna = Browser::of(&appliance);
    assert_eq!(anna.get(&path(&first)).status, 404, "only the newest counts");
    let page = anna.get(&path(&second));
    assert_eq!((page.status, page.header("location")), (303, Some("/accounts/reset")));
    let fields = [("password1", "a quite new sentence"), ("password2", "a quite new sentence")];
    assert_eq!(anna.submit("/accounts/reset", "/accounts/reset", &fields).status, 303);
    Browser::of(&appliance).log_in("anna", "a quite new sentence");
    assert_eq!(Browser::of(&appliance).get(&path(&second)).status, 404, "used up");
    assert!(!appliance.log().contains(second.trim().rsplit('/').next().unwrap()));
}

#[test]
fn settings_are_shown_and_changed() {
    let folder = with_people();
    let settings = |args: &[&str]| run_command(folder.path(), &[&["settings"], args].concat(), "");
    let ended = settings(&[]);
    let all = "site.name=Linkjar\nsite.home=\naccounts.registration=invite\naccounts.links-max=unlimited\n\
               links.per-minute=60\nclicks.addresses=shorten\nclicks.keep-days=90\nlinks.redirect=302\nlinks.blocked-hosts=\n\
               links.private=allow\n";
    assert_eq!(is_done(&ended), all);
    for (change, shown) in [
        ("site.name= Unser Kürzer ", "site.name=Unser Kürzer"),
        ("site.home=example.com/a", "site.home=https://example.com/a"),
        ("site.home=", "site.home="),
        ("accounts.registration=open", "accounts.registration=open"),
        ("accounts.links-max=5", "accounts.links-max=5"),
        ("links.per-minute=unlimited", "links.per-minute=unlimited"),
        ("links.redirect=301", "links.redirect=301"),
        ("clicks.addresses=never", "clicks.addresses=never"),
        ("clicks.keep-days=forever", "clicks.keep-days=forever"),
        ("clicks.keep-days=30", "clicks.keep-days=30"),
        ("links.blocked-hosts=Bad.Example., bücher.example,", "links.blocked-hosts=bad.example,xn--bcher-kva.example"),
        ("links.private=refuse", "links.private=refuse"),
    ] {
        let ended = settings(&[change]);
        assert_eq!(is_done(&ended).trim_end(), shown);
        let (key, value) = shown.split_once('=').unwrap();
        let ended = settings(&[key]);
        assert_eq!(is_done(&ended), format!("{value}\n"));
    }
    let before = settings(&[]).stdout;
    let long_name = format!("site.name={}", "x".repeat(61));
    for (change, words) in [
        ("site.nam", "unknown setting \"site.nam\". Did you mean site.name?"),
        ("nonsense=1", "unknown setting \"nonsense\". See: linkjar settings"),
        ("site.name=", "site.name cannot be \"\". Use 1 to 60 characters."),
        (long_name.as_str(), "Use 1 to 60 characters."),
        ("accounts.registration=OPEN", "Use open, invite or closed."),
        ("accounts.registration=", "Use open, invite or closed."),
        ("clicks.addresses=sometimes", "Use never, shorten or store."),
        ("clicks.keep-days=0", "Use a number of days from 1 to 3650, or forever."),
        ("links.private=yes", "Use allow or refuse."),
        ("links.blocked-hosts=http://bad.example", "is no host name."),
        ("links.blocked-hosts=good.example,a b", "a b is no host name."),
    ] {
        is_error(&settings(&[change]), 2, words);
    }
    assert_eq!(settings(&[]).stdout, before, "nothing was changed by half");
    let ended = settings(&["links.blocked-hosts="]);
    assert_eq!(is_done(&ended), "links.blocked-hosts=\n");
    let appliance = Start::empty().folder(folder).run();
    let mut visitor = Browser::of(&appliance);
    visitor.open("/").says("Unser Kürzer");
    visitor.open("/accounts/register").says("Repeat password");
}

#[test]
fn the_configuration_shows_where_each_value_comes_from() {
    let folder = TempDir::new().unwrap();
    let env = [
        ("SERVER_PORT", "81"),
        ("SERVER_HOST", ""),
        ("SERVER_LOG_LEVEL", "warn"),
        ("SERVER_TLS_CERT", "c.pem"),
        ("SERVER_TLS_KEY", "k.pem"),
        ("SERVER_ADMIN_USERNAME", "adm"),
        ("SERVER_ADMIN_EMAIL", "adm@mail.example"),
        ("SERVER_ADMIN_PASSWORD", "hunter2-hunter2"),
    ];
    let args = ["config", "--json", "--port", "82", "--log-format=json", "--trusted-proxies=10.0.0.1/8 loopback"];
    let ended = run_with(folder.path(), &env, &args);
    let list: Value = serde_json::from_str(is_done(&ended)).unwrap();
    let entry = |name: &str| {
        let found = list.as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap();
        (found["value"].as_str().map(str::to_owned), found["source"].as_str().unwrap().to_owned())
    };
    for (name, value, source) in [
        ("SERVER_PORT", Some("82"), "flag"),
        ("SERVER_LOG_FORMAT", Some("json"), "flag"),
        ("SERVER_LOG_LEVEL", Some("warn"), "environment"),
        ("SERVER_HOST", Some("127.0.0.1"), "default"),
        ("SERVER_DATA_DIR", Some("data"), "default"),
        ("SERVER_NUMTHREADS", Some("10"), "default"),
        ("SERVER_BASE_URL", None, "default"),
        ("SERVER_TRUSTED_PROXIES", Some("10.0.0.1/8 loopback"), "flag"),
        ("SERVER_TLS_CERT", Some("c.pem"), "environment"),
        ("SERVER_TLS_KEY", Some("k.pem"), "environment"),
        ("SERVER_HTTP_PORT", None, "default"),
        ("SERVER_ADMIN_USERNAME", Some("adm"), "environment"),
        ("SERVER_ADMIN_PASSWORD", Some("********"), "environment"),
    ] {
        // An option that is set nowhere has no value, and an empty variable is not set.
        assert_eq!(entry(name), (value.map(str::to_owned), source.to_owned()), "{name}");
    }
    let ended = run_with(folder.path(), &env, &args[..1]);
    let text = is_done(&ended);
    assert!(text.lines().any(|line| line.split_whitespace().eq(["SERVER_PORT", "81", "environment"])), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn flags_beat_variables_and_empty_variables_are_unset() {
    let folder = TempDir::new().unwrap();
    let other = folder.path().join("other");
    let appliance = Start::with_admin()
        .env("SERVER_PORT", "not a number")
        .env("SERVER_HOST", "")
        .env("SERVER_DATA_DIR", "/nonexistent/never")
        .env("SERVER_BASE_URL", "")
        .env("SERVER_LOG_LEVEL", "")
        .arg("--port=0")
        .arg("--data-dir")
        .arg(other.to_str().unwrap())
        .run();
    assert!(appliance.address.ip().is_loopback());
    assert!(other.join("linkjar.redb").exists());
    assert!(!appliance.data().exists());
    Browser::admin(&appliance).open("/links");
}

#[test]
fn stdout_carries_the_address_alone() {
    for start in [Start::empty(), Start::with_admin(), Start::with_admin().arg("--base-url=https://short.example")] {
        // The harness takes the address from there.
        let appliance = start.run();
        assert_ne!(appliance.address.port(), 0);
        assert_eq!(Browser::of(&appliance).get("/health").status, 200);
    }
    let folder = TempDir::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_linkjar"))
        .env_clear()
        .current_dir(folder.path())
        .args(["serve", "--port", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let stdout = format!("{}{}", first[0] as char, String::from_utf8(output.stdout).unwrap());
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    assert!(stdout.starts_with("http://127.0.0.1:") && stdout.ends_with("/\n"), "{stdout}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    for words in ["data/linkjar.redb (new)", "10 threads", "No administrator yet.", "setup#", "Stop with Ctrl-C."] {
        assert!(stderr.contains(words), "{words:?} is not in {stderr}");
    }
}

#[test]
fn a_folder_that_is_none_and_a_link_to_nowhere_are_told_apart() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("t"), "not a folder").unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    std::os::unix::fs::symlink("/nowhere/linkjar.redb", folder.path().join("d/linkjar.redb")).unwrap();
    let add = ["user", "add", "anna", "--email", "a@b.example", "--password-stdin"];
    for command in [["user", "list"].as_slice(), &["settings"], &["serve", "--port=0", "--log-level=off"], &add] {
        let with = |data: &str| run_command(folder.path(), &[command, &["--data-dir", data]].concat(), "x\n");
        is_error(&with("t"), 2, "t is a file, not a folder. Name a folder with --data-dir.");
        is_error(
            &with("d"),
            2,
            "d/linkjar.redb is a link to /nowhere/linkjar.redb, which does not exist. Put the data",
        );
    }
    assert_eq!(fs::read(folder.path().join("t")).unwrap(), b"not a folder");
}

#[test]
fn a_data_file_of_somebody_else_is_told_from_none() {
    let folder = with_people();
    let executable = folder.path().join("linkjar");
    fs::copy(env!("CARGO_BIN_EXE_linkjar"), &executable).unwrap();
    open_to_all(folder.path());
    // Only root can become somebody else to try it; setpriv is part of util-linux.
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--clear-groups", "--"])
        .arg(&executable)
        .args(["user", "list"])
        .current_dir(folder.path())
        .output();
    let Ok(output) = output else { return };
    let stderr = String::from_utf8(output.stderr).unwrap();
    if stderr.starts_with("setpriv") {
        return;
    }
    let words = "data/linkjar.redb cannot be read by user id 65534. Run this as the user who owns it.";
    assert_eq!((output.status.code(), stderr), (Some(2), format!("error: {words}\n")));
}

/// Lets everybody into a folder, but not into those below it.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_keeps_the_server_from_starting_is_told_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = Start::empty().arg("--port").arg(&port).arg("--log-level=off").fail();
    is_error(
        &ended,
        2,
        &format!("cannot listen on 127.0.0.1:{port}: another program does. Stop it, or choose another port"),
    );
    let ended = Start::empty().arg("--host").arg("203.0.113.1").arg("--log-level=off").fail();
    is_error(&ended, 2, "this machine has no such address. Choose another with --host.");
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "not a folder").unwrap();
    let below = folder.path().join("file/data");
    let ended = Start::empty().arg("--data-dir").arg(below.to_str().unwrap()).fail();
    is_error(&ended, 2, "linkjar.redb cannot be opened: ");
    assert!(ended.stderr.contains("choose another with --data-dir."), "{}", ended.stderr);
    let add =
        ["user", "add", "anna", "--email", "a@b.example", "--password-stdin", "--data-dir", below.to_str().unwrap()];
    is_error(&run_command(folder.path(), &add, "a sentence that will do\n"), 2, "cannot be opened: ");
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"not a folder");
    // Who reads the log as JSON could not read the line otherwise.
    let ended = Start::empty().arg("--log-format=json").arg("--port").arg(&port).fail();
    let line: Value = serde_json::from_str(ended.stderr.lines().last().unwrap()).unwrap();
    assert_eq!((ended.code(), &line["level"], &line["target"]), (2, &"error".into(), &"core".into()));
    assert!(line["msg"].as_str().unwrap().starts_with("cannot listen on 127.0.0.1:"), "{line}");
    is_error(&Start::empty().arg("--log-format=json").arg("--log-level=off").arg("--port").arg(&port).fail(), 2, &port);
}

#[test]
fn half_an_administrator_is_a_mistake_and_nothing_is_made() {
    let all = [
        ("SERVER_ADMIN_USERNAME", "adm"),
        ("SERVER_ADMIN_EMAIL", "adm@mail.example"),
        ("SERVER_ADMIN_PASSWORD", "a sentence that will do"),
    ];
    for missing in 0..3 {
        let folder = TempDir::new().unwrap();
        let mut env = all.to_vec();
        let (name, _) = env.remove(missing);
        env.push(("SERVER_PORT", "0"));
        is_error(&run_with(folder.path(), &env, &[]), 2, &format!("{name} is missing. Set it beside the other"));
        env.push((name, ""));
        is_error(&run_with(folder.path(), &env, &[]), 2, &format!("{name} is missing."));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{name}");
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("secret"), "a sentence that will do\n").unwrap();
    let both = [&all[..], &[("SERVER_ADMIN_PASSWORD_FILE", "secret")]].concat();
    is_error(&run_with(folder.path(), &both, &[]), 2, "are both set. Set only one of them.");
    let absent = [&all[..2], &[("SERVER_ADMIN_PASSWORD_FILE", "absent")]].concat();
    is_error(&run_with(folder.path(), &absent, &[]), 2, "SERVER_ADMIN_PASSWORD_FILE \"absent\" cannot be opened");
}

#[test]
fn an_administrator_that_will_not_do_stops_the_start_and_is_not_made() {
    for (name, value, words) in [
        (
            "SERVER_ADMIN_PASSWORD",
            "short",
            "the password for root-user is not good enough. Use at least 12 characters.",
        ),
        ("SERVER_ADMIN_PASSWORD", "elevenchars", "Use at least 12 characters."),
        ("SERVER_ADMIN_PASSWORD", "Root-User123", "is not good enough."),
        ("SERVER_ADMIN_USERNAME", "admin", "the name \"admin\" will not do. This name is not available."),
        ("SERVER_ADMIN_EMAIL", "nobody", "the address \"nobody\" will not do."),
    ] {
        let start = Start::with_admin().env("SERVER_LOG_LEVEL", "off").env(name, value);
        let ended = start.fail();
        is_error(&ended, 2, words);
        assert!(ended.stderr.starts_with(&format!("error: {name}: ")), "{}", ended.stderr);
        assert!(name != "SERVER_ADMIN_PASSWORD" || !ended.stderr.contains(&format!("\"{value}\"")), "{}", ended.stderr);
        let list = run_command(start.data().parent().unwrap(), &["user", "list"], "");
        assert!(list.code() == 1 || list.stdout.starts_with("No users yet."), "{}{}", list.stdout, list.stderr);
        // Put right, it starts as if nothing had happened.
        let appliance = start.env(
            name,
            match name {
                "SERVER_ADMIN_PASSWORD" => PASSWORD,
                "SERVER_ADMIN_USERNAME" => ADMIN,
                _ => ADMIN_EMAIL,
            },
        );
        Browser::admin(&appliance.run()).open("/links");
    }
}

#[test]
fn an_administrator_from_a_file_is_made_once() {
    let start = Start::with_admin().env("SERVER_ADMIN_PASSWORD", "").env("SERVER_ADMIN_PASSWORD_FILE", "secret");
    fs::write(start.data().parent().unwrap().join("secret"), format!("{PASSWORD}\n")).unwrap();
    let appliance = start.run();
    Browser::admin(&appliance);
    assert!(appliance.log().contains("user created user=root-user"), "{}", appliance.log());
    let (_, folder) = appliance.stop();
    let again = Start::with_admin().env("SERVER_ADMIN_PASSWORD", "quite another sentence").folder(folder).run();
    assert!(again.log().contains("there is an administrator; SERVER_ADMIN_* is ignored"), "{}", again.log());
    Browser::admin(&again);
}

#[test]
fn health_asks_a_server_and_tells_by_its_exit_code() {
    let appliance = Start::with_admin().run();
    let folder = TempDir::new().unwrap();
    let url = format!("http://{}", appliance.address);
    let port = appliance.address.port().to_string();
    let healthy = "{\"status\":\"healthy\",\"database\":\"connected\"}\n";
    for args in [
        ["health", &url].as_slice(),
        &["health", &format!("{url}/")],
        &["health", &format!("{url}/health")],
        &["health", "--port", &port],
        &["health", "--host=127.0.0.1", "--port", &port],
    ] {
        let ended = run_command(folder.path(), args, "");
        assert_eq!(is_done(&ended), healthy, "{args:?}");
    }
    // As in a container, where the environment says where the server is.
    for host in ["127.0.0.1", "0.0.0.0", ""] {
        let ended = run_with(folder.path(), &[("SERVER_PORT", &port), ("SERVER_HOST", host)], &["health"]);
        assert_eq!(is_done(&ended), healthy, "{host}");
    }
    appliance.stop();
    is_error(&run_command(folder.path(), &["health", &url], ""), 1, "Is it running?");
    // Something else that answers is not healthy.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", other.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
            request.extend(byte);
        }
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy").unwrap();
    });
    is_error(&run_command(folder.path(), &["health", &url], ""), 1, "is not well: 503 busy. Look into its log.");
    answering.join().unwrap();
}

#[test]
fn health_says_one_line_of_somebody_elses_answer() {
    let folder = TempDir::new().unwrap();
    for (answer, words) in [
        ("HTTP/1.0 404 Not Found\r\n\r\n<html>\n<p>many\n<p>lines", "answered 404 and is not Linkjar. "),
        ("HTTP/1.1 200 OK\r\n\r\n<!doctype html>\n<p>a router", "answered 200 and is not Linkjar. "),
        ("HTTP/1.1 503 Busy\r\n\r\nfirst\u{1b}[2J\nsecond", "is not well: 503 first\\u{1b}[2J. Look"),
        ("220 mail ESMTP\r\n", "answered no HTTP and is not Linkjar. "),
        ("", "answered no HTTP and is not Linkjar. "),
    ] {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", other.local_addr().unwrap());
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = other.accept().unwrap();
            let mut request = [0; 1_024];
            std::io::Read::read(&mut stream, &mut request).unwrap();
            std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
        });
        is_error(&run_command(folder.path(), &["health", &url], ""), 1, words);
        answering.join().unwrap();
    }
}

#[test]
fn version_and_help_answer_however_they_are_asked() {
    let folder = TempDir::new().unwrap();
    let run = |args: &[&str]| run_command(folder.path(), args, "");
    let version = format!("linkjar {}\n", env!("CARGO_PKG_VERSION"));
    for args in [["version"].as_slice(), &["-V"], &["--version"], &["serve", "--version"]] {
        assert_eq!(is_done(&run(args)), version, "{args:?}");
    }
    let json: Value = serde_json::from_str(is_done(&run(&["version", "--json"]))).unwrap();
    assert_eq!((&json["name"], &json["version"]), (&"linkjar".into(), &env!("CARGO_PKG_VERSION").into()));
    let all = run(&["help"]);
    for args in [["-h"].as_slice(), &["--help"], &["help"]] {
        assert_eq!(is_done(&run(args)), all.stdout, "{args:?}");
    }
    for command in [
        "serve",
        "user",
        "user add",
        "user list",
        "user passwd",
        "user reset-link",
        "backup",
        "export",
        "check",
        "restore",
        "migrate",
        "settings",
        "config",
        "health",
        "version",
        "help",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let asked = run(&[&["help"], words.as_slice()].concat());
        let text = is_done(&asked);
        assert_eq!(is_done(&run(&[words.as_slice(), &["--help"]].concat())), text, "{command}");
        assert!(text.lines().count() <= 24, "{command}: {} lines", text.lines().count());
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{command}: {text}");
        assert!(text.contains("linkjar"), "{command}: an example is missing");
        assert!(command != "settings" || text.contains("clicks.addresses       of visitors: never,"), "{text}");
        // The list has groups in one line; what is in them stands in their own help.
        let list = if command.starts_with("user ") { run(&["help", "user"]) } else { run(&["help"]) };
        assert!(list.stdout.contains(&format!("  {command} ")), "{command} is not in the list");
    }
    let serve = run(&["help", "serve"]).stdout;
    for words in ["--port PORT", "SERVER_PORT", "[8000]", "--data-dir", "SERVER_ADMIN_PASSWORD_FILE"] {
        assert!(serve.contains(words), "{words:?} is not in {serve}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_linkjar"))
        .env_clear()
        .current_dir(folder.path())
        .arg("help")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stderr, b"", "no panic");
}

#[test]
fn variables_that_look_mistyped_are_warned_of() {
    let appliance = Start::with_admin().env("SERVER_PROT", "80").env("SERVER_SOMETHING_ELSE", "x").run();
    let log = appliance.log();
    assert!(log.contains("WARN  unknown variable SERVER_PROT. Did you mean SERVER_PORT?"), "{log}");
    assert!(!log.contains("SOMETHING_ELSE"), "{log}");
}

#[test]
fn half_a_tls_pair_is_warned_of_on_this_machine() {
    let appliance = Start::with_admin().env("SERVER_TLS_CERT", "c.pem").run();
    assert_eq!(Browser::of(&appliance).get("/health").status, 200);
    let log = appliance.log();
    assert!(log.contains("WARN  TLS not enabled: both --tls-cert and --tls-key are required\n"), "{log}");
}
