//! The frame of a page: its style, its script, and what a browser lets it do.

use crate::html::Html;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("sort.js");
/// A browser fetches nothing, and runs no script but the one with this hash, of [`SCRIPT`] in base64.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-1DJU9Gv49P49tv1kmS/eAFNOaJFW/n53xbqU+VWI9nQ='";

/// Returns a page with this title.
pub(crate) fn page(title: &str, inside: impl FnOnce(&mut Html)) -> String {
    let mut html = Html::default();
    html.element("html", &[("lang", &"en")], |html| {
        html.element("head", &[], |html| {
            html.empty("meta", &[("charset", &"utf-8")]);
            html.empty("meta", &[("http-equiv", &"Content-Security-Policy"), ("content", &POLICY)]);
            html.empty("meta", &[("name", &"viewport"), ("content", &"width=device-width, initial-scale=1")]);
            html.leaf("title", &[], title);
            html.element("style", &[], |html| html.constant(STYLE));
        });
        html.line();
        html.element("body", &[], |html| {
            inside(html);
            html.leaf("footer", &[], "Made by outrider sim. The same scenario gives the same page.");
            html.element("script", &[], |html| html.constant(SCRIPT));
        });
    });
    format!("<!DOCTYPE html>\n{}\n", html.into_text())
}

/// Adds a link to a place on the page.
pub(crate) fn link(html: &mut Html, place: &str, text: &str) {
    html.leaf("a", &[("href", &format!("#{place}"))], text);
}
