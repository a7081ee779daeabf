//! A page taken apart as a browser's parser would: tags with their attributes, and what a page of ours must not hold.

/// A tag of a page; the name of an end tag begins with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    /// Values are unescaped.
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// All tags in their order.
///
/// # Source
/// HTML Standard, section 13.2.5, as far as tags, attributes, comments and raw text go.
pub fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let first = rest.chars().next().unwrap_or(' ');
        if first == '!' || first == '?' {
            let end = if rest.starts_with("!--") { "-->" } else { ">" };
            rest = &rest[rest.find(end).map_or(rest.len(), |at| at + end.len())..];
        } else if first.is_ascii_alphabetic() || first == '/' {
            let (tag, after) = one_tag(rest);
            rest = after;
            if ["script", "style", "title", "textarea"].contains(&tag.name.as_str()) {
                let lower = rest.to_ascii_lowercase();
                rest = &rest[lower.find(&format!("</{}", tag.name)).unwrap_or(rest.len())..];
            }
            found.push(tag);
        }
    }
    found
}

/// Reads a tag behind its `<`.
fn one_tag(text: &str) -> (Tag, &str) {
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(text.len());
    let end = text[1..end].find('/').map_or(end, |slash| slash + 1);
    let mut tag = Tag { name: text[..end].to_ascii_lowercase(), attributes: Vec::new() };
    let mut rest = &text[end..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return (tag, rest.strip_prefix('>').unwrap_or(rest));
        }
        let at = |c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/' | '=');
        let end = rest[1..].find(at).map_or(rest.len(), |at| at + 1);
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| *c == '"' || *c == '\'');
            (value, rest) = if let Some(quote) = quote {
                after[1..].split_once(quote).unwrap_or((&after[1..], ""))
            } else {
                after.split_at(after.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(after.len()))
            };
        }
        tag.attributes.push((name, unescape(value)));
    }
}

/// Text as a person reads it.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

/// The elements of a page with the names of their attributes, one a line: equal for pages that differ in texts only.
pub fn skeleton(html: &str) -> String {
    let line = |tag: Tag| {
        let names: Vec<String> = tag.attributes.into_iter().map(|(name, _)| name).collect();
        format!("{} {}\n", tag.name, names.join(" "))
    };
    tags(html).into_iter().map(line).collect()
}

/// Fails when the page holds anything that its content policy would forbid, or that reaches for another host.
#[track_caller]
pub fn holds_nothing_foreign(html: &str) {
    for tag in tags(html) {
        let said = format!("{tag:?}");
        let forbidden = ["style", "base", "iframe", "frame", "object", "embed", "applet"];
        assert!(!forbidden.contains(&tag.name.as_str()), "{said}");
        assert!(tag.name != "script" || tag.attribute("src").is_some(), "{said}");
        assert!(tag.attribute("http-equiv").is_none(), "{said}");
        for (name, value) in &tag.attributes {
            assert!(!name.starts_with("on") && name != "style", "{said}");
            assert!(!name.contains(['"', '\'', '<']), "{said}");
            let is_address = ["src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "ping"]
                .contains(&name.as_str());
            if !is_address {
                continue;
            }
            let is_ours =
                (value.starts_with('/') && !value.starts_with("//") && !value.contains('\\')) || value.starts_with('#');
            // A link's own target is shown as what it is, and opens by a person's click only.
            let is_target = tag.name == "a"
                && (value.starts_with("https://") || value.starts_with("http://"))
                && tag.attribute("rel").is_some_and(|rel| rel.contains("noopener"));
            assert!(is_ours || is_target, "{said}");
        }
    }
}

#[test]
fn a_page_is_taken_apart_as_a_browser_does() {
    let page = r#"<!DOCTYPE html><!-- <i> --><a href="/x" b=1 c hidden><title>a<b></title><br/><p title='"'>1 < 2</p>"#;
    let names: Vec<String> = tags(page).into_iter().map(|tag| tag.name).collect();
    assert_eq!(names, ["a", "title", "/title", "br", "p", "/p"]);
    assert_eq!(skeleton(page).lines().next(), Some("a href b c hidden"));
    let broken = r#"<input value=""onfocus=alert(1) x="">"#;
    assert_eq!(skeleton(broken), "input value onfocus x\n");
    for bad in [
        "<script>1</script>",
        "<p onclick=x>",
        "<p style=\"a\">",
        "<a href=\"javascript:alert(1)\">",
        "<img src=\"//evil.example/x\">",
        "<a href=\"https://evil.example/\">",
        "<svg/onload=alert(1)>",
    ] {
        assert!(std::panic::catch_unwind(|| holds_nothing_foreign(bad)).is_err(), "{bad}");
    }
}
