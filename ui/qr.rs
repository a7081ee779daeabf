//! An address as a picture for cameras.

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

/// Empty squares around the code (ISO/IEC 18004, section 6.3.8).
const MARGIN: i32 = 4;

/// Draws the code, black on white whatever the theme: cameras want it so. Nothing for a text that is too long for one;
/// addresses of ours never are.
pub(crate) fn draw(text: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return html! {} };
    let side = code.size() + 2 * MARGIN;
    let mut squares = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            squares.push_str(&format!("M{} {}h1v1h-1z", x + MARGIN, y + MARGIN));
        }
    }
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (side) " " (side) } width="240" height="240" role="img"
            aria-label={ "QR code for " (text) } shape-rendering="crispEdges" {
            path fill="#fff" d={ "M0 0h" (side) "v" (side) "H0z" } {}
            path fill="#000" d=(squares) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_corners_are_where_cameras_look_for_them_and_text_is_escaped() {
        let drawn = draw("https://short.example/alice/promo").into_string();
        // 33 bytes with medium correction take version 3: 29 squares, 37 with the margin.
        assert!(drawn.contains("viewBox=\"0 0 37 37\""), "{drawn}");
        for corner in ["M4 4h1", "M32 4h1", "M4 32h1"] {
            assert!(drawn.contains(corner), "{corner}");
        }
        assert!(!drawn.contains("M32 32h1v1h-1zM33"), "no fourth corner");
        assert!(!draw("\"><b>").into_string().contains("<b>"));
        assert_ne!(draw("https://short.example/alice/promo2").into_string(), drawn);
        assert_eq!(draw(&"x".repeat(3_000)).into_string(), "");
    }
}
