//! Which passwords are taken, what their hashes are worth, and who gets in at the gate.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;

const TINY: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
const SALT: [u8; SALT_BYTES] = [7; SALT_BYTES];
const CONTEXT: [&str; 6] = ["anna-maria", "am.long@mail.example", "am.long", "Our Links", "go.example", "linkjar"];

fn tiny() -> Hasher {
    Hasher::new(1, 4, TINY)
}

fn check_as(strength: Strength, password: &str, result: Result<(), PasswordError>) {
    assert_eq!(check(password, strength, &CONTEXT), result, "{password:?}");
}

fn accepted(password: &str) {
    check_as(Strength::User, password, Ok(()));
}

fn refused(password: &str, error: PasswordError) {
    check_as(Strength::User, password, Err(error));
}

#[test]
fn length_counts_code_points_at_the_low_end_and_bytes_at_the_high_end() {
    refused("", PasswordError::TooShort { min: 8 });
    refused("xk4-pq7", PasswordError::TooShort { min: 8 });
    refused("üüüüüüü", PasswordError::TooShort { min: 8 });
    accepted("xk4-pq7v");
    accepted("üöäüöäüö");
    let short = Err(PasswordError::TooShort { min: 12 });
    check_as(Strength::Administrator, "xk4-pq7v-22", short);
    check_as(Strength::Administrator, "xk4-pq7v-223", Ok(()));
    accepted(&"xk4-pq7v".repeat(128));
    refused(&format!("{}!", "xk4-pq7v".repeat(128)), PasswordError::TooLong);
    refused(&"ü".repeat(513), PasswordError::TooLong);
}

#[test]
fn common_passwords_and_short_numbers_are_refused() {
    for password in ["password", "PASSWORD", "Password1", "12345678", "qwertyuiop", "iloveyou", "trustno1"] {
        refused(password, PasswordError::Common);
    }
    for password in ["73912846", "739128460173918"] {
        refused(password, PasswordError::OnlyDigits);
    }
    accepted("7391284601739182");
    accepted("73912846x");
    // Exactly as sent: a space makes another password.
    accepted("password ");
    accepted(" password");
}

#[test]
fn passwords_like_the_person_or_the_site_are_refused() {
    for password in [
        "anna-maria",
        "ANNA-Maria",
        "anna-maria1",
        "1am.long2",
        "AM.Long@mail.example",
        "long@mail",
        "our links",
        "our links 99",
        "go.example",
        "linkjar1",
        "linkjar-linkj",
        "linkjarlinkjarlinkjar",
        "LinkJarLinkJ",
    ] {
        refused(password, PasswordError::LikeYou);
    }
    for password in ["linkjar-linkja", "linkjar and my dog", "annamaria-", "go.exam-ple"] {
        accepted(password);
    }
    for password in ["bobbobbob", "BobBobBobB", "bobbobbobbobbobbob"] {
        assert_eq!(check(password, Strength::User, &["bob", ""]), Err(PasswordError::LikeYou), "{password}");
    }
    // Short words count only when they are the whole password, once or over and over; empty ones never.
    assert_eq!(check("bob-xk4-p", Strength::User, &["bob", ""]), Ok(()));
}

#[test]
fn every_error_has_its_sentence() {
    for (error, sentence) in [
        (PasswordError::TooShort { min: 8 }, "Use at least 8 characters."),
        (PasswordError::TooShort { min: 12 }, "Use at least 12 characters."),
        (PasswordError::TooLong, "Use at most 1,024 bytes."),
        (PasswordError::Common, "This password is too common."),
        (PasswordError::OnlyDigits, "Use letters too, or at least 16 digits."),
        (PasswordError::LikeYou, "This password is too much like your name or this site's."),
    ] {
        assert_eq!(error.to_string(), sentence);
    }
}

#[test]
fn the_list_of_common_passwords_is_fit_for_searching() {
    assert!(COMMON.len() >= 3_000);
    assert!(COMMON.is_sorted_by(|a, b| a < b));
    for entry in COMMON.iter() {
        assert!(entry.len() >= PASSWORD_CHARS_MIN, "{entry}");
        assert!(entry.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()), "{entry}");
    }
}

#[test]
fn nothing_shows_a_password_or_hash_in_debug_output() {
    let hash = tiny().hash("xk4-pq7v", SALT).unwrap();
    assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
}

#[test]
fn a_hash_tells_right_from_wrong_after_a_round_trip() {
    let hasher = tiny();
    let hash = hasher.hash("correct horse", SALT).unwrap();
    let hash = PasswordHash::from_stored(hash.as_str().to_owned());
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$"));
    assert_eq!(hash.read().map(|parts| parts.cost), Some(TINY));
    for (password, verdict) in [
        ("correct horse", Verdict::Right),
        ("Correct horse", Verdict::Wrong),
        (" correct horse", Verdict::Wrong),
        ("correct horse ", Verdict::Wrong),
        ("correct horse\0", Verdict::Wrong),
        ("", Verdict::Wrong),
    ] {
        assert_eq!(hasher.verify(password, Some(&hash)), Ok(verdict), "{password:?}");
    }
    assert_eq!(hasher.verify("correct horse", None), Ok(Verdict::Wrong));
    assert_eq!(hasher.verify("", None), Ok(Verdict::Wrong));
}

#[test]
fn long_passwords_that_differ_in_the_last_byte_are_different() {
    let hasher = tiny();
    for bytes in [72, 73, 1024, 1025] {
        let start = "a".repeat(bytes - 1);
        let hash = hasher.hash(&format!("{start}x"), SALT).unwrap();
        assert_eq!(hasher.verify(&format!("{start}x"), Some(&hash)), Ok(Verdict::Right), "{bytes}");
        assert_eq!(hasher.verify(&format!("{start}y"), Some(&hash)), Ok(Verdict::Wrong), "{bytes}");
        assert_eq!(hasher.verify(&start, Some(&hash)), Ok(Verdict::Wrong), "{bytes}");
    }
}

#[test]
fn hashes_are_those_of_other_argon2_programs() {
    // Made with the reference implementation of RFC 9106 (argon2-cffi 25.1).
    for (password, hash) in [
        (
            "correct horse",
            "$argon2id$v=19$m=64,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$Ijq3Mz7l4KW5KhDjSof+RquA6rB7zXlr/2MXUFY++cg",
        ),
        ("grüße ", "$argon2id$v=19$m=128,t=3,p=4$AAECAwQFBgcICQoLDA0ODw$FfMnT4olsS+WfjVawTyjEzZwnihRiRGU78lQOAOdNz4"),
    ] {
        let stored = PasswordHash::from_stored(hash.to_owned());
        assert_eq!(tiny().verify(password, Some(&stored)), Ok(Verdict::Right), "{hash}");
        assert_eq!(tiny().verify("another", Some(&stored)), Ok(Verdict::Wrong), "{hash}");
    }
    let same = Hasher::new(1, 1, Cost { memory_kib: 64, passes: 2, lanes: 1 }).hash("correct horse", SALT).unwrap();
    assert!(same.as_str().ends_with("$Ijq3Mz7l4KW5KhDjSof+RquA6rB7zXlr/2MXUFY++cg"));
}

#[test]
fn a_cheaper_hash_is_outdated_and_a_costlier_one_is_not() {
    let hash = tiny().hash("correct horse", SALT).unwrap();
    for (memory_kib, passes, verdict) in
        [(8, 1, Verdict::Right), (16, 1, Verdict::RightButOutdated), (8, 2, Verdict::RightButOutdated)]
    {
        let hasher = Hasher::new(1, 1, Cost { memory_kib, passes, lanes: 1 });
        assert_eq!(hasher.verify("correct horse", Some(&hash)), Ok(verdict));
        assert_eq!(hasher.verify("wrong horse", Some(&hash)), Ok(Verdict::Wrong));
    }
    let costlier = Hasher::new(1, 1, Cost { memory_kib: 64, passes: 3, lanes: 2 });
    let hash = costlier.hash("correct horse", SALT).unwrap();
    assert_eq!(tiny().verify("correct horse", Some(&hash)), Ok(Verdict::Right));
}

#[test]
fn a_hash_with_senseless_parameters_is_never_computed() {
    let whole = tiny().hash("correct horse", SALT).unwrap();
    let with = |params: &str| whole.as_str().replace("m=8,t=1,p=1", params);
    for text in [
        with("m=262145,t=1,p=1"),
        with("m=4294967295,t=1,p=1"),
        with("m=99999999999,t=1,p=1"),
        with("m=8,t=17,p=1"),
        with("m=64,t=1,p=5"),
        with("m=0,t=1,p=1"),
        with("m=7,t=1,p=1"),
        with("m=15,t=1,p=2"),
        with("m=8,t=0,p=1"),
        with("m=8,t=1,p=0"),
        with("t=1,m=8,p=1"),
        with("m=8,t=1,p=1,data=AAAA"),
        with("m=8,t=1"),
        whole.as_str().replace("argon2id", "argon2i"),
        whole.as_str().replace("v=19", "v=16"),
        whole.as_str().replace("$v=19", ""),
        whole.as_str()[..whole.as_str().len() - 1].to_owned(),
        whole.as_str()[..40].to_owned(),
        format!("{}$x", whole.as_str()),
        String::new(),
        "$".repeat(100),
    ] {
        let stored = PasswordHash::from_stored(text.clone());
        assert_eq!(tiny().verify("correct horse", Some(&stored)), Err(HasherError::BadHash), "{text}");
        assert_eq!(stored.read().map(|parts| parts.cost), None, "{text}");
    }
}

#[test]
fn a_cost_unknown_to_argon2_fails_without_a_panic() {
    for cost in [Cost { memory_kib: 0, ..TINY }, Cost { passes: 0, ..TINY }, Cost { lanes: 0, ..TINY }] {
        assert_eq!(Hasher::new(1, 1, cost).hash("correct horse", SALT), Err(HasherError::Failed));
    }
}

#[test]
fn memory_is_used_again_and_does_not_grow() {
    let costly = Hasher::new(1, 1, Cost { memory_kib: 64, ..TINY }).hash("correct horse", SALT).unwrap();
    let hasher = tiny();
    for _ in 0..3 {
        hasher.hash("correct horse", SALT).unwrap();
        hasher.verify("correct horse", Some(&costly)).unwrap();
    }
    let sizes = || hasher.idle.lock().unwrap().iter().map(Vec::capacity).collect::<Vec<usize>>();
    assert_eq!(sizes(), [8]);
    hasher.release_idle();
    assert!(sizes().is_empty());
    hasher.hash("correct horse", SALT).unwrap();
}

#[test]
fn a_full_hasher_is_busy_at_once_and_free_again_afterwards() {
    let hasher = Hasher::new(1, 1, TINY);
    let place = hasher.gate.enter();
    assert!(place.is_some());
    assert_eq!(hasher.hash("correct horse", SALT), Err(HasherError::Busy));
    assert_eq!(hasher.verify("correct horse", None), Err(HasherError::Busy));
    drop(place);
    assert!(hasher.hash("correct horse", SALT).is_ok());
}

#[test]
fn whoever_waits_too_long_is_turned_away_and_leaves_the_line() {
    let gate = Gate::new(1, 3, Duration::ZERO);
    let place = gate.enter();
    assert!(gate.enter().is_none());
    assert_eq!(gate.waiting(), 0);
    drop(place);
    assert!(gate.enter().is_some());
}

#[test]
fn those_in_line_enter_in_their_order() {
    let gate = Gate::new(1, 3, Duration::from_secs(60));
    let (entered, order) = mpsc::channel();
    thread::scope(|scope| {
        let place = gate.enter();
        for name in ["first", "second"] {
            let before = gate.waiting();
            let entered = entered.clone();
            let gate = &gate;
            scope.spawn(move || {
                let place = gate.enter();
                entered.send((name, place.is_some())).unwrap();
            });
            while gate.waiting() == before {
                thread::yield_now();
            }
        }
        assert!(gate.enter().is_none(), "three are admitted already");
        drop(place);
    });
    let order: Vec<_> = order.try_iter().collect();
    assert_eq!(order, [("first", true), ("second", true)]);
}

#[test]
fn many_hashes_at_once_all_come_to_an_end() {
    let hasher = Hasher::new(2, 16, TINY);
    let hash = hasher.hash("correct horse", SALT).unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(hasher.verify("correct horse", Some(&hash)), Ok(Verdict::Right)));
        }
    });
    assert!(hasher.idle.lock().unwrap().len() <= 2);
}

#[test]
fn a_panic_inside_gives_the_place_back() {
    let gate = Gate::new(1, 1, Duration::ZERO);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let _place = gate.enter();
        panic!("inside");
    }));
    assert!(outcome.is_err());
    assert!(gate.enter().is_some());
}
