//! The same program with scripts switched off: nothing that matters needs them.

use crate::appliance::PASSWORD;
use crate::person::at_the_door;
use crate::screen::{Screen, Scripts};

#[test]
fn without_scripts_people_register_and_make_change_and_delete_links() {
    let Some((_appliance, screen)) = at_the_door(Scripts::Off) else { return };
    register(&screen);
    shorten(&screen);
    edit(&screen);
    delete(&screen);
    log_out(&screen);
    assert_eq!(screen.complaints(), [""; 0]);
}

fn register(screen: &Screen) {
    screen.go("/");
    screen.click("main a[href='/accounts/register']");
    screen.arrives_at("/accounts/register");
    for (field, text) in
        [("#username", "alice"), ("#email", "alice@mail.example"), ("#password1", PASSWORD), ("#password2", PASSWORD)]
    {
        screen.fill(field, text);
    }
    screen.click("main button");
    screen.arrives_at("/accounts/login");
    screen.says("Account created. Log in to start.");
    screen.fill("#username", "alice");
    screen.fill("#password", PASSWORD);
    screen.click("main button");
    screen.arrives_at("/links");
    screen.says("Welcome back, alice!");
}

fn shorten(screen: &Screen) {
    screen.fill("#quick-target", "https://docs.example/a");
    screen.fill("#quick-slug", "docs");
    screen.click("form.quick button");
    screen.wait("location.search.startsWith('?new=') && document.readyState == 'complete'");
    screen.says("Created");
    assert!(screen.is("[...document.querySelectorAll('[data-copy]')].every((button) => !button.checkVisibility())"));
    screen.go("/accounts/profile");
    screen.says("UTC");
    assert!(screen.is("!document.querySelector('#shortcuts').checkVisibility()"), "a choice that would do nothing");
}

fn edit(screen: &Screen) {
    screen.go("/links");
    screen.click(".cell-menu summary");
    screen.click(".cell-menu a[href$='/edit']");
    screen.wait("location.pathname.endsWith('/edit') && document.readyState == 'complete'");
    screen.fill("#target_url", "ftp://docs.example/");
    screen.click("main button");
    screen.wait("document.querySelector('.summary') !== null && document.readyState == 'complete'");
    assert!(screen.is("document.activeElement.matches('.summary')"), "the page itself asks for the focus");
    screen.fill("#target_url", "https://docs.example/b");
    screen.click("main button");
    screen.wait("!location.pathname.endsWith('/edit') && document.readyState == 'complete'");
    screen.says("Saved.");
    screen.says("https://docs.example/b");
}

fn delete(screen: &Screen) {
    screen.click("a[href$='/delete']");
    screen.wait("location.pathname.endsWith('/delete') && document.readyState == 'complete'");
    screen.click("main button");
    screen.arrives_at("/links");
    screen.says("You have no links yet.");
}

fn log_out(screen: &Screen) {
    screen.click(".wide .theme button[value=dark]");
    screen.wait("document.documentElement.dataset.theme == 'dark' && document.readyState == 'complete'");
    screen.click(".wide details.menu > summary");
    screen.click(".wide form[action='/accounts/logout'] button");
    screen.arrives_at("/");
    screen.says("You have been logged out.");
}
