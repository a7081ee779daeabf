//! Pages of users neither repeat a row nor skip one.

use super::*;
use crate::store::tests::{fresh, open, tamper, user};
use crate::user::Estate;

fn names(page: &UserPage) -> Vec<&str> {
    page.rows.iter().map(|(_, user)| user.name.as_str()).collect()
}

#[test]
fn pages_lead_through_all_users_and_back() {
    let (_folder, store) = fresh();
    let mut expected: Vec<String> = (0..60).map(|at| format!("u{}", at * 7 % 60)).collect();
    for name in &expected {
        user(&store, name);
    }
    expected.sort();
    for text in ["", "u", "@example.com"] {
        let (mut found, mut step, mut pages) = (Vec::new(), None::<String>, Vec::new());
        loop {
            let page = store.user_page(text, step.as_deref().map_or(UserStep::First, UserStep::After)).unwrap();
            found.extend(names(&page).into_iter().map(str::to_owned));
            step = page.after.clone();
            pages.push(page);
            if step.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{text}");
        assert_eq!((pages.len(), pages[0].before.as_deref()), (3, None));
        let back = store.user_page(text, UserStep::Before(pages[2].before.as_deref().unwrap())).unwrap();
        assert_eq!(names(&back), names(&pages[1]));
        let first = store.user_page(text, UserStep::Before(back.before.as_deref().unwrap())).unwrap();
        assert_eq!((names(&first), first.before.as_deref()), (names(&pages[0]), None));
        let again = store.user_page(text, UserStep::After(first.rows.last().unwrap().1.name.as_str())).unwrap();
        assert_eq!(names(&again), names(&pages[1]));
    }
}

#[test]
fn a_search_finds_parts_of_names_and_addresses() {
    let (_folder, store) = fresh();
    for name in ["anna", "bert", "joanna"] {
        user(&store, name);
    }
    for (text, found) in [
        ("anna", vec!["anna", "joanna"]),
        ("bert@", vec!["bert"]),
        ("example.com", vec!["anna", "bert", "joanna"]),
        ("nobody", vec![]),
    ] {
        assert_eq!(names(&store.user_page(text, UserStep::First).unwrap()), found, "{text}");
    }
    // Of somebody who is removed the name is found.
    let anna = store.user_by_login("anna").unwrap().unwrap();
    store.remove_user(None, anna.id, Estate::Archived).unwrap().unwrap();
    assert_eq!(names(&store.user_page("anna", UserStep::First).unwrap()), ["anna", "joanna"]);
    assert_eq!(names(&store.user_page("anna@", UserStep::First).unwrap()), ["joanna"]);
}

#[test]
fn a_user_who_does_not_read_hides_no_other() {
    let (folder, store) = fresh();
    let (anna, _) = (user(&store, "anna"), user(&store, "bert"));
    store.close();
    tamper(folder.path(), crate::store::tables::USER, &anna.0.to_be_bytes(), b"\x01nonsense");
    let (store, _) = open(folder.path()).unwrap();
    let page = store.user_page("", UserStep::First).unwrap();
    assert_eq!((names(&page), page.damaged), (vec!["bert"], 1));
}
