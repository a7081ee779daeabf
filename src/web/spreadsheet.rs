//! Tables for spreadsheets.

/// First characters that make a spreadsheet take a cell for a formula, or skip to one behind them.
const FORMULA_STARTS: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];

/// Appends a row: every cell in quotes, CRLF at the end (RFC 4180).
///
/// A cell that a spreadsheet would run gets an apostrophe in front, and so does one that begins with apostrophes
/// before such a thing: taking one away again, where one of these follows, gives back what was meant.
pub(crate) fn push_row(out: &mut Vec<u8>, cells: &[&str]) {
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    let guarded = cells.iter().map(|cell| match cell.trim_start_matches('\'').starts_with(FORMULA_STARTS) {
        true => format!("'{cell}"),
        false => (*cell).to_owned(),
    });
    // Writing to memory does not fail.
    let _ = writer.write_record(guarded).and_then(|()| Ok(writer.flush()?));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_every_cell_can_be_read_back() {
        for (cell, written) in [
            ("plain", "plain"),
            ("", ""),
            ("a \"b\", c\r\nd", "a \"\"b\"\", c\r\nd"),
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("'quoted'", "'quoted'"),
            ("https://example.com/?a=b", "https://example.com/?a=b"),
        ] {
            let mut out = Vec::new();
            push_row(&mut out, &[cell, "x"]);
            assert_eq!(String::from_utf8(out).unwrap(), format!("\"{written}\",\"x\"\r\n"));
        }
    }
}
