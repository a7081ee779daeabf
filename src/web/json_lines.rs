//! Rows for programs: an object on a line of its own, its fields in the order of the columns.

use serde_json::Value;

/// Appends a row.
///
/// What could end a script on a page is escaped, for files that end up in one (RFC 8259, section 7, allows it).
pub(crate) fn push_row(out: &mut Vec<u8>, fields: &[(&str, Value)]) {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let line = fields.join(",").replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    out.extend(format!("{{{line}}}\n").into_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_one_line_and_reads_as_what_it_was() {
        for text in ["", "plain", "a \"b\"\\\r\n\0", "</script><!--", "\u{2028}\u{2029}\u{202e}ü", "=1+1"] {
            let mut out = Vec::new();
            push_row(&mut out, &[("b", text.into()), ("a", 3.into()), ("c", Value::Null)]);
            let line = String::from_utf8(out).unwrap();
            assert_eq!(line.find(['\n', '\r', '<', '\u{2028}']), Some(line.len() - 1), "{line}");
            assert!(line.starts_with("{\"b\":") && line.ends_with(",\"a\":3,\"c\":null}\n"), "{line}");
            let read: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(read["b"], text);
        }
    }
}
