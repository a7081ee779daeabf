//! The bar list: names with counts, longest bar first as handed in.
//!
//! Widths are svg attributes, because the content policy allows no inline style. The number stands beside the bar, so
//! nothing depends on seeing it.

use maud::{Markup, html};

use crate::ui::number;

/// One line of a bar list.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) count: u64,
}

/// Draws the list under a heading, or says that there is nothing to list.
pub(crate) fn list(heading: &str, bars: &[Bar]) -> Markup {
    let longest = bars.iter().map(|bar| bar.count).max().unwrap_or_default();
    html! {
        section.bars {
            h3 { (heading) }
            @if bars.is_empty() {
                p.muted { "Nothing yet." }
            } @else {
                ul {
                    @for bar in bars {
                        li {
                            span.bar-label title=(bar.label) { (bar.label) }
                            span.bar-count { (number::grouped(bar.count)) }
                            svg.bar width="100%" height="6" aria-hidden="true" focusable="false" {
                                rect width=(percent(bar.count, longest)) height="6" rx="1" {}
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The bar's share of the longest one. A count above zero is always visible.
fn percent(count: u64, longest: u64) -> String {
    if count == 0 || longest == 0 {
        return "0%".to_owned();
    }
    let share = u128::from(count) * 100 / u128::from(longest);
    format!("{}%", share.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_shares_of_the_longest_bar() {
        for (count, longest, text) in
            [(0, 0, "0%"), (0, 9, "0%"), (1, 100_000, "1%"), (40, 80, "50%"), (u64::MAX, u64::MAX, "100%")]
        {
            assert_eq!(percent(count, longest), text);
        }
    }
}
