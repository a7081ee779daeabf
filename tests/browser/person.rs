//! What a person does with the program, in the steps that several tests share.

use crate::appliance::{ADMIN, Appliance, PASSWORD, Start};
use crate::screen::{ENTER, Screen, Scripts, TAB};

/// A program with an administrator, and a browser in which nobody is logged in.
pub fn at_the_door(scripts: Scripts) -> Option<(Appliance, Screen)> {
    let appliance = Start::with_admin().run();
    let screen = Screen::open(&appliance, scripts)?;
    Some((appliance, screen))
}

/// The same with the administrator logged in, at the list.
pub fn at_the_list() -> Option<(Appliance, Screen)> {
    let (appliance, screen) = at_the_door(Scripts::On)?;
    screen.log_in();
    Some((appliance, screen))
}

impl Screen {
    /// Logs the administrator in.
    pub fn log_in(&self) {
        self.go("/accounts/login");
        self.fill("#username", ADMIN);
        self.fill("#password", PASSWORD);
        self.keys(ENTER);
        self.arrives_at("/links");
    }

    /// Makes a link with the form of one line.
    pub fn shorten(&self, target: &str, slug: &str) {
        self.go("/links");
        self.fill("#quick-target", target);
        self.fill("#quick-slug", slug);
        self.keys(ENTER);
        self.wait("location.search.startsWith('?new=') && document.readyState == 'complete'");
    }

    /// Sends a form past the checks that the browser makes by itself, and waits for the answer.
    pub fn send(&self, action: &str) {
        let script = "const form = document.querySelector(`form[action='${arguments[0]}']`); \
                      document.documentElement.dataset.left = ''; form.noValidate = true; form.requestSubmit()";
        self.run(script, &[action]);
        self.wait("document.readyState == 'complete' && !('left' in document.documentElement.dataset)");
    }

    /// Goes on with Tab until the focus is where it should be. Every stop on the way must be seen to have it.
    #[track_caller]
    pub fn tab_to(&self, selector: &str) {
        let mut stops = Vec::new();
        for _ in 0..60 {
            let stop = self.run(STOP, &[selector]);
            let name = stop["name"].as_str().unwrap().to_owned();
            let trouble = stop["trouble"].as_str().unwrap();
            assert!(trouble.is_empty(), "{name}: {trouble}, at {}", self.state());
            if stop["there"] == true {
                return;
            }
            stops.push(name);
            self.keys(TAB);
        }
        panic!("{selector} is not reached at {}; the stops are {stops:?}", self.place());
    }
}

/// Describes what has the focus: `trouble` when a person could not see that.
const STOP: &str = r"
    const element = document.activeElement;
    const name = element.tagName + ' ' + (element.id || element.name || element.ariaLabel || element.textContent.trim());
    if (element === document.body) return { name, trouble: '', there: false };
    const there = element.matches(arguments[0]);
    // A whole region that was jumped to needs no frame, and the parts of a date have their own.
    if (element.matches('main, [type=datetime-local]')) return { name, trouble: '', there };
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 10));
    let trouble = '';
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) trouble = 'no outline';
    if (style.outlineColor === getComputedStyle(document.documentElement).backgroundColor) trouble = 'unseen outline';
    if (box.width < 1 || box.top < 0 || box.left < 0 || box.bottom > innerHeight) trouble = 'outside the window';
    if (!top || !(element.contains(top) || top.contains(element))) trouble = 'hidden behind ' + top?.outerHTML;
    return { name, trouble, there };
";
