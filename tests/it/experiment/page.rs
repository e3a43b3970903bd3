//! `report.html` in a real browser: nothing is cut, on a telephone and on a desk, in light and dark.

use std::fs;

use phasegate_test::{has_browser, measure_page};

use super::{ONCE, Project};

#[test]
fn report_fits_telephones_and_wide_windows() {
    if !has_browser() {
        return;
    }
    let project = Project::with(&[ONCE]);
    assert_eq!(project.run(&[]).code, 0);
    let page = fs::read_to_string(project.path("phasegate-out/experiment-strategies/report.html")).unwrap();
    let frames = [(360, "light"), (360, "dark"), (1400, "light"), (1400, "dark")];
    let measured = measure_page(&page, &frames, &project.path("phasegate-out"));
    assert_eq!(measured.len(), frames.len());
    let rows = page.matches("<tr>").count();
    for (found, (width, scheme)) in measured.iter().zip(frames) {
        assert_eq!((&found["width"], &found["overflow"]), (&width.into(), &0.into()), "{found}");
        assert_eq!(
            (&found["pictures"], &found["rows"], &found["cut"]),
            (&4.into(), &rows.into(), &[""; 0].into()),
            "{found}"
        );
        assert!(found["smallest"].as_f64().unwrap() >= 11.0, "text that is too small: {found}");
        let paper = if scheme == "dark" { "rgb(13, 17, 23)" } else { "rgb(255, 255, 255)" };
        assert_eq!(found["paper"], paper, "{scheme}: {found}");
    }

    // A long name would be wider than a telephone.
    let wide = page.replace("phase-aware", &"x".repeat(60));
    let [found] = &measure_page(&wide, &[(360, "light")], &project.path("phasegate-out"))[..] else { panic!() };
    assert_ne!(found["cut"], serde_json::json!([]), "the measurement finds what is cut");
}
