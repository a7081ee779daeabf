//! Data files that are damaged, foreign, missing, newer or in use: refused with one line and left as they are, or
//! served without ever a wrong target.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redb::{Database, TableDefinition};
use tempfile::TempDir;

use crate::appliance::{ADMIN, Ended, Start, run_command};
use crate::browser::Browser;
use crate::chance;
use crate::mutate::Numbers;
use crate::restart::try_send;

/// What came of a start on some data folder.
enum Tried {
    Running(Running),
    Ended(Ended),
}

/// A server on a folder that was there before; stopped when dropped.
struct Running {
    child: Child,
    address: SocketAddr,
    /// What it has written to stderr is in here.
    outside: TempDir,
}

impl Running {
    fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.outside.path().join("stderr.log")).unwrap()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the server on a data folder, whatever comes of it.
fn start(data: &Path) -> Tried {
    let outside = TempDir::new().unwrap();
    let log = outside.path().join("stderr.log");
    let mut child = Command::new(env!("CARGO_BIN_EXE_linkjar"))
        .env_clear()
        .args(["--port", "0", "--data-dir", data.to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut stdout = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut stdout).unwrap();
    let address = stdout.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix('/'));
    match address.and_then(|address| address.parse().ok()) {
        Some(address) => Tried::Running(Running { child, address, outside }),
        None => {
            let status = child.wait().unwrap();
            let stderr = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
            Tried::Ended(Ended { status, stdout, stderr })
        }
    }
}

#[track_caller]
fn refused(data: &Path, what: &str) -> Ended {
    match start(data) {
        Tried::Ended(ended) => ended,
        Tried::Running(_) => panic!("{what}: it started"),
    }
}

/// One line: what is wrong, and what to do.
#[track_caller]
fn is_one_error(ended: &Ended, what: &str) {
    assert_eq!(ended.stdout, "", "{what}");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{what}: {}", ended.stderr);
    assert!(lines[0].starts_with("error: "), "{what}: {}", ended.stderr);
    assert!(lines[0].matches(". ").count() >= 1, "{what}: what to do is missing: {}", ended.stderr);
}

/// Everything in a folder: path, and bytes or where a link leads.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        if about.is_symlink() {
            found.insert(path.clone(), fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
        } else if about.is_dir() {
            found.extend(contents(&path));
            found.insert(path, Vec::new());
        } else if about.is_file() {
            found.insert(path.clone(), fs::read(&path).unwrap());
        } else {
            // The socket of a running server.
            found.insert(path, Vec::new());
        }
    }
    found
}

/// The file of a server that has stopped, and where its links lead.
fn real_file() -> (Vec<u8>, Vec<(String, String)>) {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let links: Vec<(String, String)> = (0..40)
        .map(|number| {
            let slug = format!("slug-{number}");
            let target = format!("https://target-{number}.example/{}", "path/".repeat(number));
            admin.make_link(&target, &slug);
            (format!("/{ADMIN}/{slug}"), target)
        })
        .collect();
    for (path, _) in &links[..10] {
        admin.get(path);
    }
    admin.open("/links");
    let data = appliance.data();
    let (status, _folder) = appliance.stop();
    assert!(status.success());
    (fs::read(data.join("linkjar.redb")).unwrap(), links)
}

/// A data folder with these bytes as its file.
fn folder_with(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(data.join("linkjar.redb"), bytes).unwrap();
    (folder, data)
}

/// Starts on damaged bytes: refused with everything unchanged, or never a wrong target. True when it was refused.
fn refuses_or_serves_well(bytes: &[u8], links: &[(String, String)], what: &str) -> bool {
    let (_folder, data) = folder_with(bytes);
    let before = contents(&data);
    match start(&data) {
        Tried::Ended(ended) => {
            assert_eq!(ended.code(), 4, "{what}: {}", ended.stderr);
            is_one_error(&ended, what);
            assert!(contents(&data) == before, "{what}: the refused file was changed");
            true
        }
        Tried::Running(running) => {
            serves_well_or_ends(running, links, what);
            false
        }
    }
}

/// Asks for every link: right targets, or errors. A server that meets damage where it writes ends rather than write on,
/// and says so; that may come at any moment.
fn serves_well_or_ends(mut running: Running, links: &[(String, String)], what: &str) {
    for (path, target) in links {
        let Some(answer) = try_send(running.address, &format!("GET {path} HTTP/1.1\r\n"), "") else {
            let code = running.child.wait().unwrap().code();
            assert_eq!(code, Some(4), "{what}: {path}: no answer");
            return;
        };
        match answer.header("location") {
            Some(found) => assert_eq!(found, target, "{what}: {path}"),
            None => assert!(matches!(answer.status, 404 | 410 | 500 | 503), "{what}: {path}: {}", answer.status),
        }
    }
}

#[test]
fn what_is_not_a_data_file_is_refused_and_left_alone() {
    let long_text = "just some text\n".repeat(1000);
    for (what, bytes) in [
        ("an empty file", b"".as_slice()),
        ("one byte", b"x"),
        ("the first byte of a data file", b"r"),
        ("a data file's first bytes", b"redb\x1a\x0a\xa9\x0d\x0a"),
        ("a short text", b"hello\n"),
        ("a long text", long_text.as_bytes()),
        ("an SQLite file", &[b"SQLite format 3\0".as_slice(), &[0; 4080]].concat()),
        ("zeros", &[0; 8192]),
        ("a header and zeros", &[b"redb\x1a\x0a\xa9\x0d\x0a".as_slice(), &[0; 70_000]].concat()),
    ] {
        let (_folder, data) = folder_with(bytes);
        fs::create_dir(data.join("backups")).unwrap();
        fs::write(data.join("backups/linkjar-2026-01-01.redb"), "a backup").unwrap();
        let before = contents(&data);
        for _ in 0..2 {
            let ended = refused(&data, what);
            assert_eq!(ended.code(), 4, "{what}: {}", ended.stderr);
            is_one_error(&ended, what);
            assert!(ended.stderr.contains("linkjar.redb is damaged or not a Linkjar data file"), "{}", ended.stderr);
        }
        // Commands are no more careless than the server.
        let parent = data.parent().unwrap();
        for args in [["user", "list"].as_slice(), &["settings"], &["settings", "site.name=X"]] {
            assert_eq!(run_command(parent, args, "").code(), 4, "{what}: {args:?}");
        }
        assert!(contents(&data) == before, "{what}: something was changed");
    }
}

#[test]
fn a_folder_or_a_link_to_nowhere_in_its_place_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("linkjar.redb/inside")).unwrap();
    let before = contents(&data);
    let ended = refused(&data, "a folder");
    assert!(matches!(ended.code(), 2 | 4), "{}", ended.stderr);
    is_one_error(&ended, "a folder");
    assert!(contents(&data) == before);

    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    symlink(folder.path().join("unmounted/linkjar.redb"), data.join("linkjar.redb")).unwrap();
    let before = contents(&data);
    let ended = refused(&data, "a dangling link");
    assert!(matches!(ended.code(), 2 | 4), "{}", ended.stderr);
    is_one_error(&ended, "a dangling link");
    assert!(contents(&data) == before);
    assert!(!folder.path().join("unmounted").exists(), "nothing was made at its other end");
}

#[test]
fn a_missing_file_beside_its_backups_is_not_replaced() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("backups")).unwrap();
    fs::write(data.join("backups/linkjar-2026-01-01.redb"), "a backup").unwrap();
    let before = contents(&data);
    for _ in 0..2 {
        let ended = refused(&data, "backups");
        assert_eq!(ended.code(), 2, "{}", ended.stderr);
        is_one_error(&ended, "backups");
        assert!(ended.stderr.contains("missing, but its backups are here"), "{}", ended.stderr);
        assert!(contents(&data) == before);
    }
    // Unless somebody says that it is meant.
    let new = Start::with_admin().arg("--new");
    fs::create_dir_all(new.data().join("backups")).unwrap();
    fs::write(new.data().join("backups/linkjar-2026-01-01.redb"), "a backup").unwrap();
    let server = new.run();
    assert_eq!(fs::read(server.data().join("backups/linkjar-2026-01-01.redb")).unwrap(), b"a backup");
    server.restart();
    // An empty folder for backups promises nothing.
    fs::remove_file(data.join("backups/linkjar-2026-01-01.redb")).unwrap();
    assert!(matches!(start(&data), Tried::Running(_)));
}

#[test]
fn a_good_copy_serves_every_link() {
    let (bytes, links) = real_file();
    let (_folder, data) = folder_with(&bytes);
    let Tried::Running(running) = start(&data) else { panic!("it did not start") };
    let mut visitor = Browser::at(running.address);
    for (path, target) in &links {
        assert_eq!(visitor.get(path).header("location"), Some(target.as_str()));
    }
}

#[test]
fn a_copy_that_was_cut_off_is_refused_or_serves_no_wrong_target() {
    let (bytes, links) = real_file();
    let len = bytes.len();
    let mut lengths = vec![1, 9, 10, 64, 319, 320, 321, 512, 4095, 4096, 4097, 8192, len / 4, len / 2, len * 3 / 4];
    lengths.extend([len - 4096, len - 4095, len - 1]);
    let refusals =
        lengths.iter().filter(|length| refuses_or_serves_well(&bytes[..**length], &links, &format!("cut to {length}")));
    assert!(refusals.count() >= 10, "hardly any was noticed");
    // And with something behind its end.
    refuses_or_serves_well(&[&bytes, b"garbage".as_slice()].concat(), &links, "seven bytes more");
    refuses_or_serves_well(&[&bytes, [0xa5; 4096].as_slice()].concat(), &links, "a page more");
}

/// The home page leads somewhere, too, and hosts are blocked for a reason.
#[test]
fn a_flipped_bit_in_the_settings_is_refused_with_advice() {
    for setting in ["site.home=https://home.example/", "links.blocked-hosts=home.example"] {
        let (_, folder) = Start::with_admin().run().stop();
        assert_eq!(run_command(folder.path(), &["settings", setting], "").code(), 0);
        let path = folder.path().join("data/linkjar.redb");
        let mut bytes = fs::read(&path).unwrap();
        let text = b"home.example";
        let places: Vec<usize> = (0..bytes.len() - text.len()).filter(|at| bytes[*at..].starts_with(text)).collect();
        assert!(!places.is_empty());
        places.iter().for_each(|at| bytes[*at] ^= 1);
        fs::write(&path, bytes).unwrap();
        let ended = run_command(folder.path(), &["check"], "");
        assert_eq!(ended.code(), 4, "{setting}: {}", ended.stdout);
        let ended = refused(&folder.path().join("data"), setting);
        assert_eq!(ended.code(), 4, "{setting}: {}", ended.stderr);
        let advice = "settings: wrong checksum). Put a backup in its place: linkjar restore FILE\n";
        assert!(ended.stderr.ends_with(advice), "{}", ended.stderr);
    }
}

/// Never a wrong target, in many places of the file that hold something.
#[test]
fn flipped_bits_never_lead_to_a_wrong_target() {
    let (bytes, links) = real_file();
    let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    let mut places: Vec<usize> = (0..50).map(|number| used[number * (used.len() - 1) / 49]).collect();
    // Inside the targets themselves, where it would matter most.
    let text = b"https://target-";
    let targets: Vec<usize> =
        (0..bytes.len() - text.len()).filter(|at| &bytes[*at..*at + text.len()] == text).map(|at| at + 15).collect();
    places.extend((0..25).map(|number| targets[number * (targets.len() - 1) / 24]));
    for (number, place) in places.into_iter().enumerate() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (number % 8);
        refuses_or_serves_well(&damaged, &links, &format!("bit {} of byte {place}", number % 8));
    }
}

#[test]
fn pages_that_were_zeroed_or_swapped_never_lead_to_a_wrong_target() {
    let (bytes, links) = real_file();
    let pages: Vec<usize> = (0..bytes.len() / 4096).filter(|page| bytes[page * 4096..][..4096] != [0; 4096]).collect();
    for page in &pages {
        let mut damaged = bytes.clone();
        damaged[page * 4096..][..4096].fill(0);
        refuses_or_serves_well(&damaged, &links, &format!("page {page} zeroed"));
    }
    for pair in pages.windows(2).skip(1) {
        let mut damaged = bytes.clone();
        let (first, second) = (pair[0] * 4096, pair[1] * 4096);
        damaged[first..first + 4096].copy_from_slice(&bytes[second..second + 4096]);
        damaged[second..second + 4096].copy_from_slice(&bytes[first..first + 4096]);
        refuses_or_serves_well(&damaged, &links, &format!("pages {} and {} swapped", pair[0], pair[1]));
    }
}

/// redb panics over a page whose head alone is whole. That is an error like any other for the server that starts, for a
/// command, and for a server that stops.
#[test]
fn pages_whose_head_alone_is_whole_are_refused_or_met_with_one_error() {
    let (bytes, links) = real_file();
    let mut codes = [0; 5];
    for page in (0..bytes.len() / 4096).filter(|page| bytes[page * 4096..][..4096] != [0; 4096]) {
        let what = format!("page {page}");
        let mut damaged = bytes.clone();
        damaged[page * 4096 + 4..(page + 1) * 4096].fill(0xff);
        refuses_or_serves_well(&damaged, &links, &what);

        let (_folder, data) = folder_with(&damaged);
        let listed = run_command(data.parent().unwrap(), &["user", "list"], "");
        assert!(matches!(listed.code(), 0 | 4), "{what}: {}", listed.stderr);
        if listed.code() == 4 {
            is_one_error(&listed, &what);
        }

        let (_folder, data) = folder_with(&damaged);
        if let Tried::Running(mut running) = start(&data) {
            // With something to write there is more to close.
            for (path, _) in &links {
                try_send(running.address, &format!("GET {path} HTTP/1.1\r\n"), "");
            }
            let pid = rustix::process::Pid::from_child(&running.child);
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let code = running.child.wait().unwrap().code();
            let log = running.log();
            assert!(matches!(code, Some(0 | 4)), "{what}: {code:?} {log}");
            // What meets damage beside the main thread is logged where it was.
            assert!(code == Some(0) || log.contains("damaged"), "{what}: {log}");
            codes[code.unwrap() as usize] += 1;
        }
    }
    assert!(codes[0] > 0 && codes[4] > 0, "{codes:?}");
}

/// By then clicks that were in the log are counted.
const COUNTED_AFTER: Duration = Duration::from_secs(8);

/// Clicks that were in the log are counted five seconds after the start. Where that meets pages that make no sense the
/// server ends and says that the file is damaged; nobody is led elsewhere.
#[test]
fn damage_that_is_met_while_counting_is_an_end_and_no_wrong_target() {
    let (bytes, links) = real_file();
    let pages: Vec<usize> = (1..bytes.len() / 4096).filter(|page| bytes[page * 4096..][..4096] != [0; 4096]).collect();
    chance::rounds(1, |seed| {
        let mut numbers = Numbers(seed);
        let started: Vec<_> = (0..12)
            .filter_map(|_| {
                let page = *numbers.one_of(&pages[..pages.len() - 1]);
                let mut damaged = bytes.clone();
                damaged[page * 4096..(page + 2) * 4096].rotate_left(4096);
                let (folder, data) = folder_with(&damaged);
                match start(&data) {
                    Tried::Running(running) => Some((folder, data, running, page)),
                    Tried::Ended(ended) => {
                        assert_eq!(ended.code(), 4, "page {page}: {}", ended.stderr);
                        None
                    }
                }
            })
            .collect();
        std::thread::sleep(COUNTED_AFTER);
        for (_folder, data, mut running, page) in started {
            let what = format!("pages {page} and the next swapped");
            if let Some(status) = running.child.try_wait().unwrap() {
                assert_eq!(status.code(), Some(4), "{what}");
                let checked = run_command(data.parent().unwrap(), &["check"], "");
                assert_eq!(checked.code(), 4, "{what}: {}", checked.stderr);
            } else {
                serves_well_or_ends(running, &links, &what);
            }
        }
    });
}

/// Damage of every kind in places by chance.
#[test]
fn whatever_happens_to_a_page_nobody_is_led_elsewhere() {
    let (bytes, links) = real_file();
    let pages = bytes.len() / 4096;
    chance::rounds(16, |seed| {
        let mut numbers = Numbers(seed);
        let mut damaged = bytes.clone();
        let (page, other) = (numbers.below(pages), numbers.below(pages));
        let what = match seed % 6 {
            0 => {
                let at = numbers.below(bytes.len());
                damaged[at] ^= 1 << numbers.below(8);
                format!("a bit of byte {at} flipped")
            }
            1 => {
                damaged[page * 4096..][..4096].fill(0);
                format!("page {page} zeroed")
            }
            2 => {
                damaged.copy_within(page * 4096..(page + 1) * 4096, other * 4096);
                damaged[page * 4096..][..4096].copy_from_slice(&bytes[other * 4096..][..4096]);
                format!("pages {page} and {other} swapped")
            }
            3 => {
                damaged.truncate(page * 4096);
                format!("cut to {page} pages")
            }
            4 => {
                damaged.extend((0..numbers.below(9_000)).map(|_| numbers.byte()));
                "garbage behind its end".to_owned()
            }
            _ => {
                let (from, count) = (numbers.below(bytes.len()), numbers.below(64));
                damaged.iter_mut().skip(from).take(count).for_each(|byte| *byte = numbers.byte());
                format!("{count} bytes from {from} on are others")
            }
        };
        refuses_or_serves_well(&damaged, &links, &what);
    });
}

/// A page that is as it was some time ago is a good page; what it says may be out of date. So nobody is led where the
/// link never led, and whoever looks at the whole file notices.
#[test]
fn an_older_copy_of_a_page_leads_at_worst_where_the_link_once_led_and_is_noticed() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let make = |admin: &mut Browser, number: usize| {
        let id = admin.make_link(&format!("https://first-{number}.example/"), &format!("slug-{number}"));
        (format!("/{ADMIN}/slug-{number}"), id)
    };
    let links: Vec<(String, String)> = (0..40).map(|number| make(&mut admin, number)).collect();
    let data = appliance.data();
    let (_, folder) = appliance.stop();
    let older = fs::read(data.join("linkjar.redb")).unwrap();
    let appliance = Start::with_admin().folder(folder).run();
    admin.address = appliance.address;
    admin.header("Host", &appliance.address.to_string());
    for (number, (_, id)) in links.iter().enumerate() {
        let form = format!("/links/{id}/edit");
        let (target, slug) = (format!("https://second-{number}.example/"), format!("slug-{number}"));
        let page = admin.submit(&form, &form, &[("target_url", &target), ("slug", &slug)]);
        assert_eq!(page.status, 303, "{}", page.body);
    }
    let (_, _folder) = appliance.stop();
    let newer = fs::read(data.join("linkjar.redb")).unwrap();
    let differs = |page: &usize| older.get(page * 4096..(page + 1) * 4096) != newer.get(page * 4096..(page + 1) * 4096);
    let pages: Vec<usize> = (1..older.len().min(newer.len()) / 4096).filter(differs).collect();
    let mut noticed = 0;
    chance::rounds(10, |seed| {
        let page = *Numbers(seed).one_of(&pages);
        let mut mixed = newer.clone();
        mixed[page * 4096..][..4096].copy_from_slice(&older[page * 4096..][..4096]);
        let (folder, data) = folder_with(&mixed);
        let checked = run_command(folder.path(), &["check"], "");
        noticed += usize::from(checked.code() != 0);
        let Tried::Running(running) = start(&data) else { return };
        for (number, (path, _)) in links.iter().enumerate() {
            let Some(answer) = try_send(running.address, &format!("GET {path} HTTP/1.1\r\n"), "") else { return };
            let targets = ["first", "second"].map(|which| format!("https://{which}-{number}.example/"));
            let Some(found) = answer.header("location") else { continue };
            assert!(targets.iter().any(|target| target == found), "page {page}: {path}: {found}");
            assert!(
                found == targets[1] || checked.code() != 0,
                "page {page}: {path}: an old target, and check is content"
            );
        }
    });
    assert!(noticed > 0, "no page of these mattered");
}

#[test]
fn a_second_process_on_the_same_file_ends_at_once_and_disturbs_nothing() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    let data = appliance.data();
    let outside = TempDir::new().unwrap();
    let by_link = outside.path().join("by-link");
    symlink(&data, &by_link).unwrap();
    let by_hard_link = outside.path().join("by-hard-link");
    fs::create_dir(&by_hard_link).unwrap();
    fs::hard_link(data.join("linkjar.redb"), by_hard_link.join("linkjar.redb")).unwrap();
    let by_file_link = outside.path().join("by-file-link");
    fs::create_dir(&by_file_link).unwrap();
    symlink(data.join("linkjar.redb"), by_file_link.join("linkjar.redb")).unwrap();
    for (what, folder) in [
        ("the folder itself", &data),
        ("a link to the folder", &by_link),
        ("a hard link to the file", &by_hard_link),
        ("a link to the file", &by_file_link),
    ] {
        let mut fastest = Duration::MAX;
        for _ in 0..3 {
            let started = Instant::now();
            let ended = refused(folder, what);
            fastest = fastest.min(started.elapsed());
            assert_eq!(ended.code(), 3, "{what}: {}", ended.stderr);
            is_one_error(&ended, what);
            assert!(ended.stderr.contains("linkjar.redb is in use by a running server"), "{what}: {}", ended.stderr);
        }
        assert!(fastest < Duration::from_secs(1), "{what}: {fastest:?}");
        let option = format!("--data-dir={}", folder.display());
        for args in [
            ["user", "list", &option].as_slice(),
            &["settings", &option],
            &["settings", "accounts.registration=closed", &option],
            &["user", "passwd", ADMIN, "--password-stdin", &option],
            &["user", "reset-link", ADMIN, &option],
            &["user", "add", "anna", "--email", "a@b.example", "--password-stdin", &option],
        ] {
            let ended = run_command(outside.path(), args, "a password that would do\n");
            assert_eq!(ended.code(), 3, "{what}: {args:?}: {}", ended.stderr);
            is_one_error(&ended, what);
        }
        assert_eq!(admin.get("/root-user/promo").status, 302, "{what}");
        admin.make_link("https://example.com/", &format!("after-{}", what.replace(' ', "-")));
    }
    // The lock ends with the process, however that ends.
    let appliance = appliance.restart_after_kill();
    admin.address = appliance.address;
    assert_eq!(admin.get("/root-user/promo").status, 302);
    assert_eq!(refused(&appliance.data(), "after a kill").code(), 3);
}

/// A newer release's file is made with the store's own library: its format number is one more.
#[test]
fn a_file_of_a_newer_version_is_refused_untouched() {
    let (bytes, _) = real_file();
    let (_folder, data) = folder_with(&bytes);
    let meta: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("meta");
    let database = Database::open(data.join("linkjar.redb")).unwrap();
    let change = database.begin_write().unwrap();
    {
        let mut table = change.open_table(meta).unwrap();
        table.insert(b"schema".as_slice(), 5_u32.to_be_bytes().as_slice()).unwrap();
        table.insert(b"version".as_slice(), b"9.9".as_slice()).unwrap();
    }
    change.commit().unwrap();
    drop(database);
    let before = contents(&data);
    let ended = refused(&data, "newer");
    assert_eq!(ended.code(), 4, "{}", ended.stderr);
    is_one_error(&ended, "newer");
    let words = "was written by version 9.9 (format 5, this is format 4). Run the newer executable.";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
    assert_eq!(run_command(data.parent().unwrap(), &["user", "list"], "").code(), 4);
    assert!(contents(&data) == before, "the newer file was changed");
}

/// Nobody else on the machine can read what is kept.
#[test]
fn folder_and_file_are_their_owners_alone() {
    let appliance = Start::with_admin().run();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&appliance.data()), 0o700);
    for path in contents(&appliance.data()).keys() {
        assert_eq!(mode(path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    assert!(!appliance.log().contains("can be read by others"));
    let data = appliance.data();
    let (_, folder) = appliance.stop();
    assert_eq!(contents(&data).len(), 1, "nothing is left beside the file");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let appliance = Start::with_admin().folder(folder).run();
    let log = appliance.log();
    assert!(log.contains("WARN  the data folder can be read by others. Run: chmod 700 "), "{log}");
}

/// What would let somebody in is not in the file.
#[test]
fn the_file_holds_no_password_and_no_session() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let session = admin.cookies["session"].clone();
    let token = admin.open("/links").token();
    admin.make_link("https://example.com/", "promo");
    let (_, folder) = appliance.stop();
    let link = run_command(folder.path(), &["user", "reset-link", ADMIN], "").stdout;
    let secret = link.trim().rsplit('/').next().unwrap().to_owned();
    let file = fs::read(folder.path().join("data/linkjar.redb")).unwrap();
    let holds = |text: &str| file.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    let from_hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2).filter_map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
    };
    assert!(holds("promo"), "this search finds what is there");
    for kept_out in [crate::appliance::PASSWORD, &session, &secret, &token] {
        assert!(!holds(kept_out), "{kept_out}");
    }
    let raw_session = from_hex(&session);
    assert!(raw_session.len() < 16 || !file.windows(raw_session.len()).any(|bytes| bytes == raw_session));
}
