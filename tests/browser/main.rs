//! Pages in a real browser: Chromium without a window, driven through chromedriver.
//!
//! Where there is no chromedriver the tests say so and pass, unless `LINKJAR_BROWSER=required` is set. `CHROMEDRIVER`
//! names one that is not in the path.

// Tests say what they expect by unwrapping; clippy.toml excuses only the functions marked as tests.
#![allow(clippy::unwrap_used)]

// Starts and stops the program. Not all of it is needed here.
#[allow(dead_code)]
#[path = "../it/appliance.rs"]
mod appliance;
// Prepares links and clicks without a screen. Not all of it is needed here.
#[allow(dead_code)]
#[path = "../it/browser.rs"]
mod browser;
// What a person does with the program, in the steps that several tests share.
mod person;
// The browser that these tests look at.
mod screen;

// What the script adds: copying, local times, shortcuts, menus.
mod comforts;
// The whole program with the keyboard only.
mod keyboard;
// What holds for every page: titles, labels, width, silence of the console.
mod pages;
// Several people at once, each in a browser of their own.
mod people;
// The light and the dark theme.
mod theme;
// The same program with scripts switched off.
mod without_script;
