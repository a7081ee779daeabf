//! The whole program with the keyboard only: what cannot be reached, or not be seen to have the focus, fails.

use crate::appliance::{PASSWORD, Start};
use crate::person::at_the_list;
use crate::screen::{ARROW_DOWN, CONTROL, ENTER, ESCAPE, Screen, Scripts, TAB};

#[test]
fn the_printed_link_fills_in_the_setup_code_and_leaves_no_trace_of_it() {
    let appliance = Start::empty().run();
    let Some(screen) = Screen::open(&appliance, Scripts::On) else { return };
    let code = appliance.setup_code();
    screen.go(&format!("/setup#{code}"));
    assert_eq!(screen.text_of("return document.querySelector('#code').value", &[]), code);
    assert_eq!(screen.place(), "/setup");
    assert!(screen.is("document.activeElement.id == 'username'"));
    assert_eq!(screen.complaints(), [""; 0]);
}

#[test]
fn everything_from_setup_to_logout_is_done_with_the_keyboard() {
    let appliance = Start::empty().run();
    let Some(screen) = Screen::open(&appliance, Scripts::On) else { return };
    screen.go(&format!("/setup#{}", appliance.setup_code()));
    set_up(&screen);
    shorten(&screen);
    edit(&screen);
    delete(&screen);
    log_out(&screen);
    assert_eq!(screen.complaints(), [""; 0]);
}

fn set_up(screen: &Screen) {
    screen.keys("alice");
    assert_eq!(screen.text_of("return document.querySelector('[data-mirror]').textContent", &[]), "alice");
    screen.tab_to("#email");
    screen.keys("alice@mail.example");
    screen.tab_to("#password1");
    screen.keys(PASSWORD);
    screen.keys(TAB);
    screen.keys(PASSWORD);
    screen.tab_to("#site_name");
    screen.keys("Jar of links");
    screen.tab_to("[name=registration]");
    assert!(screen.is("document.activeElement.value == 'invite'"));
    screen.keys(ARROW_DOWN);
    assert!(screen.is("document.activeElement.value == 'open' && document.activeElement.checked"));
    screen.tab_to("form[action='/setup'] button");
    screen.keys(ENTER);
    screen.arrives_at("/links");
    screen.says("You have no links yet.");
}

fn shorten(screen: &Screen) {
    assert!(screen.is("document.activeElement.id == 'quick-target'"), "an empty list begins with its first link");
    screen.keys("https://docs.example/a");
    screen.keys(TAB);
    screen.keys("docs");
    screen.keys(ENTER);
    screen.wait("location.search.startsWith('?new=') && document.readyState == 'complete'");
    let address = format!("{}/alice/docs", screen.site.trim_start_matches("http://"));
    screen.says(&format!("Created {address}"));
    assert_eq!(screen.text_of("return getSelection().toString()", &[]), address);
}

fn edit(screen: &Screen) {
    screen.tab_to("a.address");
    screen.keys(ENTER);
    screen.wait("/^.links.[0-9a-z]+$/.test(location.pathname) && document.readyState == 'complete'");
    screen.tab_to("a[href$='/edit']");
    screen.keys(ENTER);
    screen.wait("location.pathname.endsWith('/edit') && document.readyState == 'complete'");
    screen.tab_to("#target_url");
    screen.keys_with(CONTROL, "a");
    screen.keys("https://docs.example/b");
    screen.tab_to("#enabled, [name=enabled]");
    screen.keys(" ");
    screen.tab_to("form[action$='/edit'] button");
    screen.keys(ENTER);
    screen.wait("!location.pathname.endsWith('/edit') && document.readyState == 'complete'");
    for words in ["Saved.", "https://docs.example/b", "Disabled"] {
        screen.says(words);
    }
}

fn delete(screen: &Screen) {
    screen.tab_to("a[href$='/delete']");
    screen.keys(ENTER);
    screen.wait("location.pathname.endsWith('/delete') && document.readyState == 'complete'");
    screen.says("This cannot be undone.");
    screen.tab_to("form[action$='/delete'] button");
    screen.keys(ENTER);
    screen.arrives_at("/links");
    screen.says("Deleted");
    screen.says("You have no links yet.");
}

fn log_out(screen: &Screen) {
    screen.go("/links/new");
    screen.tab_to(".wide details.menu > summary");
    screen.keys(ENTER);
    screen.tab_to("form[action='/accounts/logout'] button");
    screen.keys(ENTER);
    screen.arrives_at("/");
    screen.says("You have been logged out.");
}

#[test]
fn the_first_stop_skips_the_menu() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.shorten("https://docs.example/", "docs");
    screen.keys(TAB);
    screen.tab_to("a.skip");
    screen.keys(ENTER);
    assert!(screen.is("document.activeElement.matches('main')"));
    screen.keys(TAB);
    assert!(screen.is("document.activeElement.closest('main') !== null"));
}

#[test]
fn wrong_fields_are_reached_from_the_summary_that_has_the_focus() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.go("/links/new");
    screen.fill("#target_url", "javascript:alert(1)");
    screen.fill("#slug", "not a slug!");
    screen.keys(ENTER);
    screen.wait("document.querySelector('.summary') !== null && document.readyState == 'complete'");
    assert!(screen.is("document.activeElement.matches('.summary')"));
    assert!(screen.is("document.title.startsWith('Error: ')"));
    assert_eq!(screen.text_of("return document.querySelector('#slug').value", &[]), "not a slug!");
    screen.tab_to(".summary a[href='#slug']");
    screen.keys(ENTER);
    assert!(screen.is("document.activeElement.id == 'slug'"));
    let described = "document.activeElement.getAttribute('aria-describedby').split(' ')\
                     .some((id) => document.getElementById(id).textContent.includes('Use only'))";
    assert!(screen.is(described));
    assert_eq!(screen.complaints(), [""; 0]);
}

#[test]
fn a_menu_closes_with_escape_and_gives_the_focus_back() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.shorten("https://docs.example/", "docs");
    screen.tab_to(".cell-menu summary");
    screen.keys(ENTER);
    screen.tab_to(".cell-menu a[href$='/edit']");
    screen.keys(ESCAPE);
    assert!(screen.is("document.querySelector('details.menu[open]') === null"));
    assert!(screen.is("document.activeElement.matches('.cell-menu summary')"));
}

#[test]
fn files_are_taken_away_with_the_keyboard() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.shorten("https://docs.example/", "docs");
    screen.tab_to("main summary.button");
    screen.keys(ENTER);
    for file in ["export.csv", "export.jsonl", "clicks.csv", "clicks.jsonl", "statistics.csv", "statistics.jsonl"] {
        screen.tab_to(&format!("main a[href='/links/{file}']"));
    }
}

#[test]
fn enter_in_a_box_of_the_list_does_nothing() {
    let Some((_appliance, screen)) = at_the_list() else { return };
    screen.shorten("https://docs.example/", "docs");
    screen.tab_to(".cell-pick input");
    screen.keys(" ");
    assert!(screen.is("document.activeElement.checked"));
    screen.run("document.documentElement.dataset.still = 'here'", &[]);
    screen.keys(ENTER);
    // What it would send is sent by now, or the answer to this comes from the next page.
    screen.run("return fetch('/health').then(() => null)", &[]);
    assert!(screen.is("document.documentElement.dataset.still == 'here' && document.activeElement.checked"));
    // The buttons still work.
    screen.tab_to("#selected [value=disable]");
    screen.keys(ENTER);
    screen.wait("document.body.innerText.includes('1 link disabled.')");
    assert_eq!(screen.complaints(), [""; 0]);
}
