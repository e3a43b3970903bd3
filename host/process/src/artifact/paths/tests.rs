#![allow(clippy::unwrap_used)]
use super::*;

fn rules(names: Option<FileNames>, base: &[&str]) -> PathRules {
    PathRules { names, base: base.iter().map(|path| (*path).to_owned()).collect() }
}

fn faults(rules: &PathRules, paths: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    rules.check(paths.iter().copied(), &mut faults);
    faults
}

#[test]
fn bounds_each_name_in_bytes() {
    // 128 characters of two bytes.
    let (long, fits) = (format!("src/{}.py", "ä".repeat(127)), format!("src/{}.py", "ä".repeat(126)));
    for names in [FileNames::Portable, FileNames::Any] {
        let rules = rules(Some(names), &[]);
        assert_eq!(rules.fault(&long), Some("a name in it has more than 255 bytes in UTF-8"));
        assert_eq!(rules.fault(&fits), None);
        let deep = "d/".repeat(600) + "x.py";
        assert_eq!(rules.fault(&deep), Some("it has more than 1024 bytes in UTF-8"));
    }
    assert!(long.len() > MAX_SEGMENT_BYTES && fits.len() - "src/".len() == MAX_SEGMENT_BYTES);
}

#[test]
fn refuses_names_that_other_systems_refuse() {
    let device = "a name in it is the name of a device on Windows";
    let characters = "some systems refuse the characters `< > : \" | ? *` in names";
    let begins = "a name in it begins with `-` or `~`, which commands take for an option or a home folder";
    let (portable, any) = (rules(Some(FileNames::Portable), &[]), rules(Some(FileNames::Any), &[]));
    for (path, why) in [
        ("CON", device),
        ("NUL.txt", device),
        ("src/com1.py", device),
        ("src/LPT9", device),
        ("aux .tar.gz/x", device),
        ("com¹.txt", device),
        ("a?.py", characters),
        ("src/a:b.py", characters),
        ("a|b/c", characters),
        ("-rf", begins),
        ("src/~root", begins),
        ("-x/y.py", begins),
    ] {
        assert_eq!(portable.fault(path), Some(why), "{path}");
        assert_eq!(any.fault(path), None, "{path}");
    }
    for path in ["console.py", "com.py", "com10.py", "a-b~c.py", "nullable.py", "src/confest.py"] {
        assert_eq!(portable.fault(path), None, "{path}");
    }
    // No setting allows these.
    for (path, why) in [
        ("a .", "it has an empty or odd segment"),
        ("../x", "it has `..`"),
        ("x/.git/y", "it is inside `.git`"),
        ("x/Git~1/y", "some systems take a name in it for `.git`"),
        ("x/.git:y", "some systems take a name in it for `.git`"),
    ] {
        assert_eq!((portable.fault(path), any.fault(path)), (Some(why), Some(why)), "{path}");
    }
}

#[test]
fn refuses_paths_that_some_systems_equate() {
    let portable = rules(Some(FileNames::Portable), &[]);
    assert_eq!(
        faults(&portable, &["README", "readme", "caf\u{e9}.py", "cafe\u{301}.py", "a/x.py", "A/y.py", "x", "x"]),
        [
            "path \"readme\" is there twice: some systems do not distinguish it from \"README\"",
            "path \"cafe\u{301}.py\" is there twice: some systems do not distinguish it from \"caf\u{e9}.py\"",
            "path \"x\" is there twice",
            "folder \"A\" is there twice: some systems do not distinguish it from \"a\"",
        ]
    );
    assert_eq!(
        faults(&rules(Some(FileNames::Any), &[]), &["README", "readme", "a", "a", "b", "b/c"]),
        ["path \"a\" is there twice", "path \"b\" is a file and a folder"]
    );
    assert_eq!(faults(&portable, &["B", "b/c"]), ["path \"b\" is a file and a folder"]);
}

#[test]
fn keeps_the_names_of_base_files() {
    let portable = rules(Some(FileNames::Portable), &["ab:c.py", "README", "readme"]);
    assert!(faults(&portable, &["ab:c.py", "README", "readme"]).is_empty());
    assert_eq!(
        faults(&portable, &["README", "Readme", "cd:e.py"]),
        [
            "path \"Readme\" is there twice: some systems do not distinguish it from \"README\"",
            "path \"cd:e.py\" is not acceptable: some systems refuse the characters `< > : \" | ? *` in names",
        ]
    );
}

#[test]
fn runs_without_the_setting_keep_their_rules() {
    let earlier = rules(None, &[]);
    let long = "ä".repeat(200);
    assert!(
        faults(&earlier, &["a?.py", "CON", "-x", "~y", &long, "caf\u{e9}", "cafe\u{301}", "D/x", "d/y"]).is_empty()
    );
    assert_eq!(faults(&earlier, &["ok.py", "OK.py"]), ["path \"OK.py\" is there twice"]);
}

#[test]
fn settings_name_the_rules() {
    assert_eq!(serde_json::to_string(&FileNames::default()).unwrap(), "\"portable\"");
    assert_eq!(serde_json::from_str::<FileNames>("\"any\"").unwrap(), FileNames::Any);
}
