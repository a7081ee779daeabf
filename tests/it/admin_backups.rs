//! Backups from the page of settings.

use std::fs;
use std::time::{Duration, Instant};

use crate::appliance::{ADMIN, Start, run_command};
use crate::browser::Browser;
use crate::connection::Connection;

const DOWNLOAD: &str = "/admin/backups/download";

#[test]
fn a_backup_is_made_beside_everything_else_and_can_be_taken_away() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    admin.make_link("https://example.com/", "promo");
    let page = admin.open("/admin/settings");
    page.says("There are none yet.");
    let asked = admin.submit_on(&page, "/admin/backups", &[]);
    assert_eq!((asked.status, asked.header("location")), (303, Some("/admin/settings")));
    admin.open("/admin/settings").says("A backup is being made.");
    let end = Instant::now() + Duration::from_secs(60);
    let page = loop {
        let page = admin.open("/admin/settings");
        if page.body.contains(DOWNLOAD) && !page.text().contains("being made") {
            break page;
        }
        assert!(Instant::now() < end, "{}\n{}", page.text(), appliance.log());
        std::thread::sleep(Duration::from_millis(50));
    };
    admin.open("/admin").says("examined when it was made");
    let offered = page.form(DOWNLOAD);
    let name = &offered.iter().find(|(name, _)| name == "name").unwrap().1;
    for odd in ["", "linkjar.redb", "../linkjar.redb", "linkjar-2020-01-01.redb"] {
        let none = admin.submit_on(&page, DOWNLOAD, &[("name", odd)]);
        assert_eq!(none.status, 404, "{odd}");
    }
    // A client of HTTP/1.1 is sent chunks; their framing is not the file's.
    let file = admin.submit_on(&page, DOWNLOAD, &[]);
    let disposition = format!("attachment; filename=\"{name}\"");
    assert_eq!((file.status, file.header("content-disposition")), (200, Some(disposition.as_str())));
    assert_eq!(file.header("cache-control"), Some("no-store"));
    let (mut bytes, mut rest) = (Vec::new(), file.bytes.as_slice());
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        bytes.extend(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
        if size == 0 {
            break;
        }
    }
    let kept = appliance.data().join("backups").join(name);
    assert!(bytes == fs::read(kept).unwrap(), "byte for byte");
    let log = appliance.log();
    for words in ["backup asked for", "backup made", "backup downloaded"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let (_, folder) = appliance.stop();
    let elsewhere = folder.path().join("taken.redb");
    fs::write(&elsewhere, bytes).unwrap();
    fs::remove_file(folder.path().join("data/linkjar.redb")).unwrap();
    let ended = run_command(folder.path(), &["restore", elsewhere.to_str().unwrap()], "");
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
    let again = Start::empty().folder(folder).run();
    assert_eq!(Browser::of(&again).get(&format!("/{ADMIN}/promo")).status, 302);
}

#[test]
fn a_backup_that_comes_to_nothing_is_told_of() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    // Something else stands where the folder should be.
    fs::write(appliance.data().join("backups"), "x").unwrap();
    let page = admin.open("/admin/settings");
    assert_eq!(admin.submit_on(&page, "/admin/backups", &[]).status, 303);
    let end = Instant::now() + Duration::from_secs(30);
    while !admin.open("/admin").text().contains("The last backup came to nothing") {
        assert!(Instant::now() < end, "{}", appliance.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(appliance.log().contains("was not made"), "{}", appliance.log());
}

#[test]
fn a_download_ends_when_its_reader_logs_out() {
    const BYTES: usize = 16 << 20;
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    // Nothing but its name matters here, and that no socket holds all of it.
    let backups = appliance.data().join("backups");
    fs::create_dir_all(&backups).unwrap();
    let file = fs::File::create(backups.join("linkjar-2026-11-20.redb")).unwrap();
    file.set_len(BYTES as u64).unwrap();
    let page = admin.open("/admin/settings");
    let body = format!("csrf_token={}&name=linkjar-2026-11-20.redb", page.token());
    let request = format!(
        "POST {DOWNLOAD} HTTP/1.1\r\nConnection: close\r\nHost: {}\r\nCookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        appliance.address,
        admin.cookies(),
        body.len()
    );
    let ask = || {
        let mut reader = Connection::open(appliance.address);
        reader.send(request.as_bytes());
        assert_eq!(reader.answer(true).status, 200);
        reader
    };
    assert!(ask().rest().len() > BYTES, "whole, while somebody is logged in");
    let mut reader = ask();
    assert_eq!(admin.submit("/accounts/profile", "/accounts/logout", &[]).status, 303);
    let rest = reader.rest();
    assert!(rest.len() < BYTES && !rest.ends_with("0\r\n\r\n"), "{} bytes came", rest.len());
}
