//! The command line as people type it, and the help they get.

use super::form::PROGRAM;
use super::*;

const TOPICS: [Topic; 23] = [
    Topic::Program,
    Topic::Serve,
    Topic::User,
    Topic::UserAdd,
    Topic::UserList,
    Topic::UserPasswd,
    Topic::UserResetLink,
    Topic::UserRole,
    Topic::UserDisable,
    Topic::UserEnable,
    Topic::UserRemove,
    Topic::UserRelease,
    Topic::UserInvite,
    Topic::Backup,
    Topic::Check,
    Topic::Restore,
    Topic::Settings,
    Topic::Config,
    Topic::Health,
    Topic::Tls,
    Topic::TlsSelfSigned,
    Topic::Version,
    Topic::Help,
];

fn typed(line: &str) -> Result<Command, Usage> {
    parse(line.split_whitespace().map(OsString::from).collect())
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn in_folder(folder: &str) -> Options {
    Options { data_dir: some(folder), ..Options::default() }
}

/// Each line becomes the command beside it.
fn check<const ROWS: usize>(rows: [(&str, Command); ROWS]) {
    for (line, expected) in rows {
        assert_eq!(typed(line), Ok(expected), "{line}");
    }
}

#[test]
fn commands_about_users_are_read_as_typed() {
    let none = Options::default;
    let add = |options, admin, password_stdin| Command::UserAdd {
        options,
        name: "anna".to_owned(),
        email: "a@b.c".to_owned(),
        admin,
        password_stdin,
    };
    let list = |options, json| Command::UserList { options, json };
    let passwd =
        |password_stdin| Command::UserPasswd { options: Options::default(), name: "anna".to_owned(), password_stdin };
    check([
        ("user add anna --email a@b.c", add(none(), false, false)),
        ("user add --email=a@b.c anna --admin", add(none(), true, false)),
        ("user add --password-stdin --email a@b.c --data-dir d anna", add(in_folder("d"), false, true)),
        ("user list", list(none(), false)),
        ("user list --json --data-dir=d", list(in_folder("d"), true)),
        ("user passwd anna", passwd(false)),
        ("user passwd --password-stdin anna", passwd(true)),
    ]);
}

#[test]
fn commands_that_change_accounts_are_read_as_typed() {
    let anna = || "anna".to_owned();
    let none = Options::default;
    let role = |role: &str| Command::UserRole { options: none(), name: anna(), role: role.to_owned() };
    let remove = |options, links: Option<&str>, yes| Command::UserRemove {
        options,
        name: anna(),
        links: links.map(str::to_owned),
        yes,
    };
    check([
        ("user role anna admin", role("admin")),
        ("user role anna nonsense", role("nonsense")),
        ("user disable anna", Command::UserDisable { options: none(), name: anna() }),
        ("user enable anna --data-dir d", Command::UserEnable { options: in_folder("d"), name: anna() }),
        ("user remove anna", remove(none(), None, false)),
        ("user remove anna --links keep --yes", remove(none(), Some("keep"), true)),
        ("user remove --yes --links=to=bert anna --data-dir d", remove(in_folder("d"), Some("to=bert"), true)),
        ("user release anna", Command::UserRelease { options: none(), name: anna() }),
        ("user invite", Command::UserInvite { options: none() }),
    ]);
}

#[test]
fn the_other_commands_are_read_as_typed() {
    let none = Options::default;
    let show = || Command::Settings { options: none(), change: None };
    let settings = |key: &str, value: Option<&str>| Command::Settings {
        options: Options::default(),
        change: Some((key.to_owned(), value.map(str::to_owned))),
    };
    let config = |options, json| Command::Config { options, json };
    let health = |url: Option<&str>| Command::Health { options: none(), url: url.map(str::to_owned) };
    let tls = |options, names: &[&str]| Command::TlsSelfSigned {
        options,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let version = |json| Command::Version { json };
    let backup = |to: Option<&str>| Command::Backup { options: none(), to: to.map(str::to_owned) };
    let look = |options, json| Command::Check { options, json };
    let restore = |verify| Command::Restore { options: none(), file: "a.redb".to_owned(), verify };
    check([
        ("backup", backup(None)),
        ("backup --to b.redb", backup(Some("b.redb"))),
        ("check --data-dir d", look(in_folder("d"), false)),
        ("check --json", look(none(), true)),
        ("export --compact c.redb", Command::Export { options: none(), compact: "c.redb".to_owned() }),
        ("migrate", Command::Migrate { options: none(), dry_run: false }),
        ("migrate --dry-run", Command::Migrate { options: none(), dry_run: true }),
        ("restore a.redb", restore(false)),
        ("restore --verify a.redb", restore(true)),
        ("", Command::Serve(none())),
        ("serve", Command::Serve(none())),
        ("--data-dir d", Command::Serve(in_folder("d"))),
        ("settings", show()),
        ("settings a.b", settings("a.b", None)),
        ("settings a.b=", settings("a.b", Some(""))),
        ("settings a.b=c=d", settings("a.b", Some("c=d"))),
        ("settings a=--json", settings("a", Some("--json"))),
        ("config", config(none(), false)),
        ("config --json --data-dir d", config(in_folder("d"), true)),
        ("health", health(None)),
        ("health http://a/", health(Some("http://a/"))),
        ("tls self-signed", tls(none(), &[])),
        ("tls self-signed nas.lan --data-dir=d ::1", tls(in_folder("d"), &["nas.lan", "::1"])),
        ("version", version(false)),
        ("version --json", version(true)),
        ("--version --json", version(true)),
        ("-V", version(false)),
        ("serve -V", version(false)),
    ]);
}

#[test]
fn every_flag_of_serve_is_read_in_both_forms() {
    let all = Options {
        host: some("::1"),
        port: some("0"),
        numthreads: some("4"),
        data_dir: some("d"),
        base_url: some("https://a.example"),
        allowed_hosts: some("a,b"),
        trusted_proxies: some("10.0.0.0/8,loopback"),
        tls_cert: some("a.pem"),
        tls_key: some("b.pem"),
        http_port: some("80"),
        click_durability: some("strict"),
        click_window: some("50"),
        page_cache: some("16"),
        backup_keep: some("3"),
        log_level: some("info,links=debug"),
        log_format: some("json"),
        new: true,
    };
    let spaced = "--host ::1 --port 0 --numthreads 4 --data-dir d --base-url https://a.example \
                  --allowed-hosts a,b --trusted-proxies 10.0.0.0/8,loopback --tls-cert a.pem --tls-key b.pem \
                  --http-port 80 --click-durability strict --click-window 50 --page-cache 16 --backup-keep 3 --log-level info,links=debug --log-format json --new";
    let joined = "--host=::1 --port=0 --numthreads=4 --data-dir=d --base-url=https://a.example \
                  --allowed-hosts=a,b --trusted-proxies=10.0.0.0/8,loopback --tls-cert=a.pem --tls-key=b.pem \
                  --http-port=80 --click-durability=strict --click-window=50 --page-cache=16 --backup-keep=3 --log-level=info,links=debug --log-format=json --new";
    for line in [spaced, joined] {
        assert_eq!(typed(line), Ok(Command::Serve(all.clone())));
        assert_eq!(typed(&format!("serve {line}")), Ok(Command::Serve(all.clone())));
        let config = Command::Config { options: Options { new: false, ..all.clone() }, json: false };
        assert_eq!(typed(&format!("config {}", line.trim_end_matches(" --new"))), Ok(config));
    }
    for row in SERVE.rows().filter(|row| row.flag.is_some() && row.variable.is_some()) {
        assert!((row.typed)(&all).is_some(), "{row:?} has no field");
    }
}

#[test]
fn help_is_about_the_command_it_stands_with() {
    for (line, topic) in [
        ("-h", Topic::Program),
        ("--help", Topic::Program),
        ("--port 1 --help", Topic::Program),
        ("help", Topic::Program),
        ("help serve", Topic::Serve),
        ("help user", Topic::User),
        ("user --help", Topic::User),
        ("help user add", Topic::UserAdd),
        ("user add --help", Topic::UserAdd),
        ("user add --nonsense -h", Topic::UserAdd),
        ("help user list", Topic::UserList),
        ("help user passwd", Topic::UserPasswd),
        ("settings -h", Topic::Settings),
        ("help config", Topic::Config),
        ("help health", Topic::Health),
        ("help tls", Topic::Tls),
        ("help tls self-signed", Topic::TlsSelfSigned),
        ("help version", Topic::Version),
        ("help help", Topic::Help),
        ("help --help", Topic::Help),
    ] {
        assert_eq!(typed(line), Ok(Command::Help(topic)), "{line}");
    }
}

/// What is typed, and the whole answer.
const WRONG: &[(&str, &str)] = &[
    ("--prot 80", "unknown option --prot. Did you mean --port? See: linkjar help serve"),
    ("serve --prot=80", "unknown option --prot. Did you mean --port? See: linkjar help serve"),
    ("--hlep", "unknown option --hlep. Did you mean --help? See: linkjar help serve"),
    ("-x", "unknown option -x. See: linkjar help serve"),
    ("--tls a", "unknown option --tls. See: linkjar help serve"),
    ("--tls-crt a", "unknown option --tls-crt. Did you mean --tls-cert? See: linkjar help serve"),
    ("--tls-cert --tls-key k", "--tls-cert has no value. Write --tls-cert FILE. See: linkjar help serve"),
    ("srve", "unknown command srve. Did you mean serve? See: linkjar help"),
    ("useradd x", "unknown command useradd. Did you mean user add? See: linkjar help"),
    ("user lst", "unknown command user lst. Did you mean user list? See: linkjar help"),
    ("usr", "unknown command usr. Did you mean user? See: linkjar help"),
    ("bakcup", "unknown command bakcup. Did you mean backup? See: linkjar help"),
    ("help srve", "unknown command srve. Did you mean serve? See: linkjar help"),
    ("srve --help", "unknown command srve. Did you mean serve? See: linkjar help"),
    (
        "user",
        "user needs a command. Add one: add, list, passwd, reset-link, role, disable, enable, remove, release or invite. See: linkjar help user",
    ),
    (
        "user --json",
        "user needs a command. Add one: add, list, passwd, reset-link, role, disable, enable, remove, release or invite. See: linkjar help user",
    ),
    ("tls", "tls needs a command. Add self-signed. See: linkjar help tls"),
    ("tls selfsigned", "unknown command tls selfsigned. Did you mean tls self-signed? See: linkjar help"),
    ("tls self-signed --force", "unknown option --force. See: linkjar help tls self-signed"),
    ("--port", "--port has no value. Write --port PORT. See: linkjar help serve"),
    ("--port=", "--port has no value. Write --port PORT. See: linkjar help serve"),
    ("--port --host a", "--port has no value. Write --port PORT. See: linkjar help serve"),
    ("--port 1 --port 2", "--port is given twice. Give it once. See: linkjar help serve"),
    ("--port=1 --port=2", "--port is given twice. Give it once. See: linkjar help serve"),
    ("user list --json --json", "--json is given twice. Give it once. See: linkjar help user list"),
    ("user list --json=1", "--json takes no value. Write --json alone. See: linkjar help user list"),
    ("user list --port 1", "user list does not take --port. Leave it out. See: linkjar help user list"),
    ("settings --host a", "settings does not take --host. Leave it out. See: linkjar help settings"),
    ("health --http-port 1", "health does not take --http-port. Leave it out. See: linkjar help health"),
    ("health --data-dir a", "health does not take --data-dir. Leave it out. See: linkjar help health"),
    ("version 1", "stray argument 1. Leave it out. See: linkjar help version"),
    ("serve now", "stray argument now. Leave it out. See: linkjar help serve"),
    ("settings a b", "stray argument b. Leave it out. See: linkjar help settings"),
    ("settings a = b", "stray argument =. Leave it out. See: linkjar help settings"),
    (
        "--port 1 config",
        "stray argument config. A command comes before its options: linkjar config … See: linkjar help serve",
    ),
    ("user add --email a", "user add needs a name. Add NAME. See: linkjar help user add"),
    ("user add a", "user add needs an address. Add --email ADDRESS. See: linkjar help user add"),
    ("user add a b --email c", "stray argument b. Leave it out. See: linkjar help user add"),
    ("user add a --email --admin", "--email has no value. Write --email ADDRESS. See: linkjar help user add"),
    ("user role", "user role needs a name and a role. Add NAME and admin or user. See: linkjar help user role"),
    ("user role a", "user role needs a name and a role. Add NAME and admin or user. See: linkjar help user role"),
    ("user role a b c", "stray argument c. Leave it out. See: linkjar help user role"),
    ("user remove", "user remove needs a name. Add NAME. See: linkjar help user remove"),
    ("user remove a --links", "--links has no value. Write --links WHAT. See: linkjar help user remove"),
    ("user disable a --yes", "user disable does not take --yes. Leave it out. See: linkjar help user disable"),
    ("user passwd", "user passwd needs a name. Add NAME. See: linkjar help user passwd"),
    ("user passwd a --admin", "user passwd does not take --admin. Leave it out. See: linkjar help user passwd"),
    ("help user add now", "stray argument now. Leave it out. See: linkjar help help"),
];

#[test]
fn a_wrong_command_line_gets_one_line_with_a_way_on() {
    for (line, message) in WRONG {
        let said = typed(line).map_err(|usage| usage.to_string());
        assert_eq!(said, Err((*message).to_owned()), "{line}");
    }
}

#[test]
fn a_message_stays_one_line_whatever_was_typed() {
    for word in ["--a\nb", "a\r\nb", "\u{1b}[31m"] {
        let usage = parse(vec![OsString::from(word)]).unwrap_err().to_string();
        assert!(!usage.contains(char::is_control), "{usage:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf8_is_named_by_its_place() {
    use std::os::unix::ffi::OsStringExt;
    let args = vec![OsString::from("settings"), OsString::from_vec(vec![b'a', 0xff])];
    let usage = parse(args).unwrap_err().to_string();
    assert!(usage.starts_with("argument 2 is not UTF-8 text: a\u{fffd}."), "{usage}");
}

#[test]
fn help_fits_a_terminal_and_names_every_option() {
    for topic in TOPICS {
        let text = help(&topic);
        assert!(text.ends_with('\n') && text.lines().count() <= 24, "{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let forms = COMMANDS.iter().chain(GROUPS).copied().chain([&PROGRAM]);
        for row in forms.filter(|form| form.topic == topic).flat_map(Form::rows) {
            for name in [row.flag, row.variable, row.default].into_iter().flatten() {
                assert!(text.contains(name), "{topic:?} says nothing of {name}");
            }
        }
    }
    for command in COMMANDS {
        let group = GROUPS.iter().find(|group| command.words.starts_with(&format!("{} ", group.words)));
        let (program, line) = (help(&Topic::Program), |words: &str| format!("\n  {words} "));
        assert!(program.contains(&line(group.map_or(command.words, |group| group.words))), "{}", command.words);
        let listed = help(&group.map_or(Topic::Program, |group| group.topic));
        assert!(listed.contains(&line(command.words)), "{}", command.words);
    }
}

#[test]
fn every_topic_has_its_own_help() {
    let texts: std::collections::BTreeSet<String> = TOPICS.iter().map(help).collect();
    assert_eq!(texts.len(), TOPICS.len());
}

#[test]
fn every_example_of_the_help_works() {
    for form in COMMANDS.iter().chain(GROUPS) {
        for example in form.examples {
            let line = example.strip_prefix("linkjar").unwrap();
            let line = line.split('<').next().unwrap();
            assert!(typed(line).is_ok(), "{example}");
        }
    }
}
