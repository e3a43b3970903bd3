//! Files in the format of `setup.cfg`, `tox.ini` and `pytest.ini`.

use std::collections::BTreeMap;

/// The sections of a file with their settings. A value that goes on in further lines, which are indented, keeps the line ends.
pub(super) type Sections = BTreeMap<String, BTreeMap<String, String>>;

/// Parses a file. Lines that are neither a section, a setting nor a comment are ignored.
pub(super) fn parse_ini(text: &str) -> Sections {
    let mut sections = Sections::new();
    let (mut section, mut key) = (None::<String>, None::<String>);
    for line in text.lines() {
        if line.trim().is_empty() || line.trim_start().starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name.trim()) {
            sections.entry(name.to_owned()).or_default();
            (section, key) = (Some(name.to_owned()), None);
            continue;
        }
        let Some(settings) = section.as_ref().and_then(|name| sections.get_mut(name)) else { continue };
        if line.starts_with([' ', '\t']) {
            if let Some(value) = key.as_ref().and_then(|key| settings.get_mut(key)) {
                value.push('\n');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(['=', ':']) {
            settings.insert(name.trim().to_owned(), value.trim().to_owned());
            key = Some(name.trim().to_owned());
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_on_in_indented_lines() {
        let parsed =
            parse_ini("# c\nstray\n[tool:pytest]\naddopts = -q\n  --ignore=x\n; c\n\ntestpaths: a b\r\n[empty]\n");
        let expected = BTreeMap::from([("addopts", "-q\n--ignore=x"), ("testpaths", "a b")]);
        let section =
            |name: &str| parsed.get(name).map(|it| it.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect());
        assert_eq!(section("tool:pytest"), Some(expected));
        assert_eq!(section("empty"), Some(BTreeMap::new()));
    }
}
