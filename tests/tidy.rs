//! Keeps the shape of the code: formatting, layers, homes of outside crates, twins, headers, lengths.
//!
//! Read the tables: they are the rules. A failure says which file breaks which rule.

// A rule that cannot be checked should stop the tests, and what was skipped should be said.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Modules from the bottom up; a file names only what stands in a lower row, or its own module.
const LAYERS: &[&[&str]] = &[
    // The domain: plain values and rules. These may name each other.
    &[
        "calendar", "click", "clock", "limits", "link", "password", "proxy", "random", "session", "share", "slug",
        "target", "throttle", "traffic", "user", "visitor",
    ],
    &["options", "spelling"],
    &["config", "store", "ui"],
    &["app", "cli"],
    &["housekeeping", "web"],
    &["server"],
    &["command"],
    &["lib", "main"],
];

/// Where an outside crate may be named: paths below the package that begin so.
const HOMES: &[(&str, &[&str])] = &[
    ("argon2", &["src/password.rs"]),
    ("bincode", &["src/store/record.rs"]),
    ("crc32fast", &["src/store/record.rs"]),
    ("csv", &["src/web/spreadsheet.rs"]),
    ("form_urlencoded", &["src/web/"]),
    ("getrandom", &["src/random.rs"]),
    ("hmac", &["src/web/access.rs"]),
    ("ipnet", &["src/proxy.rs"]),
    ("log", &["src/command/", "src/config/logging.rs", "src/housekeeping", "src/server/", "src/web/"]),
    ("maud", &["ui/"]),
    ("memchr", &["src/server/door/head.rs", "src/server/wire.rs"]),
    ("mio", &["src/server/door/"]),
    ("percent_encoding", &["src/target.rs", "src/web/percent.rs"]),
    ("pico_args", &["src/cli.rs"]),
    ("qrcodegen", &["ui/qr.rs"]),
    ("quick_cache", &["src/store/hot.rs"]),
    ("rcgen", &["src/command/tls_self_signed.rs"]),
    ("redb", &["src/store/"]),
    ("rpassword", &["src/command/password.rs"]),
    ("rust_embed", &["ui/assets.rs"]),
    ("rustls", &["src/command/health/tls.rs", "src/server/"]),
    (
        "rustix",
        &[
            "src/command/prove.rs",
            "src/server/door/admission.rs",
            "src/server/mod.rs",
            "src/store/copy.rs",
            "src/store/space.rs",
        ],
    ),
    ("serde", &["src/store/record.rs", "src/store/record/"]),
    ("serde_json", &["src/command/", "src/config/", "src/web/export.rs", "src/web/json_lines.rs"]),
    (
        "sha2",
        &[
            "src/command/tls_self_signed.rs",
            "src/session.rs",
            "src/store/backup.rs",
            "src/store/copy.rs",
            "src/store/one_time.rs",
            "src/web/access.rs",
            "ui/build.rs",
        ],
    ),
    ("signal_hook", &["src/server/stop.rs"]),
    ("siphasher", &["src/visitor/marks.rs"]),
    ("slab", &["src/server/door/"]),
    ("simplelog", &["src/command/logging.rs"]),
    ("socket2", &["src/server/"]),
    ("subtle", &["src/app.rs", "src/password.rs", "src/server/identity.rs", "src/web/access.rs"]),
    (
        "time",
        &[
            "src/calendar.rs",
            "src/clock.rs",
            "src/command/logging.rs",
            "src/command/tls_self_signed.rs",
            "src/server/wire.rs",
        ],
    ),
    ("tiny_http", &["src/server/"]),
    ("url", &["src/config/address.rs", "src/target.rs", "src/target/"]),
    ("x509_cert", &["src/server/tls/validity.rs"]),
];

/// Lines in a file of the program; past it, it usually holds two nouns.
const LINES_MAX: usize = 400;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Path below the package, and text, of every Rust file in some folders.
fn files(folders: &[&str]) -> Vec<(String, String)> {
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

fn is_test(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/") || name == "ui/gallery.rs"
}

/// The top module of a file: `src/web/form.rs` is of `web`.
fn module(name: &str) -> &str {
    let below = name.strip_prefix("src/").unwrap_or(name);
    let first = below.split('/').next().unwrap();
    first.strip_suffix(".rs").unwrap_or(first)
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Code without comments and without its tests.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Names that follow `crate::`, also inside `use crate::{…}`.
fn named_modules(text: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    text.split("crate::").skip(1).map(word).filter(|word| !word.is_empty()).collect()
}

#[test]
fn arrows_point_down() {
    for (name, text) in files(&["src", "ui"]) {
        if is_test(&name) || name == "ui/build.rs" {
            continue;
        }
        let own = module(&name);
        let own_layer = layer(own).unwrap_or_else(|| panic!("{name}: give {own} a layer"));
        for other in named_modules(&code(&text)) {
            let Some(other_layer) = layer(&other) else { continue };
            let is_domain = own_layer == 0 && other_layer == 0;
            assert!(other == own || other_layer < own_layer || is_domain, "{name} must not name {other}");
        }
    }
}

#[test]
fn outside_crates_stay_at_home() {
    for (name, text) in files(&["src", "ui"]) {
        if is_test(&name) {
            continue;
        }
        let text = code(&text);
        for (outside, homes) in HOMES {
            let is_named = text.match_indices(&format!("{outside}::")).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            });
            let is_home = homes.iter().any(|home| name.starts_with(home));
            assert!(!is_named || is_home, "{name} names {outside}; its home is {homes:?}");
        }
    }
}

#[test]
fn every_dependency_has_a_home_and_a_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]").nth(1).unwrap().split("[build-dependencies]").next().unwrap();
    for line in section.lines().filter(|line| line.contains(" = ")) {
        let name = line.split(' ').next().unwrap().replace('-', "_");
        assert!(HOMES.iter().any(|(known, _)| *known == name), "{name} has no home");
        assert!(line.contains('#'), "{name} has no reason beside it");
    }
}

#[test]
fn a_page_has_its_twins() {
    let exists = |path: String| assert!(Path::new(&root().join(&path)).exists(), "{path} is missing");
    for (name, text) in files(&["src/web", "ui"]) {
        let stem = Path::new(&name).file_stem().unwrap().to_str().unwrap();
        let answers = text.contains("\npub(crate) fn show(") || text.contains("\npub(crate) fn submit(");
        let draws = text.contains("\npub(crate) fn page(") && stem != "layout";
        if name.starts_with("src/web/") && answers {
            exists(format!("tests/it/{stem}.rs"));
        }
        if name.starts_with("ui/") && draws {
            exists(format!("src/web/{}.rs", stem.replace("link_form", "link_create")));
            exists(format!("tests/it/{}.rs", stem.replace("link_form", "link_create")));
        }
    }
}

#[test]
fn every_file_says_what_it_is_and_is_no_longer_than_a_noun() {
    for (name, text) in files(&["src", "ui", "tests"]) {
        if !name.ends_with("/tests.rs") && !name.contains("/tests/") {
            assert!(text.starts_with("//!"), "{name} begins without a word on what it is");
        }
        if !is_test(&name) && !name.starts_with("tests/") {
            let lines = text.lines().count();
            assert!(lines <= LINES_MAX, "{name} has {lines} lines: two nouns?");
        }
    }
}

#[test]
fn the_code_is_formatted() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let run = |args: &[&str]| Command::new(&cargo).args(args).current_dir(root()).output().unwrap();
    if !run(&["fmt", "--version"]).status.success() {
        println!("skipped: rustfmt is not installed");
        return;
    }
    let check = run(&["fmt", "--check"]);
    assert!(check.status.success(), "run cargo fmt\n{}", String::from_utf8_lossy(&check.stdout));
}

#[test]
fn the_top_level_holds_nothing_unexpected() {
    let expected =
        ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "packaging", "src", "target", "tests", "ui", "data"];
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.starts_with('.') || expected.contains(&name.as_str()), "{name} has no place at the top level");
    }
}
