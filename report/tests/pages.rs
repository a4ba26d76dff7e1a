//! Pages about scenarios that ran: well-formed, complete, with nothing from elsewhere, and the same each time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::sync::{LazyLock, atomic::AtomicBool};

use outrider_report::{COLUMNS, Entry, Run, page};
use outrider_scenario::{Options, Report, Scenario, run};
use roxmltree::{Document, Node};
use sha2::{Digest as _, Sha256};

/// A name that is markup, and text in another direction.
const HOSTILE: &str = "<script>alert('1')</script>\"&amp;\u{202e}";

const TEXT: &str = r#"# <b>A comment</b> & more
seed: 5
slots: 16
preset: {shards: 2, signatures: trusted}
ees: [{name: NAME, kind: account, users: 4}]
views: [{name: NAME, share: 60}, {name: B, share: 40}]
traffic: [{kind: transfer, ee: NAME, per_slot: 4, cross_shard: 0.5, for: 7}]
faults:
  - {kind: partition, at: 4, for: 3, views: [B]}
  - {kind: wrong_post_root, at: 9, shard: 1, ee: NAME}
expect: [conserved, {slashed: 0}]
"#;

fn text() -> String {
    TEXT.replace("NAME", serde_saphyr::to_string(&HOSTILE).unwrap().trim())
}

/// The text above, and its run.
static BASE: LazyLock<(String, Report)> = LazyLock::new(|| {
    let text = text();
    let report = report(&text, Options::default());
    (text, report)
});

fn report(text: &str, options: Options<'_>) -> Report {
    let scenario = Scenario::parse(text).unwrap_or_else(|error| panic!("{error}: {}\n{text}", error.problem));
    run(&scenario, options).unwrap()
}

fn shards<'e>(text: &'e str, report: &'e Report) -> Entry<'e> {
    Entry { name: HOSTILE, text, run: Run::Shards(report) }
}

/// Parses a page as XML, so that each element is closed, and checks that a browser has no reason to fetch anything.
#[track_caller]
fn check_page(page: &str) -> Document<'_> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = Document::parse_with_options(page, options).unwrap();
    for node in document.descendants().filter(Node::is_element) {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let is_link = ["src", "href", "action", "data", "srcset", "poster"].contains(&name);
            assert!(!is_link || value.starts_with('#'), "{name}={value}");
            assert!(!name.starts_with("on") && name != "style", "{name}={value}");
        }
        let tag = node.tag_name().name();
        assert!(!["link", "img", "iframe", "object", "image", "use", "base"].contains(&tag), "{tag}");
    }
    assert!(!page.contains("://"), "an address");
    assert!(!page.contains("url(") && !page.contains("@import"), "a style from elsewhere");
    assert!(!page.contains('\u{202e}'), "a change of direction");
    document
}

fn with_class<'a>(
    document: &'a Document<'_>,
    tag: &'a str,
    class: &'a str,
) -> impl Iterator<Item = Node<'a, 'a>> {
    let has_class = move |node: &Node<'_, '_>| {
        node.attribute("class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
    };
    document.descendants().filter(move |node| node.has_tag_name(tag) && has_class(node))
}

fn all_text(node: Node<'_, '_>) -> String {
    node.descendants().filter_map(|node| node.text().filter(|_| node.is_text())).collect()
}

fn verdict(document: &Document<'_>) -> String {
    let verdict =
        document.descendants().find(|node| matches!(node.attribute("class"), Some("ok" | "bad"))).unwrap();
    format!("{}: {}", verdict.attribute("class").unwrap(), all_text(verdict))
}

#[test]
fn names_are_text_and_the_only_script_is_the_one_that_the_policy_allows() {
    let (text, report) = &*BASE;
    let page = page(&[shards(text, report)], false);
    let document = check_page(&page);
    let scripts: Vec<_> = document.descendants().filter(|node| node.has_tag_name("script")).collect();
    let [script] = scripts.as_slice() else { panic!("{} scripts", scripts.len()) };
    let policy = document.descendants().find_map(|node| node.attribute("content")).unwrap();
    let hash = base64(&Sha256::digest(script.text().unwrap()));
    assert!(policy.contains(&format!("script-src 'sha256-{hash}'")), "{hash}: {policy}");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    let shown = HOSTILE.replace('\u{202e}', "\\u{202e}");
    for tag in ["title", "h1", "td", "li"] {
        let is_there =
            document.descendants().any(|node| node.has_tag_name(tag) && all_text(node).contains(&shown));
        assert!(is_there, "no {tag} has the name");
    }
    let code = document.descendants().filter(|node| node.has_tag_name("pre")).map(all_text).next().unwrap();
    assert_eq!(code, text.replace('\u{202e}', "\\u{202e}"));
}

#[test]
fn each_plot_by_slot_has_a_point_for_each_slot() {
    let (text, report) = &*BASE;
    let page = page(&[shards(text, report)], false);
    let document = check_page(&page);
    let (mut n_bars, mut n_lines) = (0, 0);
    for figure in with_class(&document, "figure", "chart") {
        let across = figure.descendants().find(|node| node.attribute("class") == Some("name")).map(all_text);
        if across.as_deref() != Some("slot") {
            continue;
        }
        for mark in figure.descendants() {
            let points = match mark.tag_name().name() {
                "path" => mark.attribute("d").unwrap().matches('M').count(),
                "polyline" => mark.attribute("points").unwrap().split(' ').count(),
                _ => continue,
            };
            *(if mark.has_tag_name("path") { &mut n_bars } else { &mut n_lines }) += 1;
            assert_eq!(points, report.rows.len(), "{}", all_text(figure));
            let figures = mark.attributes().map(|attribute| attribute.value());
            assert!(figures.into_iter().all(|value| !value.contains("NaN") && !value.contains("inf")));
        }
    }
    // Blocks, fuel, four parts of bytes, sent, three fates, lane fill; packages, in flight, views, two of ether, executions.
    assert_eq!((n_bars, n_lines), (11, 3 + 1 + 2 + 3 + 2 + 2));
    let hint = |text: &str| {
        document.descendants().any(|node| node.has_tag_name("title") && all_text(node).contains(text))
    };
    for row in &report.rows {
        assert!(
            hint(&format!("slot {}\nblocks: {}", row.slot, row.crosslinked.crosslinks)),
            "slot {}",
            row.slot
        );
    }
    for (source, to, n) in &report.summary.lanes {
        assert!(hint(&format!("from {source} to {to}: {n}")), "lane from {source} to {to}");
    }
}

#[test]
fn faults_refusals_and_reorgs_are_in_the_table_of_events() {
    let (text, report) = &*BASE;
    let page = page(&[shards(text, report)], false);
    let document = check_page(&page);
    let rows: Vec<_> = document.descendants().filter(|node| node.has_tag_name("tr")).map(all_text).collect();
    let has = |start: &str, part: &str| rows.iter().any(|row| row.starts_with(start) && row.contains(part));
    assert!(has("4fault", "partition, view B, for 3 slots"), "{rows:#?}");
    assert!(has("9fault1", "wrong post root"), "{rows:#?}");
    assert!(has("9refused1", "post_state_root"), "{rows:#?}");
    assert!(report.reorgs.is_empty() || has(&format!("{}reorg", report.reorgs[0].slot), "another branch"));
    let lanes: u64 = report.summary.lanes.iter().map(|(_, _, n)| n).sum();
    assert_eq!(lanes, report.receipts.len() as u64);
    for code in report.codes.values() {
        assert!(page.contains(code.as_str()), "the hash of an EE's code");
    }
}

#[test]
fn the_page_does_not_depend_on_threads_or_time() {
    let (text, report_of_all) = &*BASE;
    let report_of_one = report(text, Options { threads: 1, ..Options::default() });
    let [one, all] = [&report_of_one, report_of_all].map(|report| page(&[shards(text, report)], false));
    assert!(one == all, "two runs have different pages");
}

#[test]
fn verdicts_are_those_of_the_run() {
    let (holds, of_holds) = &*BASE;
    let fails = holds.replace("slots: 16", "slots: 10").replace("slashed: 0", "slashed: 7");
    let of_fails = report(&fails, Options::default());
    let stopped = AtomicBool::new(true);
    let of_stopped = report(holds, Options { stop: Some(&stopped), ..Options::default() });
    for (text, report, expected) in [
        (holds, of_holds, "ok: all 2 expectations hold"),
        (&fails, &of_fails, "bad: 1 of 2 expectations fail"),
        (holds, &of_stopped, "bad: stopped after 0 slots: expectations are not checked"),
    ] {
        let page = page(&[shards(text, report)], false);
        assert_eq!(verdict(&check_page(&page)), expected);
    }
    let page = page(&[shards(&fails, &of_fails)], false);
    let document = check_page(&page);
    let rows: Vec<_> = document.descendants().filter(|node| node.has_tag_name("tr")).map(all_text).collect();
    assert!(rows.contains(&"fails{slashed:7}0".to_owned()), "{rows:#?}");
    assert!(rows.contains(&"holdsconserved".to_owned()), "{rows:#?}");
}

#[test]
fn a_comparison_has_a_row_for_each_scenario_and_a_plot_for_each_column() {
    let (text, of_text) = &*BASE;
    let other = text.replace("slots: 16", "slots: 10").replace("cross_shard: 0.5", "cross_shard: 0.0");
    let reports = [of_text, &report(&other, Options::default())];
    let entries = [shards(text, reports[0]), shards(&other, reports[1])];
    let page = page(&entries, true);
    let document = check_page(&page);
    let table = document.descendants().find(|node| node.has_tag_name("table")).unwrap();
    let rows: Vec<Vec<_>> = table
        .descendants()
        .filter(|node| node.has_tag_name("tr"))
        .map(|row| row.children().filter(Node::is_element).map(all_text).collect())
        .collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0][2..], COLUMNS.iter().map(|column| column.name.to_owned()).collect::<Vec<_>>());
    for (row, report) in rows[1..].iter().zip(reports) {
        for (cell, column) in row[2..].iter().zip(COLUMNS) {
            let expected =
                (column.figure)(&report.figures()).map_or("–".to_owned(), |figure| figure.to_string());
            assert_eq!(cell.replace('\u{2009}', ""), expected, "{}", column.name);
        }
    }
    assert_eq!(reports[1].figures().receipts, 0);
    let titles: Vec<_> =
        document.descendants().filter(|node| node.has_tag_name("figcaption")).map(all_text).collect();
    for column in COLUMNS {
        assert!(titles.contains(&format!("{} by scenario", column.name)), "{}", column.name);
    }
    for index in [0, 1] {
        let place = format!("scenario-{index}");
        assert!(document.descendants().any(|node| node.attribute("id") == Some(&place)), "{place}");
    }
}

#[test]
fn a_model_has_its_figures_expectations_and_a_plot_for_each_series() {
    let text = include_str!("../../examples/models/jury.yaml");
    let text = &format!("{text}  - {{measure: nothing, at_least: 2}}\n")
        .replace("about: >\n", "about: >\n  <i>A third</i>\n");
    let scenario: outrider_models::Scenario = serde_saphyr::from_str(text).unwrap();
    let result = scenario.run().unwrap();
    let page = page(&[Entry { name: HOSTILE, text, run: Run::Model(&scenario, &result) }], false);
    let document = check_page(&page);
    assert_eq!(verdict(&document), format!("bad: 1 of {} expectations fail", scenario.expect.len()));
    assert!(document.descendants().any(|node| all_text(node).starts_with("<i>A third</i>")));
    let cells: Vec<_> = document.descendants().filter(|node| node.has_tag_name("td")).map(all_text).collect();
    for measure in result.outcome.measures.keys() {
        assert!(cells.iter().any(|cell| cell == measure), "{measure}");
    }
    assert!(
        cells.iter().any(|cell| cell.contains("`nothing`: the model gave no such measure")),
        "{cells:#?}"
    );
    let lines: Vec<_> = with_class(&document, "polyline", "line")
        .map(|line| line.attribute("points").unwrap().split(' ').count())
        .collect();
    let series = result.outcome.series.values().filter(|series| !series.rows.is_empty());
    let expected: Vec<_> =
        series.flat_map(|series| vec![series.rows.len(); series.columns.len() - 1]).collect();
    assert!(!expected.is_empty());
    assert_eq!(lines, expected);
}

/// Writes bytes in base64, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let of_three = |three: &[u8]| {
        let bits =
            (0..3).fold(0, |bits, index| bits << 8 | u32::from(three.get(index).copied().unwrap_or(0)));
        let digit = move |index| char::from(DIGITS[(bits >> (18 - 6 * index) & 63) as usize]);
        let n = three.len() + 1;
        (0..4).map(move |index| if index < n { digit(index) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(of_three).collect()
}
