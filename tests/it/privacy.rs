//! What is kept of visitors: no more than the settings say, and the page says what they say.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::appliance::{ADMIN, Appliance, Start, run_command};
use crate::backup::names;
use crate::browser::Browser;
use crate::restart::wait_until;

const V4: &str = "203.0.113.77";
const V6: &str = "2001:db8:1:2::9";

/// A server with these settings, behind a proxy whose word counts. An administrator exists.
fn with_settings(changes: &[&str]) -> Appliance {
    let (status, folder) = Start::with_admin().run().stop();
    assert!(status.success());
    for change in changes {
        let ended = run_command(folder.path(), &["settings", change], "");
        assert_eq!(ended.code(), 0, "{}", ended.stderr);
    }
    Start::with_admin().folder(folder).env("SERVER_TRUSTED_PROXIES", "loopback").run()
}

/// Follows links, good and bad, from an address in every spelling that a proxy may use.
fn visit(appliance: &Appliance, slug: &str) {
    let mapped = format!("::ffff:{V4}");
    for address in [V4, V6, &mapped] {
        for agent in ["Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "curl/8.5.0", ""] {
            for path in [format!("/{ADMIN}/{slug}"), format!("/{ADMIN}/nothing"), "/nobody".to_owned()] {
                let mut visitor = Browser::of(appliance);
                visitor.header("User-Agent", agent);
                visitor.header("X-Forwarded-For", address);
                visitor.get(&path);
            }
        }
    }
}

/// Which of some byte strings are in a file of a folder.
fn found_in(folder: &Path, wanted: &[Vec<u8>]) -> Vec<bool> {
    let mut found = vec![false; wanted.len()];
    let (mut waiting, mut files) = (vec![folder.to_owned()], 0);
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            files += 1;
            let bytes = fs::read(&path).unwrap();
            for (found, wanted) in found.iter_mut().zip(wanted) {
                *found |= bytes.windows(wanted.len()).any(|window| window == wanted);
            }
        }
    }
    assert!(files > 0);
    found
}

#[test]
fn the_whole_address_is_nowhere_unless_the_setting_says_so() {
    for (policy, shown) in
        [("never", None), ("shorten", Some(["203.0.113.0", "2001:db8:1::"])), ("store", Some([V4, V6]))]
    {
        let appliance = with_settings(&[&format!("clicks.addresses={policy}")]);
        let mut admin = Browser::admin(&appliance);
        let id = admin.make_link("https://example.com/", "promo");
        visit(&appliance, "promo");
        let page = admin.open(&format!("/links/{id}?bots=1"));
        assert_eq!(page.clicks(), (3, 6));
        for address in ["203.0.113.0", "2001:db8:1::", V4, V6] {
            let is_shown = shown.is_some_and(|shown| shown.contains(&address));
            assert_eq!(page.text().split(' ').any(|word| word == address), is_shown, "{policy}: {address}");
        }
        for file in ["clicks.csv", "clicks.jsonl"] {
            let file = admin.download(&format!("/links/{id}/{file}")).body;
            for address in ["203.0.113.0", "2001:db8:1::", V4, V6] {
                let is_shown = shown.is_some_and(|shown| shown.contains(&address));
                assert_eq!(file.contains(&format!("\"{address}\"")), is_shown, "{policy}: {address}");
            }
        }
        let log = appliance.log();
        assert!(log.contains("INFO") && !log.contains(V4) && !log.contains(V6), "{policy}: {log}");
        let v4: Ipv4Addr = V4.parse().unwrap();
        let v6: Ipv6Addr = V6.parse().unwrap();
        let wanted = [V4.into(), V6.into(), v4.octets().to_vec(), v6.octets().to_vec()];
        let stores = policy == "store";
        let kept = [false, false, stores, stores];
        assert_eq!(found_in(&appliance.data(), &wanted), kept, "{policy}: while it runs");
        let (_, folder) = appliance.stop();
        assert_eq!(found_in(&folder.path().join("data"), &wanted), kept, "{policy}: when it has stopped");
    }
}

#[test]
fn whole_addresses_of_earlier_visits_are_shown_no_longer_when_less_is_kept() {
    let mut appliance = with_settings(&["clicks.addresses=store"]);
    let id = Browser::admin(&appliance).make_link("https://example.com/", "promo");
    visit(&appliance, "promo");
    for (policy, shown) in [("store", [V4, V6]), ("shorten", ["203.0.113.0", "2001:db8:1::"]), ("never", ["", ""])] {
        let (_, folder) = appliance.stop();
        let ended = run_command(folder.path(), &["settings", &format!("clicks.addresses={policy}")], "");
        assert_eq!(ended.code(), 0, "{}", ended.stderr);
        appliance = Start::with_admin().folder(folder).env("SERVER_TRUSTED_PROXIES", "loopback").run();
        let mut admin = Browser::admin(&appliance);
        let page = admin.open(&format!("/links/{id}?bots=1"));
        assert_eq!(page.clicks(), (3, 6));
        let paths =
            [format!("/links/{id}/clicks.csv"), format!("/links/{id}/clicks.jsonl"), "/links/clicks.csv".to_owned()];
        let files = paths.map(|path| admin.download(&path).body);
        for address in ["203.0.113.0", "2001:db8:1::", V4, V6] {
            let is_shown = shown.contains(&address);
            assert_eq!(page.text().split(' ').any(|word| word == address), is_shown, "{policy}: {address}");
            for file in &files {
                assert_eq!(file.contains(&format!("\"{address}\"")), is_shown, "{policy}: {address}");
            }
        }
        admin.open("/privacy").says("no more of it is shown than is kept now");
    }
}

/// A folder whose data file has lost a click with a whole address, and still has its bytes.
fn folder_with_remains() -> TempDir {
    let appliance = with_settings(&["clicks.addresses=store"]);
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    visit(&appliance, "promo");
    assert_eq!(admin.open(&format!("/links/{id}?bots=1")).clicks(), (3, 6));
    // There is a place where counting is once it has begun.
    wait_until("counting", || found_in(&appliance.data(), &[b"ingest".to_vec()]) == [true]);
    let path = format!("/links/{id}/delete");
    assert_eq!(admin.submit(&path, &path, &[]).status, 303);
    // Housekeeping removes the clicks soon after a start, and leaves a mark.
    let (_, folder) = appliance.stop();
    let again = Start::with_admin().folder(folder).run();
    wait_until("the mark", || found_in(&again.data(), &[b"remains".to_vec()]) == [true]);
    let (_, folder) = again.stop();
    assert_eq!(found_in(&folder.path().join("data"), &raw_addresses()), [true; 2], "else nothing is tried here");
    folder
}

fn raw_addresses() -> [Vec<u8>; 2] {
    let (v4, v6): (Ipv4Addr, Ipv6Addr) = (V4.parse().unwrap(), V6.parse().unwrap());
    [v4.octets().to_vec(), v6.octets().to_vec()]
}

#[test]
fn a_start_leaves_nothing_of_removed_addresses_and_a_kill_in_the_middle_nothing_by_half() {
    let marked = folder_with_remains();
    let file = fs::read(marked.path().join("data/linkjar.redb")).unwrap();
    let again = Start::with_admin().folder(marked).run();
    assert!(again.log().contains("wrote the data file anew"), "{}", again.log());
    assert_eq!(Browser::admin(&again).open("/links").status, 200);
    let (_, folder) = again.stop();
    let wanted = [raw_addresses().as_slice(), &[V4.into(), V6.into()]].concat();
    assert_eq!(found_in(folder.path(), &wanted), [false; 4]);

    let (mut inside, mut behind) = (0, 0);
    for at in 0..60 {
        if inside >= 6 && behind >= 2 {
            break;
        }
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("linkjar.redb"), &file).unwrap();
        let new_file = data.join("linkjar.redb.renewing");
        let mut command = Command::new(env!("CARGO_BIN_EXE_linkjar"));
        let command = command.env_clear().current_dir(folder.path()).args(["user", "list"]).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        while !new_file.exists() && child.try_wait().unwrap().is_none() {}
        if behind < 2 && at % 2 == 1 {
            while new_file.exists() && child.try_wait().unwrap().is_none() {}
        } else {
            // A little further in each time.
            std::thread::sleep(Duration::from_micros(300 * at));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let is_new = found_in(&data, &raw_addresses()) == [false; 2];
        if new_file.exists() {
            assert!(!is_new, "it is the old one until the new one has its name");
            inside += 1;
        } else {
            assert!(is_new, "nobody was there before the kill but whoever wrote it anew");
            behind += 1;
        }
        let ended = run_command(folder.path(), &["user", "list"], "");
        assert!(ended.code() == 0 && ended.stdout.contains(ADMIN), "{}", ended.stderr);
        assert_eq!(names(&data), ["linkjar.redb"]);
        assert_eq!(found_in(folder.path(), &raw_addresses()), [false; 2]);
        assert_eq!(run_command(folder.path(), &["check"], "").code(), 0);
    }
    assert!(inside >= 6 && behind >= 2, "{inside} inside, {behind} behind");
}

#[test]
fn the_page_says_what_the_settings_say_and_needs_no_login() {
    for (settings, says, does_not_say) in [
        (
            &[][..],
            &["without its last part", "removed after 90 days", "Backups are made daily. The newest 7"][..],
            &["the whole network address."][..],
        ),
        (
            &["clicks.addresses=never", "clicks.keep-days=1"],
            &["nothing of the network address", "removed after 1 day,"],
            &["without its last part"],
        ),
        (
            &["clicks.addresses=store", "clicks.keep-days=forever"],
            &["the whole network address.", "kept until their link is deleted", "a line for every request"],
            &["without its last part", "are removed after"],
        ),
    ] {
        let appliance = with_settings(settings);
        let page = Browser::of(&appliance).open("/privacy");
        says.iter().for_each(|words| page.says(words));
        does_not_say.iter().for_each(|words| page.does_not_say(words));
        for path in ["/", "/accounts/login"] {
            assert!(Browser::of(&appliance).open(path).body.contains("href=\"/privacy\""), "{path}");
        }
    }
    let appliance = Start::with_admin().env("SERVER_BACKUP_KEEP", "0").run();
    let page = Browser::of(&appliance).open("/privacy");
    page.does_not_say("Backups are made");
    page.says("These stay, with all that was in them, until somebody removes them.");
    page.says("The log names the network address");
}

#[test]
fn browsers_are_told_that_their_signal_is_honoured() {
    let appliance = Start::with_admin().run();
    let told = Browser::of(&appliance).open("/.well-known/gpc.json");
    assert_eq!(told.header("content-type"), Some("application/json"));
    assert!(told.set_cookies().is_empty());
    let told: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(told["gpc"], true);
    let date = told["lastUpdate"].as_str().unwrap();
    assert_eq!((date.len(), date.matches('-').count()), (10, 2), "{date}");
}
