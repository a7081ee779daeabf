//! The robots file.

use crate::appliance::Start;
use crate::browser::Browser;

#[test]
fn crawlers_are_asked_to_keep_to_the_home_page() {
    let appliance = Start::with_admin().run();
    let mut crawler = Browser::of(&appliance);
    crawler.header("User-Agent", "Googlebot/2.1");
    let page = crawler.open("/robots.txt");
    assert_eq!(page.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("public, max-age=3600"));
    assert!(page.set_cookies().is_empty());
    let lines: Vec<&str> = page.body.lines().collect();
    assert_eq!(lines, ["User-agent: *", "Allow: /$", "Allow: /assets/", "Disallow: /"]);
    assert_eq!(crawler.post("/robots.txt", &[]).status, 405);
    // Nobody is called robots.txt, so nothing of a user's can stand below it.
    assert_eq!(crawler.get("/robots.txt/x").status, 404);
}
