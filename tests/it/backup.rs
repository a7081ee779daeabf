//! Copies of the data file: made while the server works, proven before they have a name, never in place of another.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tempfile::TempDir;

use crate::appliance::{ADMIN, Appliance, Ended, Start, run_command};
use crate::browser::Browser;
use crate::chance;
use crate::command_line::is_error;
use crate::restart::{Delays, follow, post_head, try_send};

fn run(folder: &Path, args: &[&str]) -> Ended {
    run_command(folder, args, "")
}

/// The copy that a command says it has made.
#[track_caller]
pub fn made(ended: &Ended) -> PathBuf {
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{}", ended.stdout);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ended.stdout);
    let sum = lines[2].strip_prefix("SHA-256 ").unwrap();
    assert!(sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()), "{sum}");
    PathBuf::from(lines[0])
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A running server on a copy.
pub fn serve_copy(copy: &Path) -> Appliance {
    let start = Start::with_admin();
    fs::create_dir(start.data()).unwrap();
    fs::copy(copy, start.data().join("linkjar.redb")).unwrap();
    start.run()
}

#[test]
fn a_data_file_written_anew_has_everything_and_is_smaller() {
    let appliance = Start::with_busy_admin().run();
    let mut admin = Browser::admin(&appliance);
    let target = |number: u32| format!("https://target{number}.example/{}", "x".repeat(1_500));
    let ids: Vec<String> = (0..60).map(|number| admin.make_link(&target(number), &format!("s{number}"))).collect();
    for id in &ids[1..] {
        assert_eq!(admin.submit(&format!("/links/{id}/delete"), &format!("/links/{id}/delete"), &[]).status, 303);
    }
    admin.get(&format!("/{ADMIN}/s0"));
    let compact = |to: &str| run_command(appliance.folder.path(), &["export", "--compact", to], "");
    let copy = made(&compact("running.redb"));
    is_error(&compact("running.redb"), 1, "running.redb exists already. Choose another name, or move it away.");
    assert_eq!(names(&appliance.data()), [".desk", ".door", "linkjar.redb"]);
    let (_, folder) = appliance.stop();
    let compact = |to: &str| run_command(folder.path(), &["export", "--compact", to], "");
    let again = made(&compact("stopped.redb"));
    is_error(&compact("stopped.redb"), 1, "stopped.redb exists already. Choose another name, or move it away.");
    is_error(&run_command(folder.path(), &["export"], ""), 2, "export needs a file. Add --compact FILE");
    let whole = fs::metadata(folder.path().join("data/linkjar.redb")).unwrap();
    for copy in [copy, again] {
        let about = fs::metadata(&copy).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
        assert!(about.blocks() < whole.blocks(), "{} of {}", about.blocks(), whole.blocks());
        let restored = TempDir::new().unwrap();
        let ended = run_command(restored.path(), &["restore", copy.to_str().unwrap()], "");
        assert!(ended.stdout.contains(": 1 user, 1 link, 1 click."), "{}{}", ended.stdout, ended.stderr);
        let bytes = fs::read(restored.path().join("data/linkjar.redb")).unwrap();
        let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
        assert!(has(b"target0.example") && !has(b"target5.example"), "what was removed is gone");
    }
}

#[test]
fn a_backup_of_a_running_server_has_all_that_was_confirmed() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    for number in 0..5 {
        admin.make_link(&format!("https://target.example/{number}"), &format!("s{number}"));
        admin.get(&format!("/{ADMIN}/s{number}"));
    }
    let ended = run(appliance.folder.path(), &["backup"]);
    let copy = made(&ended);
    assert!(ended.stdout.contains(": 1 user, 5 links, 5 clicks\n"), "{}", ended.stdout);
    assert_eq!(copy.parent().unwrap(), appliance.data().canonicalize().unwrap().join("backups"));
    let name = copy.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("linkjar-20") && name.len() == "linkjar-2026-11-20-031500.redb".len(), "{name}");
    assert_eq!((mode(copy.parent().unwrap()), mode(&copy)), (0o700, 0o600));
    let (desk, socket) = (appliance.data().join(".desk"), appliance.data().join(".desk/socket"));
    assert_eq!((mode(&desk), mode(&socket)), (0o700, 0o600));
    let other = serve_copy(&copy);
    assert!(!other.log().contains("not clean"), "{}", other.log());
    let mut browser = Browser::of(&other);
    for number in 0..5 {
        let answer = browser.get(&format!("/{ADMIN}/s{number}"));
        assert_eq!(answer.header("location"), Some(format!("https://target.example/{number}").as_str()));
    }
    let (status, folder) = appliance.stop();
    assert!(status.success());
    assert!(!folder.path().join("data/.desk").exists());
}

#[test]
fn backups_under_eight_writers_are_whole() {
    let appliance = Start::with_busy_admin().run();
    let (stop, copies) = (AtomicBool::new(false), TempDir::new().unwrap());
    // One after the other: passwords are hashed a few at a time.
    let admins: Vec<Browser> = (0..8).map(|_| Browser::admin(&appliance)).collect();
    std::thread::scope(|scope| {
        for (writer, mut admin) in admins.into_iter().enumerate() {
            let stop = &stop;
            scope.spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    admin.make_link("https://target.example/", &format!("w{writer}-{number}"));
                    admin.get(&format!("/{ADMIN}/w{writer}-{number}"));
                }
            });
        }
        for round in 0..3 {
            let copy = copies.path().join(format!("{round}.redb"));
            let ended = run(appliance.folder.path(), &["backup", "--to", copy.to_str().unwrap()]);
            assert_eq!(made(&ended), copy);
            let folder = TempDir::new().unwrap();
            let restored = run(folder.path(), &["restore", copy.to_str().unwrap()]);
            assert_eq!(restored.code(), 0, "{}", restored.stderr);
            let checked = run(folder.path(), &["check"]);
            assert_eq!(checked.code(), 0, "{}{}", checked.stdout, checked.stderr);
            let counts = |text: &str| text[text.find(": ").unwrap()..].trim_end_matches(['.', '\n']).to_owned();
            let line = ended.stdout.lines().nth(1).unwrap();
            assert_eq!(counts(&checked.stdout), format!(": good. {}", &counts(line)[2..]));
        }
        stop.store(true, Ordering::SeqCst);
    });
    assert_eq!(names(copies.path()), ["0.redb", "1.redb", "2.redb"]);
}

#[test]
fn without_a_server_the_command_makes_the_copy_itself() {
    let (_, folder) = Start::with_admin().run().stop();
    let copy = made(&run(folder.path(), &["backup", "--to", "copy.redb"]));
    assert_eq!((mode(&copy), copy), (0o600, folder.path().canonicalize().unwrap().join("copy.redb")));
    let before = fs::read(folder.path().join("copy.redb")).unwrap();
    for (args, words) in [
        (["backup", "--to", "copy.redb"].as_slice(), "copy.redb exists already. Choose another name"),
        (&["backup", "--to", "data"], "data exists already"),
        (&["backup", "--to", "none/copy.redb"], "No such file or directory"),
    ] {
        is_error(&run(folder.path(), args), 1, words);
    }
    assert!(fs::read(folder.path().join("copy.redb")).unwrap() == before);
    is_error(&run(folder.path(), &["backup", "--data-dir", "elsewhere"]), 1, "does not exist");
    assert_eq!(names(folder.path()), ["copy.redb", "data", "stderr.log"]);
    assert_eq!(names(&folder.path().join("data")), ["linkjar.redb"]);
}

#[test]
fn a_running_server_refuses_what_a_command_refuses() {
    let appliance = Start::with_admin().run();
    let folder = appliance.folder.path();
    let copy = made(&run(folder, &["backup", "--to", "copy.redb"]));
    is_error(&run(folder, &["backup", "--to", "copy.redb"]), 1, "copy.redb exists already. Choose another name");
    is_error(&run(folder, &["backup", "--to", "none/copy.redb"]), 1, "No such file or directory");
    std::os::unix::fs::symlink("nowhere", folder.join("link.redb")).unwrap();
    is_error(&run(folder, &["backup", "--to", "link.redb"]), 1, "link.redb exists already");
    assert!(copy.exists());
    assert!(!folder.join("nowhere").exists());
}

#[test]
fn the_desk_stands_odd_words_and_serves_one_at_a_time() {
    let appliance = Start::with_admin().run();
    let ask = |words: &[u8]| {
        let mut stream = UnixStream::connect(appliance.data().join(".desk/socket")).unwrap();
        // It may have heard enough before the end.
        let _ = stream.write_all(words);
        stream
    };
    let answer = |words: &[u8]| {
        let mut text = String::new();
        let _ = ask(words).read_to_string(&mut text);
        text
    };
    for words in [b"nonsense\n".as_slice(), b"\n", b"backups\n", &[b'x'; 20_000]] {
        let text = answer(words);
        assert!(text.is_empty() || text.starts_with("failed failed ") && text.lines().count() == 1, "{text}");
    }
    assert_eq!(answer(b"backup \xff\n"), "");
    let silent = ask(b"");
    // Until its time is up, or it goes.
    is_error(&run(appliance.folder.path(), &["backup"]), 1, "another backup is being made. Try again later.");
    drop(silent);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while run(appliance.folder.path(), &["check"]).code() != 0 {
        assert!(std::time::Instant::now() < deadline);
    }
    made(&run(appliance.folder.path(), &["backup"]));
    is_error(&run(appliance.folder.path(), &["backup", "--to", "a\nb"]), 2, "the file's name is no text");
}

/// A small disk of its own, where this may be mounted; gone when dropped.
struct Disk(TempDir);

impl Disk {
    fn mount() -> Option<Disk> {
        let disk = Disk(TempDir::new().unwrap());
        let mount = ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.0.path().to_str().unwrap()];
        let output = std::process::Command::new("mount").args(mount).output();
        output.is_ok_and(|output| output.status.success()).then_some(disk)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).output();
    }
}

#[test]
fn a_full_disk_keeps_the_backups_it_has() {
    let Some(disk) = Disk::mount() else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let backup = |name: &str| {
        let target = disk.0.path().join(name);
        run(appliance.folder.path(), &["backup", "--to", target.to_str().unwrap()])
    };
    let first = made(&backup("first.redb"));
    // Room for ever less: it ends while copying, or while the copy is examined.
    for free in [64 << 10, 16 << 10, 0] {
        admin.make_link("https://target.example/", &format!("s{free}"));
        let used = fs::metadata(&first).unwrap().blocks() * 512;
        let filler = vec![1; usize::try_from((8 << 20) - used - free).unwrap()];
        fs::write(disk.0.path().join("filler"), filler).unwrap();
        is_error(&backup("second.redb"), 1, "no backup was made");
        assert_eq!(names(disk.0.path()), ["filler", "first.redb"]);
        fs::remove_file(disk.0.path().join("filler")).unwrap();
    }
    made(&backup("second.redb"));
    let checked = run(appliance.folder.path(), &["check"]);
    assert_eq!(checked.code(), 0, "the data file and its server are well: {}", checked.stderr);
}

#[test]
fn killed_in_the_middle_nothing_has_the_final_name_and_the_next_one_tidies_up() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://target.example/", "a");
    let folder = appliance.folder.path().to_owned();
    let first = made(&run(&folder, &["backup"]));
    let copies = first.parent().unwrap().to_owned();
    let asking = std::thread::spawn(move || run(&folder, &["backup", "--to", "data/backups/second.redb"]));
    // As soon as something is there, whatever it is.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while names(&copies).len() < 2 && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    let folder = appliance.kill();
    let ended = asking.join().unwrap();
    let left = names(&copies);
    assert!(first.exists());
    if ended.code() == 0 {
        assert!(left.contains(&"second.redb".to_owned()), "{left:?}");
    } else {
        is_error(&ended, 1, "the server broke off");
    }
    made(&run(folder.path(), &["backup", "--to", "data/backups/third.redb"]));
    assert!(names(&copies).iter().all(|name| !name.contains("partial")), "{:?}", names(&copies));
    for name in names(&copies) {
        let ended = run(folder.path(), &["restore", "--verify", copies.join(&name).to_str().unwrap()]);
        assert_eq!(ended.code(), 0, "{name}: {}", ended.stderr);
    }
}

/// Makes links until the server is gone. Returns how many were confirmed.
fn make_links(admin: &Browser, token: &str, prefix: &str) -> u64 {
    for number in 0.. {
        let body = format!("csrf_token={token}&target_url=example.com&slug={prefix}-{number}&enabled=1");
        match try_send(admin.address, &post_head("/links/new", &admin.cookies), &body) {
            Some(page) if page.status == 303 => {}
            _ => return number,
        }
    }
    0
}

#[test]
fn killed_while_a_backup_is_made_what_got_its_name_has_all_that_was_confirmed_before() {
    let mut appliance = Some(Start::with_busy_admin().run());
    let mut admin = Browser::admin(appliance.as_ref().unwrap());
    let backup = |folder: &Path, name: &str| run(folder, &["backup", "--to", &format!("data/backups/{name}.redb")]);
    let begun = Instant::now();
    made(&run(appliance.as_ref().unwrap().folder.path(), &["backup"]));
    let whole = begun.elapsed();
    let (mut links, mut named) = (0, 0);
    let links_in = |copy: &Path| -> u64 {
        let elsewhere = TempDir::new().unwrap();
        let restored = run(elsewhere.path(), &["restore", copy.to_str().unwrap()]);
        assert_eq!(restored.code(), 0, "{}", restored.stderr);
        let checked = run(elsewhere.path(), &["check", "--json"]);
        assert_eq!(checked.code(), 0, "{}{}", checked.stdout, checked.stderr);
        serde_json::from_str::<serde_json::Value>(&checked.stdout).unwrap()["links"].as_u64().unwrap()
    };
    chance::rounds(3, |seed| {
        let current = appliance.take().unwrap();
        let (folder, copies) = (current.folder.path().to_owned(), current.data().join("backups"));
        let token = admin.open("/links/new").token();
        let (again, confirmed) = std::thread::scope(|scope| {
            let admin = &admin;
            let writer = scope.spawn(move || make_links(admin, &token, &format!("w{seed}")));
            scope.spawn(|| backup(&folder, &format!("round-{seed}")));
            let ms = u64::try_from(whole.as_millis()).unwrap();
            Delays::new(seed).pause(ms + ms / 2 + 1);
            (current.restart_after_kill(), writer.join().unwrap())
        });
        follow(&again, &mut admin);
        let copy = copies.join(format!("round-{seed}.redb"));
        if copy.exists() {
            named += 1;
            let found = links_in(&copy);
            assert!((links..=links + confirmed + 1).contains(&found), "{found} of {links} and {confirmed}");
        }
        links = links_in(&made(&backup(again.folder.path(), &format!("after-{seed}"))));
        assert!(names(&copies).iter().all(|name| !name.contains("partial")), "{:?}", names(&copies));
        appliance = Some(again);
    });
    println!("{named} had got their names within {whole:?}");
}
