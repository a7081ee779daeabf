//! Cargo's build script: prepares the files of `ui/assets/` for the executable.
//!
//! Each file goes to `$OUT_DIR/assets` under a name that carries its hash, so that browsers may keep it for a year,
//! with a `.br` and a `.gz` beside it where they are worth their bytes. `$OUT_DIR/asset_names.rs` gets one constant per
//! file: a page that names a missing asset does not compile. The same input always gives the same output.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Hex digits of the hash in a name: 48 bits, plenty to tell a handful of files and their versions apart.
const HASH_DIGITS: usize = 12;

/// A compressed form is kept up to this share of the plain one; above it, unpacking costs more than it saves.
const WORTHWHILE_PERCENT: usize = 95;

/// These are compressed in themselves.
const COMPRESSED_TYPES: [&str; 7] = ["png", "jpg", "jpeg", "webp", "woff2", "gz", "br"];

/// A file as it will be served.
struct Asset {
    plain_name: String,
    hashed_name: String,
    hash: String,
}

fn main() {
    println!("cargo:rerun-if-changed=ui/assets");
    println!("cargo:rerun-if-changed=ui/build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts"));
    let folder = out.join("assets");
    // A file of an earlier build would be embedded too.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the output folder can be made");

    let mut assets: Vec<Asset> = Vec::new();
    for source in sources() {
        let asset = prepare(&source, &assets, &folder);
        assets.push(asset);
    }
    fs::write(out.join("asset_names.rs"), names(&assets)).expect("the list of names can be written");
}

/// The files in a fixed order, style sheets last: only they name other assets.
fn sources() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir("ui/assets")
        .expect("ui/assets is a folder")
        .map(|entry| entry.expect("ui/assets can be listed").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort_by_key(|path| (extension(path) == "css", path.clone()));
    files
}

/// Writes one file and its compressed forms under its hashed name.
fn prepare(source: &Path, earlier: &[Asset], folder: &Path) -> Asset {
    let plain_name = source.file_name().and_then(|name| name.to_str()).expect("asset names are plain text").to_owned();
    let mut bytes = fs::read(source).expect("an asset can be read");
    if extension(source) == "css" {
        let text = String::from_utf8(bytes).expect("style sheets are UTF-8");
        bytes = with_hashed_names(text, earlier).into_bytes();
    }
    let hash = short_hash(&bytes);
    let (stem, kind) = plain_name.rsplit_once('.').expect("an asset's name has an ending");
    let hashed_name = format!("{stem}.{hash}.{kind}");
    if !COMPRESSED_TYPES.contains(&kind) {
        keep_if_smaller(&folder.join(format!("{hashed_name}.br")), brotli(&bytes), bytes.len());
        keep_if_smaller(&folder.join(format!("{hashed_name}.gz")), gzip(&bytes), bytes.len());
    }
    fs::write(folder.join(&hashed_name), &bytes).expect("an asset can be written");
    Asset { plain_name, hashed_name, hash }
}

/// A style sheet whose `url(NAME)` references carry the hashes.
fn with_hashed_names(mut text: String, earlier: &[Asset]) -> String {
    for asset in earlier {
        for quote in ["", "\"", "'"] {
            let from = format!("url({quote}{}{quote})", asset.plain_name);
            let to = format!("url({quote}{}{quote})", asset.hashed_name);
            text = text.replace(&from, &to);
        }
    }
    text
}

fn short_hash(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(bytes).iter().take(HASH_DIGITS / 2) {
        write!(hex, "{byte:02x}").expect("writing to a String never fails");
    }
    hex
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut packed, 4096, 11, 22);
    encoder.write_all(bytes).expect("memory takes every write");
    drop(encoder);
    packed
}

/// flate2 leaves the time in the header at 0, so the bytes are the same tomorrow.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory takes every write");
    encoder.finish().expect("memory takes every write")
}

fn keep_if_smaller(path: &Path, packed: Vec<u8>, plain_bytes: usize) {
    if packed.len() * 100 <= plain_bytes * WORTHWHILE_PERCENT {
        fs::write(path, packed).expect("a compressed asset can be written");
    }
}

/// The Rust text that `assets.rs` includes.
fn names(assets: &[Asset]) -> String {
    let mut text = String::new();
    for asset in assets {
        let constant = asset.plain_name.to_uppercase().replace(['.', '-'], "_");
        let hashed = &asset.hashed_name;
        writeln!(text, "pub(crate) const {constant}: &str = \"/assets/{hashed}\";")
            .expect("writing to a String never fails");
    }
    writeln!(text, "/// Plain name, hashed name, hash.\npub(super) const TABLE: &[(&str, &str, &str)] = &[")
        .expect("writing to a String never fails");
    for asset in assets {
        writeln!(text, "    ({:?}, {:?}, {:?}),", asset.plain_name, asset.hashed_name, asset.hash)
            .expect("writing to a String never fails");
    }
    text.push_str("];\n");
    text
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|kind| kind.to_str()).unwrap_or_default()
}
