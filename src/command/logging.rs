//! Log lines: one event, one line, on stderr.
//!
//! Text goes through simplelog, JSON is written here. Both get the event's own values (`user`, `slug`, `ip`, …) from
//! `log`'s key-values. What visitors made is quoted, cut and escaped, so that nobody can forge a line.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use simplelog::{ConfigBuilder, WriteLogger};
use time::macros::format_description;

use crate::click::cut;
use crate::clock::{Clock, Timestamp};
use crate::config::{LOG_TARGETS, LogFilter, LogFormat};
use crate::limits::LOG_VALUE_BYTES_MAX;

/// A log is written, and as JSON.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Begins to log. Later calls change nothing: a process has one log.
pub(crate) fn start(filter: LogFilter, format: LogFormat) {
    let most = filter.targets.iter().map(|(_, level)| *level).chain([filter.default]).max();
    let logger = Logger { filter, text: text_logger(), format };
    if log::set_boxed_logger(Box::new(logger)).is_ok() {
        log::set_max_level(most.unwrap_or(LevelFilter::Info));
        IS_JSON.store(format == LogFormat::Json, Ordering::Relaxed);
    }
}

/// Whether stderr is read by a program that wants JSON.
pub(crate) fn is_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

/// simplelog writes the time and the line; level and values stand in the line, as people's filters expect them.
fn text_logger() -> Box<WriteLogger<std::io::Stderr>> {
    let config = ConfigBuilder::new()
        .set_time_format_custom(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
        .set_time_level(LevelFilter::Error)
        .set_max_level(LevelFilter::Off)
        .set_target_level(LevelFilter::Off)
        .set_location_level(LevelFilter::Off)
        .set_thread_level(LevelFilter::Off)
        .build();
    WriteLogger::new(LevelFilter::Trace, config, std::io::stderr())
}

struct Logger {
    filter: LogFilter,
    format: LogFormat,
    text: Box<WriteLogger<std::io::Stderr>>,
}

impl Logger {
    fn level(&self, target: &str) -> LevelFilter {
        // What becomes of the listening socket is told by ourselves, and only when it is news.
        if target.starts_with("tiny_http") {
            return LevelFilter::Off;
        }
        // Other libraries speak under their own names; their chatter is not the operator's.
        let ours = self.filter.targets.iter().find(|(name, _)| name == target);
        let level = ours.map_or(self.filter.default, |(_, level)| *level);
        if LOG_TARGETS.contains(&target) { level } else { level.min(LevelFilter::Warn) }
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.level(metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        match self.format {
            LogFormat::Text => {
                let line = text_line(record);
                self.text.log(
                    &Record::builder()
                        .level(record.level())
                        .target(record.target())
                        .args(format_args!("{line}"))
                        .build(),
                );
            }
            LogFormat::Json => {
                let line = json_line(record, Clock::system().now());
                // Nothing can be done about a stderr that is gone.
                let _ = std::io::stderr().write_all(line.as_bytes());
            }
        }
    }

    fn flush(&self) {
        self.text.flush();
    }
}

/// `WARN  login failed user=alice ip=203.0.113.9`.
fn text_line(record: &Record<'_>) -> String {
    let mut line = format!("{:<5} {}", record.level(), on_its_line(&record.args().to_string()));
    // Collecting into a string cannot fail.
    let _ = record.key_values().visit(&mut TextValues(&mut line));
    line
}

struct TextValues<'a>(&'a mut String);

impl<'kvs> VisitSource<'kvs> for TextValues<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let text = value.to_string();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:[]".contains(c);
        if !text.is_empty() && text.len() <= LOG_VALUE_BYTES_MAX && text.chars().all(is_plain) {
            let _ = write!(self.0, " {key}={text}");
        } else {
            let _ = write!(self.0, " {key}=\"{}\"", in_quotes(cut(&text, LOG_VALUE_BYTES_MAX)));
        }
        Ok(())
    }
}

/// Text that stays on its line: controls, backslashes and characters that change the direction of writing become
/// escapes.
fn on_its_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || is_invisible(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// The same for text between quotes.
fn in_quotes(text: &str) -> String {
    on_its_line(text).replace('"', "\\\"")
}

/// Line and paragraph separators, and the marks and overrides of writing direction (Unicode, annex 9).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// `{"ts":"…","level":"info","target":"links","msg":"link created","owner":"alice","slug":"promo"}`.
fn json_line(record: &Record<'_>, now: Timestamp) -> String {
    let mut fields = serde_json::Map::new();
    fields.insert("ts".to_owned(), now.rfc3339().into());
    fields.insert("level".to_owned(), record.level().as_str().to_lowercase().into());
    fields.insert("target".to_owned(), record.target().into());
    fields.insert("msg".to_owned(), record.args().to_string().into());
    let _ = record.key_values().visit(&mut JsonValues(&mut fields));
    let mut line = String::new();
    for c in serde_json::Value::Object(fields).to_string().chars() {
        // JSON may hold these as they are; a terminal should not.
        let _ = if is_invisible(c) { write!(line, "\\u{:04x}", u32::from(c)) } else { line.write_char(c) };
    }
    line.push('\n');
    line
}

struct JsonValues<'a>(&'a mut serde_json::Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for JsonValues<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let value = match (value.to_u64(), value.to_i64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => cut(&value.to_string(), LOG_VALUE_BYTES_MAX).into(),
        };
        self.0.insert(key.as_str().to_owned(), value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_record(user: &str, check: impl Fn(&Record<'_>)) {
        let values: [(&str, Value<'_>); 2] = [("user", Value::from(user)), ("count", Value::from(7_u64))];
        let args = format_args!("login failed");
        check(&Record::builder().level(log::Level::Warn).target("accounts").args(args).key_values(&values).build());
    }

    #[test]
    fn a_line_of_text_can_be_read_by_filters() {
        with_record("alice", |record| assert_eq!(text_line(record), "WARN  login failed user=alice count=7"));
    }

    #[test]
    fn nobody_can_forge_a_line() {
        with_record("x\" ip=1.2.3.4\nWARN \u{1b}[2J\u{202e}\\", |record| {
            let line = text_line(record);
            assert_eq!(line, r#"WARN  login failed user="x\" ip=1.2.3.4\u{a}WARN \u{1b}[2J\u{202e}\\" count=7"#);
        });
        with_record(&"ü".repeat(500), |record| {
            assert!(text_line(record).len() < LOG_VALUE_BYTES_MAX + 50);
        });
    }

    #[test]
    fn a_line_of_json_has_its_fields() {
        with_record("a\u{202e}", |record| {
            let line = json_line(record, Timestamp::from_ms(0));
            assert!(line.is_ascii() && line.contains(r"a\u202e"), "{line}");
        });
        with_record("a\"\n", |record| {
            let line = json_line(record, Timestamp::from_ms(0));
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(value["ts"], "1970-01-01T00:00:00Z");
            assert_eq!((&value["level"], &value["target"]), (&"warn".into(), &"accounts".into()));
            assert_eq!((&value["user"], &value["count"]), (&"a\"\n".into(), &7.into()));
            assert_eq!(line.matches('\n').count(), 1);
        });
    }
}
