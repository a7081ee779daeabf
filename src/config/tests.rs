//! What flags and variables come to mean, and what is refused.

use std::fs;

use log::LevelFilter;

use super::*;
use crate::limits::CLICK_FLUSH;
use crate::options::{ADMIN_PASSWORD, ALLOWED_HOSTS, HOST, HTTP_PORT, TLS_CERT, TLS_KEY, TRUSTED_PROXIES};

/// The configuration of these variables, and no flags.
fn of(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    with(&Options::default(), variables)
}

fn with(options: &Options, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    resolve(options, &environment(variables))
}

fn environment(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let variables: Vec<(String, String)> = variables.iter().map(owned).collect();
    move |name| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

fn flag(row: &OptionRow, value: &str) -> Options {
    let mut options = Options::default();
    let text = Some(value.to_owned());
    match row.flag.unwrap() {
        "--host" => options.host = text,
        "--port" => options.port = text,
        "--numthreads" => options.numthreads = text,
        "--data-dir" => options.data_dir = text,
        "--base-url" => options.base_url = text,
        "--allowed-hosts" => options.allowed_hosts = text,
        "--trusted-proxies" => options.trusted_proxies = text,
        "--tls-cert" => options.tls_cert = text,
        "--tls-key" => options.tls_key = text,
        "--http-port" => options.http_port = text,
        "--click-durability" => options.click_durability = text,
        "--click-window" => options.click_window = text,
        "--page-cache" => options.page_cache = text,
        "--backup-keep" => options.backup_keep = text,
        "--log-level" => options.log_level = text,
        "--log-format" => options.log_format = text,
        other => panic!("{other} has no row here"),
    }
    options
}

#[test]
fn without_flags_and_variables_the_defaults_count() {
    let config = of(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(config.threads, 10);
    assert_eq!(config.data_dir, PathBuf::from("data"));
    assert_eq!(config.base_url, None);
    assert!(config.allowed_hosts.is_empty());
    assert_eq!(config.trusted_proxies, TrustedProxies::default());
    assert_eq!((config.tls, config.http_port), (None, None));
    assert_eq!((config.backup_keep, config.page_cache_bytes), (7, None));
    assert_eq!(config.log, LogFilter { default: LevelFilter::Info, targets: Vec::new() });
    assert_eq!(config.log_format, LogFormat::Text);
    assert_eq!((config.click_durability, config.click_window), (Durability::Relaxed, CLICK_FLUSH));
    assert_eq!(config.registration, None);
    assert!(config.admin.is_none());
    assert!(config.warnings.is_empty());
}

#[test]
fn a_flag_beats_a_variable_which_beats_the_default() {
    for row in FROM_ENVIRONMENT.iter().filter(|row| row.flag.is_some()) {
        let name = row.variable.unwrap();
        let found = |options: &Options, variables: &[(&str, &str)]| {
            let env = environment(variables);
            let found = Given { options, env: &env }.find(row);
            found.map(|value| (value.name, value.text, value.source))
        };
        let default = row.default.map(|text| (name, text.to_owned(), Source::Default));
        let from_variable = Some((name, "v".to_owned(), Source::Environment));
        let from_flag = Some((row.flag.unwrap(), "f".to_owned(), Source::Flag));
        let none = Options::default();
        assert_eq!(found(&none, &[]), default, "{name}");
        assert_eq!(found(&none, &[(name, "")]), default, "{name} is empty");
        assert_eq!(found(&none, &[(name, "v")]), from_variable, "{name}");
        assert_eq!(found(&flag(row, "f"), &[(name, "v")]), from_flag, "{name}");
        assert_eq!(found(&flag(row, "f"), &[]), from_flag, "{name}");
    }
}

#[test]
fn a_good_flag_hides_a_bad_variable() {
    let config = with(&flag(&HOST, "::1"), &[("SERVER_HOST", "a b")]).unwrap();
    assert_eq!(config.listen.to_string(), "[::1]:8000");
}

#[test]
fn listen_takes_addresses_and_names() {
    for (host, port, expected) in [
        ("0.0.0.0", "80", "0.0.0.0:80"),
        ("::", "0", "[::]:0"),
        ("[::1]", "65535", "[::1]:65535"),
        ("localhost", "8000", "127.0.0.1:8000"),
    ] {
        let config = of(&[("SERVER_HOST", host), ("SERVER_PORT", port)]).unwrap();
        assert_eq!(config.listen.to_string(), expected);
    }
}

/// Variables, and values that are refused.
const REFUSED: &[(&str, &[&str])] = &[
    ("SERVER_HOST", &["a b", "[127.0.0.1]", "[::1", "127.0.0.1:80", "http://a", "\u{1b}", "1.2.3.4/8"]),
    ("SERVER_PORT", &["65536", "-1", "+80", "http", "8000 ", "0x50", "８０"]),
    ("SERVER_HTTP_PORT", &["65536", "-1", "+80", "http", "80 "]),
    ("SERVER_TRUSTED_PROXIES", &["proxy", "Private", "10.0.0.0/33", "10/8", "10.0.0.1:80", "[::1]", "\u{1b}"]),
    ("SERVER_NUMTHREADS", &["0", "257", "-1", "many", "1.5", "99999999999999999999999"]),
    ("SERVER_CLICK_DURABILITY", &["Strict", "none", "relaxed,strict"]),
    ("SERVER_PAGE_CACHE", &["0", "2048", "16M", "-1", "1.5"]),
    ("SERVER_CLICK_WINDOW", &["0", "9", "60001", "1s", "-5", "1.5"]),
    ("SERVER_LOG_LEVEL", &["loud", "info,debug", "links", "web=debug", "links=loud", "links=info,links=warn", ","]),
    ("SERVER_LOG_FORMAT", &["xml", "JSON"]),
    ("SERVER_REGISTRATION", &["yes", "Open"]),
    ("SERVER_ALLOWED_HOSTS", &["*.example", "a/b", "a:80", "http://a", "a b", "[::1", "a..b", "%61", "a@b"]),
    (
        "SERVER_BASE_URL",
        &[
            "short.example",
            "ftp://a",
            "https://",
            "https:///a",
            "https:a",
            "https://a/b",
            "https://a//",
            "https://a?b",
            "https://a/?",
            "https://a#b",
            "https://a:x",
            "https://a:",
            "https://a:0",
            "https://a:99999",
            "https://a b",
            "https://a\nb",
            " https://a",
            "https://a\\b",
            "https://%61",
            "https://*.a",
        ],
    ),
];

#[test]
fn what_cannot_be_used_is_named_with_its_value() {
    for (name, values) in REFUSED {
        for value in *values {
            let error = of(&[(name, value)]).map(drop).unwrap_err().to_string();
            let start = format!("{name} \"{}\" is not accepted. Use ", shown(value));
            let part_of_a_list = *name == "SERVER_ALLOWED_HOSTS";
            assert!(error.starts_with(&start) || part_of_a_list, "{error}");
            assert!(!error.contains(char::is_control), "{error:?}");
        }
    }
}

#[test]
fn an_error_names_the_flag_when_the_flag_is_wrong() {
    for row in FROM_ENVIRONMENT.iter().filter(|row| row.flag.is_some()) {
        if [DATA_DIR.flag, TLS_CERT.flag, TLS_KEY.flag].contains(&row.flag) {
            continue; // any text may be the name of a folder or a file
        }
        let error = with(&flag(row, "?\t"), &[]).map(drop).unwrap_err().to_string();
        let is_list = [ALLOWED_HOSTS.flag, TRUSTED_PROXIES.flag].contains(&row.flag);
        let shows_value = error.contains(if is_list { "\"?\"" } else { "\"?\\t\"" });
        assert!(error.starts_with(row.flag.unwrap()) && shows_value, "{error}");
    }
}

#[test]
fn log_levels_are_for_all_or_for_a_part() {
    let level = |text: &str| of(&[("SERVER_LOG_LEVEL", text)]).unwrap().log;
    for (text, default) in [
        ("off", LevelFilter::Off),
        ("error", LevelFilter::Error),
        ("warn", LevelFilter::Warn),
        ("info", LevelFilter::Info),
        ("DEBUG", LevelFilter::Debug),
        ("trace", LevelFilter::Trace),
    ] {
        assert_eq!(level(text), LogFilter { default, targets: Vec::new() });
    }
    let targets = vec![("links".to_owned(), LevelFilter::Debug), ("door".to_owned(), LevelFilter::Off)];
    let expected = LogFilter { default: LevelFilter::Warn, targets };
    assert_eq!(level("warn,links=debug,door=off"), expected);
    assert_eq!(level("links=debug, warn, door=off"), expected);
    assert_eq!(level("store=trace").default, LevelFilter::Info);
    for target in logging::LOG_TARGETS {
        assert_eq!(level(&format!("{target}=warn")).targets.len(), 1);
    }
}

#[test]
fn a_base_url_has_one_form() {
    for (text, https, host, port, expected) in [
        ("https://short.example", true, "short.example", None, "https://short.example"),
        ("https://short.example/", true, "short.example", None, "https://short.example"),
        ("HTTPS://Short.Example.", true, "short.example", None, "https://short.example"),
        ("https://short.example:443", true, "short.example", None, "https://short.example"),
        ("http://short.example:443/", false, "short.example", Some(443), "http://short.example:443"),
        ("http://localhost:8000", false, "localhost", Some(8000), "http://localhost:8000"),
        ("http://[::1]:80", false, "[::1]", None, "http://[::1]"),
        ("https://bücher.example", true, "xn--bcher-kva.example", None, "https://xn--bcher-kva.example"),
    ] {
        let expected = BaseUrl { https, host: host.to_owned(), port, text: expected.to_owned() };
        assert_eq!(of(&[("SERVER_BASE_URL", text)]).unwrap().base_url, Some(expected), "{text}");
    }
}

#[test]
fn a_password_in_a_base_url_is_not_repeated() {
    let variables = [("SERVER_BASE_URL", "https://anna:hunter2@short.example")];
    let error = of(&variables).map(drop).unwrap_err().to_string();
    assert!(error.starts_with("SERVER_BASE_URL has a user name in it."), "{error}");
    let shown = text(&entries(&Options::default(), &environment(&variables)));
    assert!(!error.contains("hunter2") && !shown.contains("hunter2"), "{error} {shown}");
}

#[test]
fn allowed_hosts_are_brought_to_the_form_that_is_compared() {
    for (text, expected) in [
        ("a.example", &["a.example"][..]),
        (" A.Example. , ,b_c, a.example", &["a.example", "b_c"]),
        ("::1,[::1],127.0.0.1", &["[::1]", "127.0.0.1"]),
        ("Bücher.example", &["xn--bcher-kva.example"]),
        (",", &[]),
    ] {
        assert_eq!(of(&[("SERVER_ALLOWED_HOSTS", text)]).unwrap().allowed_hosts, expected, "{text}");
    }
    let error = of(&[("SERVER_ALLOWED_HOSTS", "good.example,b*d")]).map(drop).unwrap_err().to_string();
    assert!(error.starts_with("SERVER_ALLOWED_HOSTS \"b*d\" is not accepted."), "{error}");
    let long = vec!["a"; 128].join(".");
    assert!(of(&[("SERVER_ALLOWED_HOSTS", &long)]).is_err());
}

#[test]
fn trusted_proxies_are_networks_and_a_wrong_one_is_named() {
    let text = "10.0.0.1/8, loopback\t192.0.2.7";
    let expected = TrustedProxies::parse("10.0.0.0/8,127.0.0.0/8,::1,192.0.2.7").unwrap();
    assert_eq!(of(&[("SERVER_TRUSTED_PROXIES", text)]).unwrap().trusted_proxies, expected);
    let many = vec!["192.0.2.7"; 257].join(",");
    for (text, message) in [
        (
            "10.0.0.0/8, nginx, more",
            "--trusted-proxies \"nginx\" is not accepted. Use addresses, networks such as 10.0.0.0/8, loopback or \
             private, divided by commas.",
        ),
        (&many, "--trusted-proxies has more than 256 networks. Name fewer, larger ones that hold them."),
    ] {
        let error = with(&flag(&TRUSTED_PROXIES, text), &[]).map(drop).unwrap_err().to_string();
        assert_eq!(error, message);
    }
}

#[test]
fn tls_has_two_files() {
    let both = [("SERVER_TLS_CERT", "c.pem"), ("SERVER_TLS_KEY", "/k.pem")];
    let config = of(&both).unwrap();
    assert_eq!(config.tls, Some(TlsFiles { cert: PathBuf::from("c.pem"), key: PathBuf::from("/k.pem") }));
    assert!(config.warnings.is_empty());
    // One from here and one from there are a pair too.
    let mixed = with(&flag(&TLS_KEY, "/k.pem"), &[both[0], ("SERVER_TLS_KEY", "hidden")]).unwrap();
    assert_eq!(mixed.tls, config.tls);
}

#[test]
fn half_a_tls_pair_is_a_warning_on_this_machine_and_an_error_elsewhere() {
    let words = "TLS not enabled: both --tls-cert and --tls-key are required";
    let halves = [
        [("SERVER_TLS_CERT", "c.pem"), ("SERVER_TLS_KEY", "")],
        [("SERVER_TLS_CERT", ""), ("SERVER_TLS_KEY", "k.pem")],
    ];
    for half in halves {
        for host in ["", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "::ffff:127.0.0.1", "localhost"] {
            let config = with(&flag(&HOST, host), &half).unwrap();
            assert_eq!((config.tls, config.warnings), (None, vec![words.to_owned()]), "{host}");
        }
        for host in ["0.0.0.0", "::", "192.0.2.7", "::ffff:192.0.2.7", "::ffff:0.0.0.0"] {
            let error = with(&flag(&HOST, host), &half).map(drop).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{words}. Add ")), "{host}: {error}");
        }
    }
    for (options, half, way_on) in [
        (Options::default(), &halves[0][..], "Add --tls-key (SERVER_TLS_KEY), or leave out SERVER_TLS_CERT."),
        (flag(&TLS_KEY, "k.pem"), &[], "Add --tls-cert (SERVER_TLS_CERT), or leave out --tls-key."),
    ] {
        let variables = [half, &[("SERVER_HOST", "0.0.0.0")]].concat();
        let error = with(&options, &variables).map(drop).unwrap_err().to_string();
        assert_eq!(error, format!("{words}. {way_on}"));
    }
}

#[test]
fn a_plain_port_stands_beside_tls_on_a_port_of_its_own() {
    let tls = [("SERVER_TLS_CERT", "c.pem"), ("SERVER_TLS_KEY", "k.pem")];
    let beside = |port, http_port| {
        let ports = [("SERVER_PORT", port), ("SERVER_HTTP_PORT", http_port)];
        of(&[&tls[..], &ports].concat()).map(|config| config.http_port).map_err(|error| error.to_string())
    };
    for (port, http_port, expected) in [
        ("443", "", None),
        ("443", "80", Some(80)),
        ("", "8001", Some(8001)),
        ("443", "0", Some(0)),
        ("0", "80", Some(80)),
        ("0", "0", Some(0)),
    ] {
        assert_eq!(beside(port, http_port), Ok(expected), "{port} {http_port}");
    }
    let same = "SERVER_HTTP_PORT \"8000\" is the port for TLS. Choose another than --port.";
    for (port, http_port) in [("8000", "8000"), ("", "8000"), ("08000", "8000")] {
        assert_eq!(beside(port, http_port), Err(same.to_owned()), "{port} {http_port}");
    }
    let alone = "--http-port is for plain HTTP beside TLS, and there is no TLS. Add --tls-cert and --tls-key, or leave \
                 it out.";
    for variables in [&[][..], &tls[..1], &tls[1..]] {
        for port in ["80", "0", "8000"] {
            let error = with(&flag(&HTTP_PORT, port), variables).map(drop).unwrap_err().to_string();
            assert_eq!(error, alone);
        }
    }
}

#[test]
fn registration_is_one_of_three() {
    for (text, expected) in
        [("open", Registration::Open), ("invite", Registration::Invite), ("closed", Registration::Closed)]
    {
        assert_eq!(of(&[("SERVER_REGISTRATION", text)]).unwrap().registration, Some(expected));
    }
}

const NAME: (&str, &str) = ("SERVER_ADMIN_USERNAME", "anna");
const EMAIL: (&str, &str) = ("SERVER_ADMIN_EMAIL", "anna@home.example");
const PASSWORD: (&str, &str) = ("SERVER_ADMIN_PASSWORD", " correct horse ");

#[test]
fn an_administrator_is_given_whole_or_not_at_all() {
    let admin = of(&[NAME, EMAIL, PASSWORD]).unwrap().admin.unwrap();
    assert_eq!((admin.username.as_str(), admin.email.as_str()), ("anna", "anna@home.example"));
    assert_eq!(admin.password.expose(), " correct horse ");
    for (variables, missing) in [
        (&[EMAIL, PASSWORD][..], "SERVER_ADMIN_USERNAME"),
        (&[PASSWORD], "SERVER_ADMIN_USERNAME"),
        (&[NAME, PASSWORD], "SERVER_ADMIN_EMAIL"),
        (&[NAME, EMAIL], "SERVER_ADMIN_PASSWORD"),
        (&[NAME, EMAIL, ("SERVER_ADMIN_PASSWORD", "")], "SERVER_ADMIN_PASSWORD"),
        (&[NAME, ("SERVER_ADMIN_PASSWORD_FILE", "/nowhere")], "SERVER_ADMIN_EMAIL"),
    ] {
        let error = of(variables).map(drop).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{missing} is missing. ")), "{error}");
    }
    let both = [NAME, EMAIL, PASSWORD, ("SERVER_ADMIN_PASSWORD_FILE", "/nowhere")];
    assert!(of(&both).map(drop).unwrap_err().to_string().contains("Set only one"));
}

#[test]
fn a_password_file_loses_one_line_end_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let file = ("SERVER_ADMIN_PASSWORD_FILE", path.to_str().unwrap());
    let missing = of(&[NAME, EMAIL, file]).map(drop).unwrap_err().to_string();
    assert!(missing.contains("SERVER_ADMIN_PASSWORD_FILE") && missing.contains("cannot be opened"), "{missing}");
    for (bytes, expected) in [
        (&b"correct horse"[..], Some("correct horse")),
        (b"correct horse\n", Some("correct horse")),
        (b"correct horse\r\n", Some("correct horse")),
        (b" correct horse \n\n", Some(" correct horse \n")),
        (b"", None),
        (b"\n", None),
        (b"correct \xff horse", None),
        (&[b'a'; 5000], None),
    ] {
        fs::write(&path, bytes).unwrap();
        match (of(&[NAME, EMAIL, file]), expected) {
            (Ok(config), Some(text)) => assert_eq!(config.admin.unwrap().password.expose(), text),
            (Err(error), None) => assert!(!error.to_string().contains("horse"), "{error}"),
            (result, _) => panic!("{bytes:?} became {result:?}"),
        }
    }
}

#[test]
fn secrets_are_masked_wherever_they_could_be_seen() {
    let variables = [NAME, EMAIL, PASSWORD];
    let debug = format!("{:?}", of(&variables).unwrap());
    let entries = entries(&Options::default(), &environment(&variables));
    for seen in [debug, text(&entries), json(&entries), format!("{entries:?}")] {
        assert!(!seen.contains("horse"), "{seen}");
        assert!(seen.contains("********"), "{seen}");
    }
    let password = entries.iter().find(|entry| Some(entry.name) == ADMIN_PASSWORD.variable);
    assert_eq!(password.unwrap().source, Source::Environment);
}

#[test]
fn entries_say_where_each_value_comes_from() {
    let options = flag(&HOST, "::1");
    let entries = entries(&options, &environment(&[("SERVER_PORT", "80"), ("SERVER_HOST", "x")]));
    let names: Vec<_> = entries.iter().map(|entry| Some(entry.name)).collect();
    assert_eq!(names, FROM_ENVIRONMENT.iter().map(|row| row.variable).collect::<Vec<_>>());

    let text = text(&entries);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["SERVER_HOST", "::1", "flag"]);
    assert_eq!(lines[1], ["SERVER_PORT", "80", "environment"]);
    assert_eq!(lines[2], ["SERVER_NUMTHREADS", "10", "default"]);
    assert_eq!(lines[4], ["SERVER_BASE_URL", "none", "default"]);

    let json: serde_json::Value = serde_json::from_str(&json(&entries)).unwrap();
    assert_eq!(json[0], serde_json::json!({"name": "SERVER_HOST", "value": "::1", "source": "flag"}));
    assert_eq!(json[4]["value"], serde_json::Value::Null);
}

#[test]
fn a_mistyped_variable_is_pointed_out() {
    let names = [
        "SERVER_PROT",
        "SERVER_PORT",
        "SERVER_TLS",
        "SERVER_TLS_CERT",
        "SERVER_SOFTWARE",
        "SERVERPORT",
        "PORT",
        "SERVER_LOGLEVEL",
    ];
    let expected = [
        "unknown variable SERVER_LOGLEVEL. Did you mean SERVER_LOG_LEVEL?",
        "unknown variable SERVER_PROT. Did you mean SERVER_PORT?",
    ];
    assert_eq!(warnings(names.map(str::to_owned)), expected);
}

#[test]
fn a_check_asks_where_the_server_answers_and_needs_nothing_else() {
    let contact = |options: &Options, variables: &[(&str, &str)]| {
        let env = environment(variables);
        contact::find(&Given { options, env: &env }).map(|found| (found.listen.to_string(), found.certificate))
    };
    let pair = [("SERVER_TLS_CERT", "c.pem"), ("SERVER_TLS_KEY", "k.pem")];
    let beside = [pair.as_slice(), &[("SERVER_HTTP_PORT", "80")]].concat();
    let certificate = || Some(PathBuf::from("c.pem"));
    let none = Options::default();
    let port = |port: &str| flag(&options::PORT, port);
    for (options, variables, address, shown) in [
        (&none, [].as_slice(), "127.0.0.1:8000", None),
        (&none, &pair, "127.0.0.1:8000", certificate()),
        (&flag(&HOST, "::1"), &pair, "[::1]:8000", certificate()),
        // Half a pair is no TLS for the server either, but who types a certificate means it.
        (&none, &pair[..1], "127.0.0.1:8000", None),
        (&none, &pair[1..], "127.0.0.1:8000", None),
        (&flag(&TLS_CERT, "c.pem"), &[], "127.0.0.1:8000", certificate()),
        // Beside TLS the plain port is asked, unless another was typed, or nobody knows which it became.
        (&none, &beside, "127.0.0.1:80", None),
        (&port("80"), &beside, "127.0.0.1:80", None),
        (&port("8443"), &beside, "127.0.0.1:8443", certificate()),
        (&none, &[pair[0], pair[1], ("SERVER_HTTP_PORT", "0")], "127.0.0.1:8000", certificate()),
        // What the server itself would not start with.
        (&none, &[("SERVER_HTTP_PORT", "80"), ("SERVER_NUMTHREADS", "many")], "127.0.0.1:8000", None),
        (&none, &[pair[0], pair[1], ("SERVER_HTTP_PORT", "8000")], "127.0.0.1:8000", None),
    ] {
        assert_eq!(contact(options, variables), Ok((address.to_owned(), shown)), "{options:?} {variables:?}");
    }
    for (name, value) in [("SERVER_HOST", "a b"), ("SERVER_PORT", "x")] {
        assert!(contact(&none, &[(name, value)]).is_err(), "{name}");
    }
}
