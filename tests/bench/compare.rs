//! Servers that are asked the same, in turns, so that what else the machine does falls on all of them alike.

use crate::say;
use crate::server::{Server, Setting};
use crate::{nginx, reference};

/// What a server reached.
#[derive(Clone, Copy)]
pub struct Figures {
    pub per_second: f64,
    /// Processor time for each answer, in microseconds.
    pub cost_us: f64,
}

/// The program and what it is compared with: the HTTP library in clear, and nginx where it is installed.
pub fn beside(own: Server, setting: Setting<'_>) -> Vec<Server> {
    let rivals = [Some(reference::start(setting)), nginx::start(setting, 0)];
    std::iter::once(own).chain(rivals.into_iter().flatten()).collect()
}

pub fn names(servers: &[Server]) -> Vec<&'static str> {
    servers.iter().map(|server| server.name).collect()
}

/// The medians of a few rounds in which each server has its turn.
pub fn medians(rounds: usize, servers: &[Server], mut measure: impl FnMut(&Server) -> Figures) -> Vec<Figures> {
    let mut rows = Vec::new();
    for _ in 0..rounds {
        rows.push(servers.iter().map(&mut measure).collect::<Vec<Figures>>());
    }
    (0..servers.len()).map(|column| median(rows.iter().map(|row| row[column]))).collect()
}

/// Speed and cost each by itself.
pub fn median(figures: impl Iterator<Item = Figures> + Clone) -> Figures {
    let middle = |value: fn(&Figures) -> f64| {
        let mut values: Vec<f64> = figures.clone().map(|figures| value(&figures)).collect();
        values.sort_unstable_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Figures { per_second: middle(|figures| figures.per_second), cost_us: middle(|figures| figures.cost_us) }
}

/// The head of a table whose lines are those of [`line`].
pub fn head(what: &str, names: &[&str]) {
    let (own, others) = (names.iter().map(|name| format!("{name:>19}")), names[1..].iter());
    say(&format!(
        "{what:<28}{}{}",
        own.collect::<String>(),
        others.map(|name| format!("{:>19}", format!("to {name}"))).collect::<String>()
    ));
    let units = "        /s  us each".repeat(names.len()) + &"          /s     us".repeat(names.len() - 1);
    say(&format!("{:28}{units}", ""));
}

/// What each server reached, and what the first did in proportion to each of the others.
pub fn line(label: &str, figures: &[Figures]) {
    let own = figures[0];
    let numbers = figures.iter().map(|one| format!("{:>10.0}{:>9.1}", one.per_second, one.cost_us));
    let ratios = figures[1..].iter().map(|one| {
        let (speed, cost) = (own.per_second / one.per_second, own.cost_us / one.cost_us);
        format!("{speed:>12.2}{cost:>7.2}")
    });
    say(&format!("  {label:<26}{}", numbers.chain(ratios).collect::<String>()));
}
