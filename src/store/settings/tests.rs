//! Settings take what they show, and files of every version have all of them.

use super::*;
use crate::store::tests::{fresh, open, tamper};

#[test]
fn each_setting_takes_what_it_shows_and_nothing_else() {
    for (key, good, bad) in [
        ("site.name", &["Our links", "x"][..], &["", " ", "a\nb"][..]),
        ("site.home", &["", "https://example.com/", "http://192.168.0.1/"], &["/links", "javascript:alert(1)", "a b"]),
        ("accounts.registration", &["open", "invite", "closed"], &["", "Open", "yes"]),
        ("accounts.links-max", &["1", "1000000", "unlimited"], &["", "0", "1000001", "-1", "+5", "1,000", "forever"]),
        ("links.per-minute", &["1", "10000", "unlimited"], &["", "0", "10001", "-1", "60.0", "060"]),
        ("clicks.addresses", &["never", "shorten", "store"], &["", "always"]),
        ("clicks.keep-days", &["1", "90", "3650", "forever"], &["", "0", "3651", "-1", "90 days", "1.5", "never"]),
        ("links.blocked-hosts", &["", "a.example", "a.example,b.example"], &["a b", "http://a.example/"]),
        ("links.redirect", &["302", "301"], &["", "303", "0302", "+301", "permanent"]),
        ("links.private", &["allow", "refuse"], &["", "no"]),
    ] {
        let setting = SETTINGS.iter().find(|setting| setting.key == key).unwrap();
        let mut settings = Settings::default();
        for value in good {
            (setting.change)(&mut settings, value).unwrap();
            assert_eq!((setting.show)(&settings), *value, "{key}");
        }
        let before = settings.clone();
        for value in bad {
            (setting.change)(&mut settings, value).unwrap_err();
            assert_eq!(settings, before, "{key}={value}");
        }
    }
}

#[test]
fn the_list_of_hosts_is_as_long_as_a_form_takes_and_no_longer() {
    let mut settings = Settings::default();
    let names = |count: usize| vec!["abc.example"; count].join(",");
    let most = (BLOCKED_HOSTS_BYTES_MAX + 1) / 12;
    set_blocked_hosts(&mut settings, &names(most)).unwrap();
    assert!(set_blocked_hosts(&mut settings, &names(most + 1)).unwrap_err().contains("8192"));
    assert_eq!(settings.blocked_hosts.as_slice().len(), most);
}

#[test]
fn settings_of_a_file_from_before_there_was_an_end_of_keeping_have_the_usual_one() {
    let (folder, store) = fresh();
    let before = record::SettingsRecord1 {
        site_name: "Ours".to_owned(),
        registration: "closed".to_owned(),
        addresses: "store".to_owned(),
        blocked_hosts: Vec::new(),
        private_targets: true,
    };
    store.close();
    tamper(folder.path(), tables::META, KEY, &record::encode(&before).unwrap());
    let (store, _) = open(folder.path()).unwrap();
    let settings = store.settings().unwrap();
    assert_eq!((settings.site_name.as_str(), settings.keep_days), ("Ours", Some(CLICK_KEEP_DAYS)));
    assert_eq!(settings.links_per_minute, Some(LINKS_PER_MINUTE));
    let home = Target::from_stored("https://example.com/".to_owned());
    let (links_per_user, redirects) = (Some(3), Redirects::Lasting);
    let kept = Settings { keep_days: None, home, links_per_user, redirects, links_per_minute: None, ..settings };
    store.put_settings(kept.clone()).unwrap();
    assert_eq!(store.settings().unwrap(), kept);
}
