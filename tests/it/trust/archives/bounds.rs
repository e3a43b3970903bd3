//! Files that expand, files that are none, and runs that could not be loaded: rejected while they are read.

use std::fs;
use std::process::Command;

use phasegate_process::Digest;
use serde_json::json;

use super::{assert_empty, exported, file_of, import, list_of, refusal, with_peak};
use crate::archive::database;

#[test]
fn rejects_archives_that_expand_in_memory() {
    let (_, archive) = exported("plain-pass");
    // Three events of 12 million empty strings, a file of a few KiB.
    let mut bomb = archive.clone();
    (0..3).for_each(|_| bomb.events.push(list_of(12_000_000)));
    let scenario = crate::scenario("plain-pass");
    bomb.write(&file_of(&scenario));
    assert!(fs::metadata(file_of(&scenario)).unwrap().len() < 2_000_000);
    let command = scenario.command(&["import", &file_of(&scenario).display().to_string()]);
    let (peak, output) = with_peak(command);
    let file = file_of(&scenario).display().to_string();
    insta::assert_snapshot!(output.render(&[(&file, "FILE")]), @"
    exit 2
    error[PG-0703]: FILE cannot be imported: it unpacks to more than 2000 times its size
    hint: nothing was imported or written; a run that phasegate made stays below this limit
    ");
    assert!(peak < 200, "{peak} MiB");
    assert_empty(&scenario);

    // The same after text that hardly shrinks.
    let digests: String =
        (0..2_000_u32).map(|number| Digest::from_content(&number.to_le_bytes()).to_string()).collect();
    bomb.events.insert(19, json!({ "event": "run_stopped", "reason": digests }).to_string());
    bomb.write(&file_of(&scenario));
    let (peak, output) = with_peak(scenario.command(&["import", &file]));
    assert!(output.stderr.contains("event 21 has more than 33555456 bytes, which is the limit"), "{}", output.stderr);
    assert!(peak < 200, "{peak} MiB");
    assert_empty(&scenario);

    // Each list below the limit of bytes.
    let mut bomb = archive.clone();
    bomb.events.push(list_of(500_000));
    assert!(refusal(&bomb).contains("event 20 is too large: it has more than 500000 parts, which is the limit"));

    // Each event below its limits, and the run above those of runs.
    let mut bomb = archive;
    (0..11).for_each(|_| bomb.events.push(list_of(499_900)));
    assert!(refusal(&bomb).contains("event 29 is too large: with it the run has more than 5000000 parts of events"));
}

#[test]
fn rejects_archives_that_expand_on_disk() {
    let refuse = |packed: Vec<u8>| {
        let scenario = crate::scenario("plain-pass");
        fs::write(file_of(&scenario), packed).unwrap();
        let (peak, output) = with_peak(scenario.command(&["import", &file_of(&scenario).display().to_string()]));
        assert!(peak < 200, "{peak} MiB");
        assert_eq!(output.code, 2);
        assert_empty(&scenario);
        output.stderr
    };
    let (_, archive) = exported("plain-pass");
    let mut zeros = archive.clone();
    zeros.blobs.retain(|_, bytes| bytes.len() < 10_000);
    zeros.add_blob(vec![0; 100 << 20]);
    let refused = refuse(zstd::encode_all(zeros.unpacked().as_slice(), 3).unwrap());
    assert!(refused.contains("cannot be imported: it unpacks to more than 2000 times its size"), "{refused}");

    let text = String::from_utf8_lossy(&archive.unpacked()).into_owned();
    let (digest, _) = archive.blobs.first_key_value().unwrap();
    let entry = format!(r#"{{"digest":"{digest}","size":0}},"#);
    let large = text.replacen(r#""blobs":["#, &format!(r#""blobs":[{{"digest":"{digest}","size":268435457}},"#), 1);
    let refused = refuse(zstd::encode_all(large.as_bytes(), 3).unwrap());
    assert!(refused.contains("has 268435457 bytes; at most 268435456 are read"), "{refused}");

    let many = text.replacen(r#""blobs":["#, &format!(r#""blobs":[{}"#, entry.repeat(200_001)), 1);
    let refused = refuse(zstd::encode_all(many.as_bytes(), 3).unwrap());
    assert!(refused.contains("blobs; at most 200000 are read"), "{refused}");

    // A window that would need 128 MiB before the first byte comes out.
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(27).unwrap();
    std::io::copy(&mut archive.unpacked().as_slice(), &mut encoder).unwrap();
    let refused = refuse(encoder.finish().unwrap());
    assert!(refused.contains("too much memory"), "{refused}");
}

#[test]
fn blobs_without_an_event_are_not_stored() {
    let (_, mut archive) = exported("plain-pass");
    let digest = archive.add_blob("nothing names this");
    let scenario = crate::scenario("plain-pass");
    assert_eq!(import(&scenario, &archive).code, 0);
    let stored: u64 = database(&scenario)
        .query_row("SELECT count(*) FROM blobs WHERE digest = ?1", (&digest,), |row| row.get(0))
        .unwrap();
    assert_eq!(stored, 0);
    assert_eq!(scenario.call(&["gc"]).stdout, "Nothing to remove.\n");
}

#[test]
fn import_reads_regular_files_only() {
    let scenario = crate::scenario("plain-pass");
    let pipe = scenario.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let zero = scenario.path("zero");
    std::os::unix::fs::symlink("/dev/zero", &zero).unwrap();
    for (path, what) in [(&pipe, "pipe"), (&zero, "device"), (&scenario.path(""), "folder")] {
        let refused = scenario.call(&["import", &path.display().to_string()]);
        let expected =
            format!("cannot be read: it is a {what}, not a regular file\nhint: give a file that `export` has written");
        assert!(refused.code == 2 && refused.stderr.contains(&expected), "{}", refused.stderr);
    }
}

#[test]
fn rejects_runs_that_could_not_be_loaded() {
    let (_, archive) = exported("plain-pass");
    let mut twice = archive.clone();
    twice.events.push(r#"{"event":"run_finished","status":"passed","reason":"again"}"#.to_owned());
    insta::assert_snapshot!(refusal(&twice), @"
    exit 2
    error[PG-0703]: FILE cannot be imported: it is damaged: event 20 cannot follow the events before it: the run is over already
    hint: nothing was imported; export the run again where it is whole
    ");

    let mut early = archive.clone();
    early.events.swap(1, 3);
    assert!(refusal(&early).contains("event 2 cannot follow the events before it: "), "{}", refusal(&early));

    for (field, bytes) in [("pipeline", "{}"), ("settings", r#"{"models":[]}"#), ("settings", "\u{7f}")] {
        let mut other = archive.clone();
        let digest = other.add_blob(bytes);
        other.change(1, |created| created[field] = json!(digest));
        let refused = refusal(&other);
        let expected = format!("it is damaged: its {field}, blob DIGEST, cannot be read: ");
        assert!(refused.starts_with("exit 2\n") && refused.contains(&expected), "{refused}");
    }

    let mut named = archive.clone();
    named.rename("--yes");
    assert!(refusal(&named).contains("it is damaged: its run id `RUN` begins with `-`"), "{}", refusal(&named));
}
