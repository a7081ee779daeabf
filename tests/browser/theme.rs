//! The light and the dark theme.

use serde_json::json;

use crate::person::at_the_door;
use crate::screen::{ENTER, Screen, Scripts};

fn background(screen: &Screen) -> String {
    screen.text_of("return getComputedStyle(document.documentElement).backgroundColor", &[])
}

#[test]
fn the_chosen_theme_is_there_at_once_and_stays() {
    let Some((_appliance, screen)) = at_the_door(Scripts::On) else { return };
    screen.go("/accounts/login?next=%2Flinks%3Fsort%3Dclicks");
    for (word, colour) in [("dark", "rgb(17, 22, 27)"), ("light", "rgb(255, 255, 255)")] {
        screen.tab_to(&format!(".wide .theme button[value={word}]"));
        screen.keys(ENTER);
        screen
            .wait(&format!("document.documentElement.dataset.theme == '{word}' && document.readyState == 'complete'"));
        assert_eq!(screen.place(), "/accounts/login?next=%2Flinks%3Fsort%3Dclicks");
        screen.reload();
        assert!(screen.is(&format!("document.documentElement.dataset.theme == '{word}'")));
        assert_eq!(background(&screen), colour);
        assert!(screen.is(&format!("document.querySelector('.theme [aria-pressed=true]').value == '{word}'")));
    }
    assert_eq!(screen.complaints(), [""; 0]);
}

#[test]
fn without_a_choice_the_theme_is_that_of_the_system() {
    let Some((_appliance, screen)) = at_the_door(Scripts::On) else { return };
    screen.go("/");
    for (word, colour) in [("dark", "rgb(17, 22, 27)"), ("light", "rgb(255, 255, 255)")] {
        let features = json!([{ "name": "prefers-color-scheme", "value": word }]);
        screen.chromium("Emulation.setEmulatedMedia", &json!({ "features": features }));
        assert_eq!(background(&screen), colour);
    }
}
