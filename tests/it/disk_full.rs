//! The server on a small file system of its own that somebody else fills.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::appliance::{ADMIN, Appliance, Start, run_command};
use crate::browser::Browser;
use crate::command_line::is_error;

/// Writing goes on within this time after there is room again.
const HEALED_WITHIN: Duration = Duration::from_secs(10);

/// A file system in memory, gone when dropped.
struct Mounted(PathBuf);

impl Mounted {
    /// `None`, and the reason printed, where we may not mount anything.
    fn at(folder: &Path, megabytes: u32) -> Option<Mounted> {
        fs::create_dir(folder).unwrap();
        let size = format!("size={megabytes}m,mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        match mounted {
            Ok(done) if done.status.success() => Some(Mounted(folder.to_owned())),
            Ok(done) => {
                println!("skipped: no file system of one's own here: {}", String::from_utf8_lossy(&done.stderr).trim());
                None
            }
            Err(error) => {
                println!("skipped: there is no mount here: {error}");
                None
            }
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // A server that is still there keeps it until it ends.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Takes all the room there is.
fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("filler");
    let mut file = File::create(&path).unwrap();
    let (large, small) = (vec![1_u8; 1 << 20], [1_u8; 4096]);
    while file.write_all(&large).is_ok() {}
    while file.write_all(&small).is_ok() {}
    path
}

fn follow(appliance: &Appliance, times: u64) {
    let mut visitor = Browser::of(appliance);
    for _ in 0..times {
        assert_eq!(visitor.get(&format!("/{ADMIN}/promo")).status, 302);
    }
}

#[test]
fn redirects_go_on_while_the_disk_is_full_and_writing_heals_by_itself() {
    let start = Start::with_admin();
    let data = start.data();
    let Some(_mounted) = Mounted::at(&data, 32) else { return };
    let appliance = start.run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    follow(&appliance, 20);
    let filler = fill(&data);
    // The room is looked at once in a second.
    thread::sleep(Duration::from_millis(1_100));
    follow(&appliance, 50);
    let refused =
        admin.submit("/links/new", "/links/new", &[("target_url", "https://kept.example/"), ("slug", "kept")]);
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("8")));
    refused.says("Not Saved The server's disk is full; nothing was changed.");
    let health = admin.get("/health/");
    assert_eq!((health.status, health.body.as_str()), (200, "{\"status\":\"healthy\",\"database\":\"connected\"}"));
    assert_eq!(admin.open(&format!("/links/{id}")).clicks(), (70, 0), "pages show the clicks that wait");
    assert!(appliance.log().contains("the disk is nearly full: 0 MB are free"), "{}", appliance.log());
    let elsewhere = run_command(appliance.folder.path(), &["backup"], "");
    is_error(&elsewhere, 1, "no backup was made: it may take");
    let saved = run_command(appliance.folder.path(), &["backup", "--to", "elsewhere.redb"], "");
    assert_eq!((saved.code(), saved.stderr.as_str()), (0, ""), "a full disk is a reason to make one elsewhere");
    fs::remove_file(filler).unwrap();
    let freed = Instant::now();
    while !appliance.log().contains("there is room on the disk again") {
        assert!(freed.elapsed() < HEALED_WITHIN, "{}", appliance.log());
        thread::sleep(Duration::from_millis(20));
    }
    let again = admin.submit_on(&refused, "/links/new", &[]);
    assert_eq!(again.status, 303, "{}", again.body);
    assert!(freed.elapsed() < HEALED_WITHIN);
    assert_eq!(admin.get(&format!("/{ADMIN}/kept")).header("location"), Some("https://kept.example/"));
    let (status, folder) = appliance.stop();
    assert!(status.success());
    let ended = run_command(folder.path(), &["check"], "");
    assert!(ended.stdout.contains(": good. 1 user, 2 links, 71 clicks."), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_disk_that_is_full_at_the_start_serves_what_is_there() {
    let start = Start::with_admin();
    let data = start.data();
    let Some(_mounted) = Mounted::at(&data, 32) else { return };
    let appliance = start.run();
    Browser::admin(&appliance).make_link("https://example.com/", "promo");
    fill(&data);
    let appliance = appliance.restart_after_kill();
    follow(&appliance, 5);
    assert_eq!(Browser::of(&appliance).get("/health/").status, 200);
}
