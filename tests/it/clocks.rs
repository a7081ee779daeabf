//! Where the machine is, as far as its clock is concerned.

use std::fs;

use crate::appliance::{Appliance, Start};
use crate::browser::Browser;

/// What a person sees of the numbers: pages with days and hours, and the table of links.
fn seen(zone: &str, file: &[u8]) -> (String, Appliance) {
    let start = Start::with_admin().env("TZ", zone);
    fs::create_dir(start.data()).unwrap();
    fs::write(start.data().join("linkjar.redb"), file).unwrap();
    let appliance = start.run();
    let mut admin = Browser::admin(&appliance);
    let list = admin.open("/links?sort=oldest").body;
    let id = list.split("<a class=\"address\" href=\"/links/").nth(1).unwrap().split('"').next().unwrap();
    let paths = [format!("/links/{id}?range=all"), format!("/links/{id}?range=12m"), "/links/export.csv".to_owned()];
    let texts: Vec<String> = paths.iter().map(|path| admin.open(path).text()).collect();
    (texts.join("\n").replace(&appliance.address.to_string(), "HERE"), appliance)
}

#[test]
fn days_and_hours_are_the_same_wherever_the_machine_is() {
    let file = include_bytes!("../data/format-1.redb");
    let (at_home, _) = seen("UTC", file);
    assert!(at_home.contains("28 Nov 2026"), "{at_home}");
    for zone in ["Pacific/Kiritimati", "America/Los_Angeles"] {
        let (there, appliance) = seen(zone, file);
        assert_eq!(there, at_home, "{zone}");
        let log = appliance.log();
        assert!(log.lines().all(|line| !line.starts_with("20") || line.get(19..20) == Some("Z")), "{log}");
    }
}
