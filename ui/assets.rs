//! Style sheet, script and icon, as they lie in the executable.
//!
//! `ui/build.rs` has put the hash into every name and compressed each file once. Which form a browser gets, and with
//! which headers, is the web layer's business; here a file is found by its name.

use std::borrow::Cow;
use std::sync::LazyLock;

use rust_embed::Embed;

/// One constant per file, such as `APP_CSS`: the path under which pages ask for it.
mod names {
    include!(concat!(env!("OUT_DIR"), "/asset_names.rs"));
}

pub(crate) use names::{APP_CSS, APP_JS, FAVICON_SVG};

/// A file of `ui/assets/` and its compressed forms.
#[derive(Debug)]
pub(crate) struct Asset {
    /// The name with the hash: `app.7e64a07d941c.css`.
    pub(crate) name: &'static str,
    /// The name without it: `app.css`.
    pub(crate) plain_name: &'static str,
    /// Twelve hex digits; changes with every byte of the file.
    pub(crate) hash: &'static str,
    /// Media type with charset.
    pub(crate) content_type: &'static str,
    pub(crate) plain: &'static [u8],
    /// Absent when it would save less than a twentieth.
    pub(crate) gzip: Option<&'static [u8]>,
    /// Absent when it would save less than a twentieth.
    pub(crate) brotli: Option<&'static [u8]>,
}

impl Asset {
    /// Whether the answer depends on what the client accepts.
    pub(crate) fn has_variants(&self) -> bool {
        self.gzip.is_some() || self.brotli.is_some()
    }

    /// The forms by name of content coding, smallest first; the last one is the file itself.
    pub(crate) fn variants(&self) -> impl Iterator<Item = (&'static str, &'static [u8])> {
        let brotli = self.brotli.map(|bytes| ("br", bytes));
        let gzip = self.gzip.map(|bytes| ("gzip", bytes));
        brotli.into_iter().chain(gzip).chain([("identity", self.plain)])
    }
}

/// An asset, and whether it was asked for by the name that carries its hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) asset: &'static Asset,
    /// If so, the bytes behind the name never change and may be kept for a year.
    pub(crate) hashed: bool,
}

/// The asset of this name, the part after `/assets/`, with or without its hash.
pub(crate) fn find(name: &str) -> Option<Found> {
    let asset = ALL.iter().find(|asset| asset.name == name || asset.plain_name == name)?;
    Some(Found { asset, hashed: asset.name == name })
}

#[derive(Embed)]
#[folder = "$OUT_DIR/assets"]
struct Files;

static ALL: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    names::TABLE
        .iter()
        .map(|(plain_name, name, hash)| Asset {
            name,
            plain_name,
            hash,
            content_type: content_type(name),
            plain: bytes(name).unwrap_or_default(),
            gzip: bytes(&format!("{name}.gz")),
            brotli: bytes(&format!("{name}.br")),
        })
        .collect()
});

fn bytes(name: &str) -> Option<&'static [u8]> {
    match Files::get(name)?.data {
        Cow::Borrowed(bytes) => Some(bytes),
        // Only a build that reads assets from disk comes here, once per file.
        Cow::Owned(bytes) => Some(bytes.leak()),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_stay_within_their_bytes() {
        for (name, plain_max, gzip_max) in
            [("app.css", 20 * 1024, 5_632), ("app.js", 8 * 1024, 3 * 1024), ("favicon.svg", 1024, 1024)]
        {
            let asset = find(name).unwrap().asset;
            let gzip_len = asset.gzip.unwrap_or(asset.plain).len();
            assert!(!asset.plain.is_empty());
            assert!(asset.plain.len() <= plain_max, "{name}: {} bytes", asset.plain.len());
            assert!(gzip_len <= gzip_max, "{name}: {gzip_len} bytes as gzip");
        }
    }

    #[test]
    fn an_asset_is_found_by_both_names_and_by_no_other() {
        let plain = find("app.css").unwrap();
        let hashed = find(APP_CSS.strip_prefix("/assets/").unwrap()).unwrap();
        assert!(!plain.hashed);
        assert!(hashed.hashed);
        assert_eq!(plain.asset.plain.as_ptr(), hashed.asset.plain.as_ptr());
        let smallest = hashed.asset.variants().next().unwrap();
        assert_eq!(smallest.0, "br");
        assert!(hashed.asset.has_variants());
        for name in ["", "app", "app.css.gz", "../build.rs", "app.000000000000.css", "APP.CSS"] {
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_script_and_the_style_sheet_name_no_other_host() {
        for name in ["app.css", "app.js"] {
            let text = String::from_utf8_lossy(find(name).unwrap().asset.plain);
            assert!(!text.contains("://"), "{name}");
        }
    }
}
