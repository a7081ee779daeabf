//! What the script adds to pages that work without it: copying, local times, shortcuts.

use serde_json::json;

use crate::appliance::PASSWORD;
use crate::person::at_the_list;
use crate::screen::{CONTROL, ENTER, LOCAL_NAME, Screen, TAB};

#[test]
fn the_copy_button_copies_the_whole_address_and_says_so() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    assert!(screen.is("isSecureContext"));
    copies(&screen);
    assert_eq!(screen.complaints(), [""; 0]);
}

#[test]
fn the_copy_button_copies_on_plain_http_in_a_home_network() {
    let Some((appliance, mut screen)) = at_the_list() else { return };
    screen.site = format!("http://{LOCAL_NAME}:{}", appliance.address.port());
    screen.log_in();
    assert!(screen.is("!isSecureContext && navigator.clipboard === undefined"));
    copies(&screen);
}

/// Copies the address of a link and pastes it into the search field.
fn copies(screen: &Screen) {
    screen.shorten("https://docs.example/", "docs");
    let label = "document.querySelector('.cell-address .copy-button span').textContent";
    assert!(screen.is(&format!("{label} == 'Copy'")));
    screen.click(".cell-address .copy-button");
    screen.wait(&format!("{label} == 'Copied'"));
    assert!(screen.is("document.querySelector('#said').textContent == 'Copied'"));
    assert!(screen.is("document.activeElement.matches('.copy-button')"), "the focus stays on the button");
    screen.wait(&format!("{label} == 'Copy'"));
    screen.click("#search");
    screen.keys_with(CONTROL, "v");
    let pasted = screen.text_of("return document.querySelector('#search').value", &[]);
    assert_eq!(pasted, format!("{}/root-user/docs", screen.site));
}

#[test]
fn times_are_shown_in_the_zone_of_the_reader() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.go("/accounts/profile");
    let at = "const time = document.querySelector('time[data-show=minute]');";
    let shown = screen.text_of(&format!("{at} return time.textContent"), &[]);
    // The zone is 5:45 ahead, all year.
    let shifted = "new Date(Date.parse(time.dateTime) + 345 * 60_000).toISOString().slice(11, 16)";
    let expected = screen.text_of(&format!("{at} return {shifted}"), &[]);
    assert!(shown.ends_with(&expected) && !shown.contains("UTC"), "{shown} is not {expected}");
    assert!(screen.text_of(&format!("{at} return time.title"), &[]).ends_with(" UTC"));
}

#[test]
fn an_expiry_is_typed_in_the_zone_of_the_reader_and_sent_in_utc() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.shorten("https://docs.example/", "docs");
    screen.click(".cell-address .address");
    screen.click(".head-actions a[href$='/edit']");
    screen.wait("location.pathname.endsWith('/edit') && document.readyState == 'complete'");
    let field = "document.querySelector('#expires_at')";
    assert!(screen.is(&format!("{field}.labels[0].textContent == 'Expires (your time) optional'")));
    // The zone is 5:45 ahead.
    let type_in = |text: &str| {
        let script = "const field = document.querySelector('#expires_at'); field.value = arguments[0]; \
                      field.dispatchEvent(new Event('input'))";
        screen.run(script, &[text]);
    };
    let sent = "document.querySelector('input[name=expires_at]').value";
    type_in("2031-05-06T07:08");
    assert!(screen.is(&format!("{sent} == '2031-05-06T01:23'")), "{}", screen.text_of(&format!("return {sent}"), &[]));
    screen.click("main .primary");
    screen.wait("document.querySelector('.flash') != null");
    let expires = "document.querySelector('.facts dd:last-child time')";
    assert!(screen.is(&format!("{expires}.dateTime == '2031-05-06T01:23:00Z'")));
    screen.click(".head-actions a[href$='/edit']");
    screen.wait("location.pathname.endsWith('/edit') && document.readyState == 'complete'");
    assert!(screen.is(&format!("{field}.value == '2031-05-06T07:08' && {sent} == '2031-05-06T01:23'")));
    type_in("");
    assert!(screen.is(&format!("{sent} == ''")));
    screen.click("main .primary");
    screen.wait("document.querySelector('.flash') != null");
    assert!(screen.is("document.querySelector('.facts').textContent.endsWith('never')"));
    assert_eq!(screen.complaints(), [""; 0]);
}

#[test]
fn clicks_show_on_an_open_page_while_they_happen() {
    let Some((appliance, screen)) = at_the_list() else { return };
    screen.shorten("https://docs.example/", "docs");
    screen.click(".cell-address .address");
    let number = "document.querySelector('.tile-number').textContent";
    assert!(screen.is(&format!("{number} == '0' && document.querySelector('#more').hidden")));
    let visitor = std::net::TcpStream::connect(appliance.address).unwrap();
    let request = "GET /root-user/docs HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 Firefox/140.0\r\n\r\n";
    std::io::Write::write_all(&mut &visitor, request.as_bytes()).unwrap();
    screen.wait(&format!("{number} == '1' && !document.querySelector('#more').hidden"));
    screen.click("#more a");
    screen.wait("document.querySelector('#more').hidden && document.querySelector('.bar-lists') != null");
    // The number is that of the page's range, and the page stays with it.
    screen.click(".filters a[href$='range=7d']");
    screen.wait("location.search == '?range=7d' && document.readyState == 'complete'");
    assert!(screen.is(&format!("{number} == '1'")));
    std::io::Write::write_all(&mut &visitor, request.as_bytes()).unwrap();
    screen.wait(&format!("{number} == '2' && !document.querySelector('#more').hidden"));
    screen.click("#more a");
    screen.wait("document.querySelector('#more').hidden && document.readyState == 'complete'");
    assert!(screen.is("location.search == '?range=7d'"));
    assert_eq!(screen.complaints(), [""; 0]);
}

/// Notes every page that is asked for from now on; the answer would come later.
const WATCH: &str = "window.asked = ''; navigation.addEventListener('navigate', (e) => asked = e.destination.url)";

#[test]
fn single_keys_search_and_make_a_new_link() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.shorten("https://docs.example/", "docs");
    screen.keys("/");
    assert!(screen.is("document.activeElement.id == 'search' && document.activeElement.value == ''"));
    screen.run("document.activeElement.blur()", &[]);
    screen.keys("n");
    screen.arrives_at("/links/new");
    assert!(screen.is("document.activeElement.id == 'target_url' && document.activeElement.value == ''"));
}

#[test]
fn single_keys_are_letters_inside_fields_and_part_of_other_shortcuts() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.shorten("https://docs.example/", "docs");
    screen.run(WATCH, &[]);
    screen.click("#search");
    screen.keys("n/");
    assert!(screen.is("document.activeElement.value == 'n/' && asked == ''"));
    screen.run("document.activeElement.blur()", &[]);
    screen.keys_with(CONTROL, "/");
    assert!(screen.is("document.activeElement == document.body && asked == ''"));
}

#[test]
fn single_keys_do_nothing_where_somebody_has_switched_them_off() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.shorten("https://docs.example/", "docs");
    screen.go("/accounts/profile");
    assert!(screen.is("document.querySelector('#shortcuts-on').checked"));
    screen.click("#shortcuts-on");
    screen.go("/links");
    screen.run(WATCH, &[]);
    screen.keys("/n");
    assert!(screen.is("document.activeElement == document.body && asked == ''"));
    screen.go("/accounts/profile");
    assert!(screen.is("!document.querySelector('#shortcuts-on').checked"));
}

#[test]
fn single_keys_do_nothing_for_visitors() {
    let Some((_appliance, screen)) = crate::person::at_the_door(crate::screen::Scripts::On) else { return };
    screen.go("/");
    screen.run(WATCH, &[]);
    screen.keys("/n");
    assert!(screen.is("asked == ''"));
}

#[test]
fn one_menu_is_open_at_a_time() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.shorten("https://docs.example/", "docs");
    let open = "[...document.querySelectorAll('details.menu')].filter((menu) => menu.open).length";
    screen.click(".cell-menu summary");
    screen.click(".wide details.menu > summary");
    screen.wait(&format!("{open} == 1"));
    screen.click("h1");
    screen.wait(&format!("{open} == 0"));
}

#[test]
fn a_password_can_be_pasted() {
    let Some((_appliance, screen)) = crate::person::at_the_door(crate::screen::Scripts::On) else { return };
    screen.go("/accounts/login");
    screen.keys(PASSWORD);
    screen.keys_with(CONTROL, "a");
    screen.keys_with(CONTROL, "c");
    screen.keys("root-user");
    screen.keys(TAB);
    screen.keys_with(CONTROL, "v");
    screen.keys(ENTER);
    screen.arrives_at("/links");
}

#[test]
fn the_code_of_the_bookmark_fills_in_a_new_link_for_the_page_one_is_on() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.go("/accounts/profile");
    let code = screen.text_of("return document.querySelector('#bookmark').value", &[]);
    screen.go("/privacy?a=1&b='%20+#c");
    screen.run("document.title = arguments[0]", &["Tom & 'Jerry' #1+1"]);
    let page = screen.text_of("return location.href", &[]);
    let code = code.strip_prefix("javascript:").unwrap();
    assert!(!code.contains('%'), "browsers would decode it first");
    // As a bookmark is run: not by the page, whose policy allows no code in it.
    screen.chromium("Runtime.evaluate", &json!({ "expression": code }));
    screen.arrives_at("/links/new");
    let value = |field: &str| screen.text_of("return document.querySelector(arguments[0]).value", &[field]);
    assert_eq!((value("#target_url"), value("#title")), (page, "Tom & 'Jerry' #1+1".to_owned()));
    assert_eq!(screen.complaints(), [""; 0]);
}
