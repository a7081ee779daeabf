//! Deleting a link, after a page that asks.

use crate::appliance::Start;
use crate::browser::Browser;

#[test]
fn looking_at_the_question_deletes_nothing() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let delete = format!("/links/{id}/delete");
    let page = admin.open(&delete);
    page.says(&format!("Delete {}/root-user/promo?", appliance.address));
    page.says("It has no clicks. Everyone who opens it will see “deleted”. This cannot be undone.");
    admin.get("/root-user/promo");
    admin.open(&delete).says("It has 1 click.");
    admin.get("/root-user/promo");
    admin.open(&delete).says("It has 2 clicks.");
    assert_eq!(admin.send("HEAD", &delete, &[], None).status, 200);
    assert_eq!(admin.send("DELETE", &delete, &[], None).status, 405);
    assert_eq!(admin.send("DELETE", &format!("/links/{id}"), &[], None).status, 405);
    assert_eq!(admin.post(&delete, &[]).status, 403, "not without the form's token");
    assert_eq!(admin.get("/root-user/promo").status, 302);
}

#[test]
fn a_deleted_link_is_gone_everywhere_and_its_owner_has_the_slug_back_with_no_clicks() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let other = admin.make_link("https://example.com/other", "other");
    for _ in 0..3 {
        admin.get("/root-user/promo");
        admin.get("/root-user/other");
    }
    let delete = format!("/links/{id}/delete");
    let form = admin.open(&delete);
    let gone = admin.submit_on(&form, &delete, &[]);
    assert_eq!((gone.status, gone.header("location")), (303, Some("/links")));
    let list = admin.open("/links");
    list.says(&format!("Deleted {}/root-user/promo.", appliance.address));
    list.says("1 link ");
    admin.open("/links").does_not_say("promo");
    let page = admin.get("/root-user/promo");
    assert_eq!((page.status, page.header("location")), (410, None));
    page.says("This link was deleted.");
    for path in [format!("/links/{id}"), format!("/links/{id}/edit"), delete.clone()] {
        assert_eq!(admin.get(&path).status, 404, "{path}");
    }
    assert_eq!(admin.submit_on(&form, &delete, &[]).status, 404, "a second time");
    admin.open(&format!("/links/{other}")).says("3 clicks");
    let again = admin.make_link("https://example.com/again", "promo");
    assert_ne!(again, id);
    let page = admin.open(&format!("/links/{again}"));
    page.says("0 clicks");
    page.says("No clicks yet.");
    assert_eq!(admin.get("/root-user/promo").header("location"), Some("https://example.com/again"));
}

#[test]
fn clicks_on_their_way_do_not_bring_a_deleted_link_back() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let delete = format!("/links/{id}/delete");
    let form = admin.open(&delete);
    for _ in 0..20 {
        admin.get("/root-user/promo");
    }
    assert_eq!(admin.submit_on(&form, &delete, &[]).status, 303);
    admin.open("/links").says("You have no links yet.");
    let appliance = appliance.restart();
    admin.address = appliance.address;
    admin.header("Host", &appliance.address.to_string());
    admin.open("/links").says("You have no links yet.");
    let page = admin.get("/root-user/promo");
    assert_eq!((page.status, page.header("location")), (410, None));
    page.says("This link was deleted.");
    let again = admin.make_link("https://example.com/", "promo");
    admin.open(&format!("/links/{again}")).says("0 clicks");
}

#[test]
fn the_question_offers_to_switch_the_link_off_instead() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let id = admin.make_link("https://example.com/", "promo");
    let page = admin.open(&format!("/links/{id}/delete"));
    page.says("Disable instead");
    assert_eq!(admin.submit_on(&page, &format!("/links/{id}/switch"), &[("to", "off")]).status, 303);
    admin.get("/root-user/promo").says("This link is switched off.");
    admin.open(&format!("/links/{id}")).says("Disabled");
}
