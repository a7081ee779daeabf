//! Texts by number, within bounds.

use redb::ReadableDatabase;

use super::*;
use crate::click::{Click, Visit};
use crate::limits::{AGENT_BYTES_MAX, REFERRER_BYTES_MAX, WORDS_PER_HOUR_MAX};
use crate::store::tests::{NOW, audit, fresh, link, tamper, user};
use crate::store::{Store, tests};
use crate::visitor::AddressPolicy;
use crate::visitor::marks::Marker;

/// Works with the dictionary in a transaction.
fn with<T: Send + 'static>(
    store: &Store,
    dictionary: Dictionary,
    work: impl FnOnce(&mut Dictionary, &mut Tables<'_>) -> T + Send + 'static,
) -> (Dictionary, T) {
    let mut dictionary = dictionary;
    let run = move |tx: &WriteTransaction| {
        let outcome = work(&mut dictionary, &mut Tables::open(tx)?);
        Ok((dictionary, outcome))
    };
    store.write("working with words", run).unwrap()
}

fn words(store: &Store, words: Words, id: u32) -> String {
    store.read("reading a word", |tx| text(&tx.open_table(DICT_ID)?, words, id)).unwrap()
}

#[test]
fn a_text_has_one_number_for_ever() {
    let (folder, store) = fresh();
    let (dictionary, first) = with(&store, Dictionary::new(100), |dictionary, tables| {
        ["a.example/x", "a.example", "b.example", "", "a.example/x"]
            .map(|text| dictionary.referrer(tables, text).unwrap())
    });
    let pairs = first.map(|referrer| (referrer.id, referrer.host));
    assert_eq!(pairs, [(3, 2), (2, 2), (4, 4), (NONE, NONE), (3, 2)]);
    let (_, agent) = with(&store, dictionary, |dictionary, tables| dictionary.agent(tables, "a.example").unwrap());
    assert_eq!(agent.id, 2, "agents have numbers of their own");
    store.close();
    let (store, _) = tests::open(folder.path()).unwrap();
    let (_, again) = with(&store, Dictionary::new(100), |dictionary, tables| {
        ["b.example", "c.example", "a.example/x"].map(|text| dictionary.referrer(tables, text).unwrap().id)
    });
    assert_eq!(again, [4, 5, 3]);
    let texts = [0, 1, 2, 3, 4, 5, 6].map(|id| words(&store, Words::Referrer, id));
    assert_eq!(texts, ["", "(other)", "a.example", "a.example/x", "b.example", "c.example", ""]);
    store
        .read("reading hosts", |tx| {
            assert_eq!([0, 1, 2, 3, 9].map(|id| host_of(tx, id).unwrap()), [NONE, OTHER, 2, 2, NONE]);
            assert_eq!(agent_of(tx, 2).unwrap(), agent);
            Ok(())
        })
        .unwrap();
}

#[test]
fn new_texts_are_bounded_per_hour_and_in_all() {
    let (_folder, store) = fresh();
    let ask = |dictionary, text: &'static str| {
        with(&store, dictionary, move |dictionary, tables| {
            let referrer = dictionary.referrer(tables, text).unwrap();
            (referrer.id, referrer.host, dictionary.agent(tables, text).unwrap().id)
        })
    };
    let (dictionary, one) = ask(Dictionary::new(3), "a.example/1");
    let (dictionary, two) = ask(dictionary, "a.example/2");
    let (dictionary, three) = ask(dictionary, "a.example/3");
    let (dictionary, four) = ask(dictionary, "b.example");
    assert_eq!([one, two, three, four], [(3, 2, 2), (4, 2, 3), (2, 2, 4), (OTHER, OTHER, OTHER)]);
    let (mut dictionary, one) = ask(dictionary, "a.example/1");
    assert_eq!(one, (3, 2, 2), "known ones need no room");
    // The hour is over.
    dictionary.hour = Instant::now().checked_sub(HOUR).unwrap();
    let (mut dictionary, five) = ask(dictionary, "c.example");
    assert_eq!(five, (5, 5, 5));
    dictionary.max = 4;
    let (dictionary, six) = ask(dictionary, "d.example");
    assert_eq!(six, (OTHER, OTHER, OTHER));
    // What was never added is not remembered either.
    let (_, remembered) = with(&store, dictionary, |dictionary, _| dictionary.referrers.len());
    assert_eq!(remembered, 3);
}

#[test]
fn what_is_remembered_is_bounded() {
    let (_folder, store) = fresh();
    let many = u32::try_from(WORDS_REMEMBERED).unwrap() + 100;
    let (_, most) = with(&store, Dictionary::new(usize::MAX), move |dictionary, tables| {
        let mut most = 0;
        for number in 0..many {
            assert_eq!(dictionary.agent(tables, &format!("agent {number}")).unwrap().id, FIRST + number);
            most = most.max(dictionary.agents.len());
        }
        assert_eq!(dictionary.agent(tables, "agent 7").unwrap().id, FIRST + 7);
        most
    });
    assert_eq!(most, WORDS_REMEMBERED);
}

#[test]
fn a_transaction_that_came_to_nothing_leaves_no_number() {
    let (_folder, store) = fresh();
    let mut dictionary = Dictionary::new(100);
    let failing = |tx: &WriteTransaction| -> Result<(), Error> {
        let mut dictionary = Dictionary::new(100);
        dictionary.referrer(&mut Tables::open(tx)?, "lost.example")?;
        Err(Error::new(crate::store::error::Kind::Damaged, "refused"))
    };
    store.write("failing", failing).unwrap_err();
    dictionary.next = [Some(9); 2];
    dictionary.forget();
    let (_, id) =
        with(&store, dictionary, |dictionary, tables| dictionary.referrer(tables, "kept.example").unwrap().id);
    assert_eq!((id, words(&store, Words::Referrer, id).as_str()), (FIRST, "kept.example"));
}

#[test]
fn a_damaged_word_is_no_word_and_hinders_nobody() {
    let (folder, store) = fresh();
    let (_, _) = with(&store, Dictionary::new(100), |dictionary, tables| {
        dictionary.referrer(tables, "a.example").unwrap();
        dictionary.referrer(tables, "b.example").unwrap();
    });
    store.close();
    tamper(folder.path(), DICT, &text_key(Words::Referrer, "a.example"), b"\x01\x03");
    tamper(folder.path(), DICT_ID, &id_key(Words::Referrer, 3), b"\x01\xff");
    let (store, _) = tests::open(folder.path()).unwrap();
    assert_eq!(words(&store, Words::Referrer, 3), "");
    let (_, ids) = with(&store, Dictionary::new(100), |dictionary, tables| {
        ["a.example", "b.example"].map(|text| dictionary.referrer(tables, text).unwrap().id)
    });
    assert_eq!(ids, [4, 3], "never another's number");
}

/// As many texts as strangers like, each of its own and as long as they like, on the way that clicks take.
#[test]
fn strangers_can_add_so_many_texts_in_an_hour_and_no_more() {
    let (_folder, store) = fresh();
    let anna = user(&store, "anna");
    let id = link(&store, anna, "promo").id;
    let (marker, many) = (Marker::default(), 2 * WORDS_PER_HOUR_MAX + 100);
    for number in 0..many {
        let visit = Visit {
            at: NOW,
            address: None,
            agent: &format!("Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0 {number} {}", "x".repeat(2_000)),
            referrer: &format!("https://h{number}.example/{}", "y".repeat(3_000)),
            ahead_of_time: false,
            counts_only: false,
        };
        store.record_click(Click::of(visit, anna, id, AddressPolicy::Never, &marker)).unwrap();
    }
    store.settle();
    audit(&store);
    let tx = store.file.database().unwrap().begin_read().unwrap();
    let table = tx.open_table(DICT_ID).unwrap();
    let mut texts = [0, 0];
    for row in table.iter().unwrap() {
        let (key, raw) = row.unwrap();
        let of_agents = key.value()[0] == Words::Agent as u8;
        texts[usize::from(of_agents)] += 1;
        let most = if of_agents { AGENT_BYTES_MAX } else { REFERRER_BYTES_MAX };
        let text = record::unseal::<WordRecord>(key.value(), raw.value()).unwrap().text;
        assert!(text.len() <= most, "{} bytes", text.len());
    }
    assert_eq!(texts, [WORDS_PER_HOUR_MAX; 2]);
    drop((table, tx));
    let (numbers, tally) = store.statistics(anna, id).unwrap();
    assert_eq!(numbers.humans, many as u64, "all of them count");
    let named = tally.referrers.iter().map(|(_, count)| count).sum::<u64>();
    assert_eq!(named + tally.referrers_other, many as u64);
    assert_eq!(tally.browsers, [("Firefox", many as u64)], "also those whose texts are not kept");
}
