//! Numbers as people read them.

/// Digits in groups of three: `1,204`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and its noun: `1 link`, `1,204 links`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(number))
}

/// Bytes in the largest unit of which there is one: `1.2 MB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    let Some(power) = (1..=4).rev().find(|power| bytes >= 1000_u64.pow(*power)) else { return counted(bytes, "byte") };
    // One digit behind the point, rounded down: nothing is called larger than it is.
    let tenths = bytes / (1000_u64.pow(power) / 10);
    format!("{}.{} {}", grouped(tenths / 10), tenths % 10, UNITS[power as usize - 1])
}

/// A length of time in the two largest units that matter: `3 days, 4 hours`.
pub(crate) fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours) {
        (0, 0) => counted(minutes, "minute"),
        (0, _) => format!("{}, {}", counted(hours, "hour"), counted(minutes % 60, "minute")),
        _ => format!("{}, {}", counted(days, "day"), counted(hours % 24, "hour")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_threes() {
        for (number, text) in [
            (0, "0"),
            (12, "12"),
            (999, "999"),
            (1_204, "1,204"),
            (100_000, "100,000"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn sizes_and_spans_are_told_in_units_of_their_own_order() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 KB"),
            (1_299_999, "1.2 MB"),
            (67_108_864, "67.1 MB"),
            (5_000_000_000, "5.0 GB"),
            (u64::MAX, "18,446,744.0 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        for (seconds, text) in [
            (59, "0 minutes"),
            (60, "1 minute"),
            (3_660, "1 hour, 1 minute"),
            (86_400, "1 day, 0 hours"),
            (31 * 86_400 + 7_300, "31 days, 2 hours"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn only_one_is_singular() {
        assert_eq!(counted(0, "click"), "0 clicks");
        assert_eq!(counted(1, "click"), "1 click");
        assert_eq!(counted(1_000, "click"), "1,000 clicks");
    }
}
