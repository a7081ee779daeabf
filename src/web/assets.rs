//! The pages' own files: the smallest form the client takes, kept by it for a year.

use crate::app::App;
use crate::ui::assets::{self, Asset};
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::{Kind, Response};
use crate::web::router::Parts;

/// Under its hashed name a file never changes and is kept; under its plain name it is asked for again each time.
///
/// # Errors
/// [`Error::NotFound`] for a name that is not among the files.
pub(crate) fn show(_: &App, request: &Request, parts: &Parts<'_>) -> Result<Response, Error> {
    let found = parts.first().and_then(|name| assets::find(name)).ok_or(Error::NotFound)?;
    let cache = if found.hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(answer(found.asset, request, cache))
}

/// Browsers ask for this name whatever the page says.
pub(crate) fn show_favicon(_: &App, request: &Request, _: &Parts<'_>) -> Result<Response, Error> {
    let found = assets::find("favicon.svg").ok_or(Error::NotFound)?;
    Ok(answer(found.asset, request, "public, max-age=3600"))
}

/// True for the plain address of a file of the pages, as sent. Answering it waits for nothing.
pub(crate) fn is_plain(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    path.strip_prefix("/assets/").is_some_and(|name| assets::find(name).is_some())
}

fn answer(asset: &'static Asset, request: &Request, cache: &'static str) -> Response {
    let accepted = request.header("accept-encoding").unwrap_or_default();
    let (coding, bytes) = asset
        .variants()
        .find(|(coding, _)| *coding == "identity" || accepts(accepted, coding))
        .unwrap_or(("identity", asset.plain));
    // Each form has a tag of its own: a strong tag promises equal bytes (RFC 9110, section 8.8.3.3).
    let tag = match coding {
        "identity" => format!("\"{}\"", asset.hash),
        coding => format!("\"{}-{coding}\"", asset.hash),
    };
    let response = Response::new(200, Kind::Asset).with("Cache-Control", cache);
    let response = if asset.has_variants() { response.with("Vary", "Accept-Encoding") } else { response };
    let is_known = request.header("if-none-match").is_some_and(|tags| matches_tag(tags, &tag));
    let response = response.with("ETag", tag);
    if is_known {
        return Response { status: 304, ..response };
    }
    let response = if coding == "identity" { response } else { response.with("Content-Encoding", coding) };
    response.with("Content-Type", asset.content_type).with_body(bytes)
}

/// Whether an `Accept-Encoding` value takes a coding.
///
/// # Source
/// RFC 9110, section 12.5.3; a weight of zero means "not acceptable".
fn accepts(header: &str, coding: &str) -> bool {
    let weight = |wanted: &str| {
        header.split(',').find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next()?;
            let refused = parts.any(|part| {
                let weight = part.to_ascii_lowercase().replace(' ', "");
                weight.strip_prefix("q=").is_some_and(|weight| weight.parse::<f32>() == Ok(0.0))
            });
            name.eq_ignore_ascii_case(wanted).then_some(!refused)
        })
    };
    weight(coding).or_else(|| weight("*")).unwrap_or(false)
}

/// Whether an `If-None-Match` value names the tag (RFC 9110, section 13.1.2: weak comparison).
fn matches_tag(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_chosen_by_name_and_weight() {
        for (header, gzip, br) in [
            ("gzip, deflate, br", true, true),
            ("gzip;q=0.5, br;q=0", true, false),
            ("GZIP", true, false),
            ("*", true, true),
            ("*;q=0, br", false, true),
            ("br ; q=0.0, *", true, false),
            ("identity", false, false),
            ("xgzip", false, false),
            ("", false, false),
        ] {
            assert_eq!((accepts(header, "gzip"), accepts(header, "br")), (gzip, br), "{header}");
        }
    }

    #[test]
    fn tags_are_compared_weakly() {
        for (header, known) in
            [("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\"", false), ("a", false)]
        {
            assert_eq!(matches_tag(header, "\"a\""), known, "{header}");
        }
    }
}
