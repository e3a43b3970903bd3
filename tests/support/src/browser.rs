//! How a page looks in a real browser: Chromium without a window, which asks no network and keeps no profile.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Set where Chromium is installed: tests that need it fail without it.
const BROWSER: &str = "PHASEGATE_TEST_BROWSER";

/// Measures a page in frames; the page itself runs no script. A text outside of its picture is cut.
const MEASURE: &str = r#"
function measure(frame) {
  const page = frame.contentDocument, root = page.documentElement;
  const cut = [];
  for (const text of page.querySelectorAll("svg text")) {
    const [mine, all] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()];
    if (mine.left < all.left - 1 || mine.right > all.right + 1) cut.push(text.textContent);
  }
  const small = Math.min(...[...page.querySelectorAll("svg text")].map(text => text.getBoundingClientRect().height));
  return {
    width: frame.clientWidth, overflow: root.scrollWidth - root.clientWidth, cut, smallest: small,
    pictures: page.querySelectorAll("svg").length, rows: page.querySelectorAll("tr").length,
    paper: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
  };
}
onload = () => {
  const found = JSON.stringify([...document.querySelectorAll("iframe")].map(measure));
  document.body.replaceChildren(Object.assign(document.createElement("pre"), { textContent: found }));
};
"#;

/// Whether Chromium works on this machine. Prints why if it does not.
pub fn has_browser() -> bool {
    let quiet = Command::new("chromium").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let works = quiet.is_ok_and(|status| status.success());
    assert!(works || std::env::var_os(BROWSER).is_none(), "{BROWSER} is set, and `chromium` does not work");
    if !works {
        println!("skipped: `chromium` does not work here; Debian has it in the package chromium");
    }
    works
}

/// Shows a page in frames of these widths, in pixels, and in these colour schemes (`light` or `dark`). Returns for each: `width`,
/// `overflow` (pixels that do not fit), `cut` (texts outside of their picture), `smallest` (height of text in pictures),
/// `pictures`, `rows` and `paper` (the background).
pub fn measure_page(page: &str, frames: &[(u32, &str)], folder: &Path) -> Vec<Value> {
    let escaped = page.replace('&', "&amp;").replace('"', "&quot;");
    let frame = |(width, scheme): &(u32, &str)| {
        format!(
            "<iframe style=\"border:0;width:{width}px;height:800px;color-scheme:{scheme}\" srcdoc=\"{escaped}\"></iframe>\n"
        )
    };
    let frames: String = frames.iter().map(frame).collect();
    let file = folder.join("frames.html");
    std::fs::write(&file, format!("<!DOCTYPE html><meta charset=\"utf-8\"><script>{MEASURE}</script><body>{frames}"))
        .unwrap();
    let profile = tempfile::tempdir().unwrap();
    let mut browser = Command::new("chromium");
    // The tests may run as root, where the browser's own sandbox does not start.
    browser.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--dump-dom",
    ]);
    browser.args(["--disable-background-networking", "--disable-component-update", "--window-size=1600,1000"]);
    browser.arg(format!("--user-data-dir={}", profile.path().display())).arg(format!("file://{}", file.display()));
    let output = browser.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.split("<pre>").nth(1).and_then(|rest| rest.split("</pre>").next());
    let found = found.unwrap_or_else(|| panic!("no measurements: {text}\n{}", String::from_utf8_lossy(&output.stderr)));
    serde_json::from_str(&found.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")).unwrap()
}
