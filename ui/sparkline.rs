//! The small chart beside a link: people by day, without a scale. What it shows stands in its title, too.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::ui::number;

/// Pixels.
const HEIGHT: u64 = 20;
/// Units of a day along the chart: its column, and the gap after it.
const COLUMN: usize = 2;
const GAP: usize = 1;

/// Draws the counts of some days, the oldest first; nothing where there are none.
pub(crate) fn draw(counts: &[u64]) -> Markup {
    let all = counts.iter().fold(0, |all: u64, count| all.saturating_add(*count));
    let most = counts.iter().copied().max().unwrap_or_default();
    html! {
        @if all > 0 {
            svg.spark width="80" height=(HEIGHT) viewBox={ "0 0 " (counts.len() * (COLUMN + GAP)) " " (HEIGHT) }
                preserveAspectRatio="none" role="img" {
                title {
                    (number::counted(all, "click")) " in " (counts.len()) " days, "
                    (number::grouped(most)) " on the busiest"
                }
                path d=(path(counts, most)) {}
            }
        }
    }
}

/// A column for each day with any clicks.
fn path(counts: &[u64], most: u64) -> String {
    let mut path = String::new();
    for (day, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (u128::from(*count) * u128::from(HEIGHT)).div_ceil(u128::from(most.max(1)));
        // Writing to a text does not fail.
        let _ = write!(path, "M{} {HEIGHT}v-{height}h{COLUMN}v{height}z", day * (COLUMN + GAP));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_with_clicks_has_a_column_that_is_seen() {
        assert_eq!(path(&[0, 1, 0, 10_000], 10_000), "M3 20v-1h2v1zM9 20v-20h2v20z");
        assert_eq!(path(&[u64::MAX], u64::MAX), "M0 20v-20h2v20z");
        assert_eq!(draw(&[0; 30]).into_string(), "");
        assert!(draw(&[1, 3]).into_string().contains("<title>4 clicks in 2 days, 3 on the busiest</title>"));
    }
}
