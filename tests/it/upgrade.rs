//! Data files of earlier formats, as their own programs wrote them: each opens, and shows the numbers it showed then.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::appliance::{ADMIN, Ended, Start, run_command};
use crate::backup::names;
use crate::browser::Browser;
use crate::command_line::is_error;

/// The administrator's links, people and bots of each; and one that was deleted, with 30 people.
const LINKS: &[(&str, &str, (u64, u64))] = &[
    ("docs", "https://example.com/docs", (600, 200)),
    ("news", "https://news.example/today", (300, 100)),
    ("quiet", "https://quiet.example/", (0, 0)),
];
const FORMATS: &[(u32, &[u8])] = &[
    (1, include_bytes!("../data/format-1.redb")),
    (2, include_bytes!("../data/format-2.redb")),
    (3, include_bytes!("../data/format-3.redb")),
];

/// A folder with a data file, for its owner alone.
fn folder_with(file: &[u8]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let mut options = fs::OpenOptions::new();
    let mut created = options.write(true).create_new(true).mode(0o600).open(data.join("linkjar.redb")).unwrap();
    std::io::Write::write_all(&mut created, file).unwrap();
    folder
}

fn data_file(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("data/linkjar.redb")).unwrap()
}

/// Starts on a folder and compares everything with what the old program showed.
fn is_all_there(folder: TempDir) -> (String, TempDir) {
    let appliance = Start::with_admin().folder(folder).run();
    let mut admin = Browser::admin(&appliance);
    let list = admin.open("/links?sort=oldest");
    let ids: Vec<&str> = list.body.split("<a class=\"address\" href=\"/links/").skip(1).collect();
    assert_eq!(ids.len(), LINKS.len());
    for (row, (slug, target, clicks)) in ids.iter().zip(LINKS) {
        let page = admin.open(&format!("/links/{}?range=all", row.split_once('"').unwrap().0));
        page.says(target);
        assert_eq!(page.clicks(), *clicks, "{slug}");
        // Of nobody who counts.
        let answer = admin.send("HEAD", &format!("/{ADMIN}/{slug}"), &[], None);
        assert_eq!(answer.header("location"), Some(*target));
    }
    assert_eq!(admin.send("HEAD", &format!("/{ADMIN}/gone"), &[], None).header("location"), None);
    let log = appliance.log();
    (log, appliance.stop().1)
}

#[test]
fn files_of_every_format_open_and_show_what_they_showed() {
    for (format, file) in FORMATS {
        let (log, folder) = is_all_there(folder_with(file));
        assert!(log.contains(&format!("brought the data file from format {format} to format")), "{log}");
        let kept = names(&folder.path().join("data/backups"));
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert!(fs::read(folder.path().join("data/backups").join(&kept[0])).unwrap() == *file);
        let (log, folder) = is_all_there(folder);
        assert!(!log.contains("brought the data file"), "{log}");
        // Whoever regrets it has a way back, which leads here again.
        let old = format!("data/backups/{}", kept[0]);
        let ended = run_command(folder.path(), &["restore", &old], "");
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""));
        is_all_there(folder);
    }
}

#[test]
fn migrate_does_without_serving_what_its_trial_says() {
    for (format, file) in FORMATS {
        let folder = folder_with(file);
        let run = |args: &[&str]| -> Ended { run_command(folder.path(), args, "") };
        is_error(&run(&["check"]), 1, &format!("of format {format}, this is format "));
        let tried = run(&["migrate", "--dry-run"]);
        assert_eq!((tried.code(), tried.stderr.as_str()), (0, ""));
        let words = format!("data/linkjar.redb can go from format {format} to format ");
        assert!(tried.stdout.starts_with(&words), "{}", tried.stdout);
        assert!(tried.stdout.contains(": 1 user, 3 links, 1,200 clicks, in "), "{}", tried.stdout);
        assert!(tried.stdout.ends_with(" s. Nothing was changed.\n"), "{}", tried.stdout);
        assert!(data_file(folder.path()) == *file);
        assert_eq!(names(&folder.path().join("data")), ["linkjar.redb"]);
        let done = run(&["migrate"]);
        assert_eq!((done.code(), done.stderr.as_str()), (0, ""));
        assert!(done.stdout.contains(": 1 user, 3 links, 1,200 clicks, in "), "{}", done.stdout);
        assert!(done.stdout.contains("\nWhat was there before is data/backups/before-format-"), "{}", done.stdout);
        for args in [["migrate"].as_slice(), &["migrate", "--dry-run"]] {
            let said = "data/linkjar.redb is of the format of this version. There is nothing to do.\n";
            assert_eq!(run(args).stdout, said);
        }
        is_all_there(folder);
    }
    let folder = TempDir::new().unwrap();
    is_error(&run_command(folder.path(), &["migrate"], ""), 1, "data/linkjar.redb does not exist");
    let appliance = Start::with_admin().run();
    for args in [["migrate"].as_slice(), &["migrate", "--dry-run"]] {
        is_error(&run_command(appliance.folder.path(), args, ""), 3, "in use by a running server. Stop it first");
    }
}

#[test]
fn a_signal_in_the_middle_ends_it_well() {
    for (_, file) in FORMATS {
        let folder = folder_with(file);
        let mut child = Command::new(env!("CARGO_BIN_EXE_linkjar"))
            .env_clear()
            .env("SERVER_PORT", "0")
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let half = folder.path().join("data/linkjar.redb.upgrading");
        while !half.exists() && data_file(folder.path()) == *file {
            std::thread::sleep(Duration::from_millis(1));
        }
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        is_all_there(folder);
    }
}

#[test]
fn a_kill_in_the_middle_leaves_the_old_file_or_the_new() {
    let (_, file) = FORMATS[0];
    let start = Instant::now();
    assert_eq!(run_command(folder_with(file).path(), &["migrate"], "").code(), 0);
    let (whole, kills) = (start.elapsed(), 20);
    let (mut old, mut new) = (0, 0);
    for at in 0..kills {
        let folder = folder_with(file);
        let mut child = Command::new(env!("CARGO_BIN_EXE_linkjar"))
            .env_clear()
            .current_dir(folder.path())
            .arg("migrate")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * at / kills + Duration::from_millis(1));
        child.kill().unwrap();
        child.wait().unwrap();
        if data_file(folder.path()) == file {
            old += 1
        } else {
            new += 1
        }
        let (_, folder) = is_all_there(folder);
        assert_eq!(names(&folder.path().join("data")), ["backups", "linkjar.redb"]);
        assert_eq!(names(&folder.path().join("data/backups")).len(), 1);
    }
    println!("killed {kills} times within {whole:?}: {old} old, {new} new");
    assert!(old > 0);
}
