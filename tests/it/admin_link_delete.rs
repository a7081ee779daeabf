//! An administrator deletes somebody's link: asked first, told what goes with it.

use crate::appliance::{ADMIN, Start};
use crate::browser::Browser;

#[test]
fn anybodys_link_is_deleted_after_a_question_and_its_owner_keeps_the_others() {
    let appliance = Start::with_admin().run();
    let mut admin = Browser::admin(&appliance);
    let mut anna = Browser::user(&appliance, "anna");
    let id = anna.make_link("https://shop.example/", "promo");
    anna.make_link("https://shop.example/", "other");
    let mut visitor = Browser::of(&appliance);
    assert_eq!(visitor.get("/anna/promo").status, 302);
    let list = admin.open("/admin/links?q=promo");
    let delete = format!("/admin/links/anna/{id}/delete");
    let asked = format!("{delete}?next=%2Fadmin%2Flinks%3Fq%3Dpromo");
    assert!(list.body.contains(&format!("href=\"{asked}\"")), "{}", list.body);
    let page = admin.open(&asked);
    page.says(&format!("Delete {}/anna/promo? It has 1 click.", appliance.address));
    assert_eq!(visitor.get("/anna/promo").status, 302, "asking deletes nothing");
    let instead = admin.submit_on(&page, &format!("/admin/links/anna/{id}/switch"), &[("to", "off")]);
    assert_eq!((instead.status, instead.header("location")), (303, Some("/admin/links?q=promo")));
    visitor.get("/anna/promo").says("This link is switched off.");
    let done = admin.submit_on(&page, &delete, &[]);
    assert_eq!((done.status, done.header("location")), (303, Some("/admin/links?q=promo")));
    admin.open("/admin/links?q=promo").says(&format!("Deleted {}/anna/promo.", appliance.address));
    visitor.get("/anna/promo").says("This link was deleted.");
    assert_eq!((visitor.get("/anna/other").status, anna.get(&format!("/links/{id}")).status), (302, 404));
    let line = format!("link deleted owner=anna slug=promo by={ADMIN} ip=127.0.0.1");
    assert!(appliance.log().contains(&line), "{}", appliance.log());
    for path in [asked.as_str(), "/admin/links/anna/0/delete", "/admin/links/nobody/1/delete"] {
        assert_eq!(admin.get(path).status, 404, "{path}");
    }
    assert_eq!(admin.submit_on(&page, &delete, &[]).status, 404, "a second time");
}
