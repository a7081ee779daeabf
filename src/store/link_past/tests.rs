//! Every change of target is kept, the newest of them, and goes with its link.

use super::*;
use crate::store::tests::{NOW, about, audit, fresh, link, name, slug, user};

#[test]
fn each_change_of_target_is_noted_and_nothing_else_is() {
    let (_folder, store) = fresh();
    let (anna, bert) = (user(&store, "anna"), user(&store, "bert"));
    let (id, other) = (link(&store, anna, "promo").id, link(&store, anna, "other").id);
    let change = |target: &str, title: &str, to: &str, after_s: i64| {
        let about = about(target, title);
        store.change_link(anna, name("anna"), id, slug(to), about, NOW.plus_s(after_s)).unwrap().unwrap().unwrap();
    };
    let past = || -> Vec<(i64, String)> {
        let past = store.past_targets(anna, id).unwrap().into_iter();
        past.map(|past| ((past.until.ms() - NOW.ms()) / 1_000, past.target.as_str().to_owned())).collect()
    };
    change("https://example.com/promo", "A title", "promo", 1);
    change("https://example.com/promo", "A title", "promo2", 2);
    store.switch_links(anna, name("anna"), vec![id], false, NOW.plus_s(3)).unwrap();
    assert_eq!(past(), []);
    change("https://example.com/b", "", "promo", 4);
    change("https://example.com/c", "", "promo", 5);
    // The clock was set back.
    change("https://example.com/promo", "", "promo", -60);
    let text = |end: &str| format!("https://example.com/{end}");
    assert_eq!(past(), [(5, text("c")), (5, text("b")), (4, text("promo"))]);
    assert_eq!((store.past_targets(bert, id).unwrap(), store.past_targets(anna, other).unwrap()), (vec![], vec![]));
    for number in 0..2 * PAST_TARGETS_MAX as i64 {
        change(&text(&number.to_string()), "", "promo", 10 + number);
    }
    let newest = past();
    assert_eq!(newest.len(), PAST_TARGETS_MAX);
    let last = 2 * PAST_TARGETS_MAX as i64 - 1;
    assert_eq!(newest[0], (10 + last, text(&(last - 1).to_string())));
    audit(&store);
    store.delete_link(anna, name("anna"), id).unwrap().unwrap();
    assert_eq!(past(), []);
}
