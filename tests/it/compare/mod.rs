//! `compare` on recorded runs: complete outputs and exit codes.

mod answers;

use std::fs;

use insta::assert_snapshot;
use phasegate_test::{Recordings, is_third_design_call, scenarios};
use serde_json::{Value, json};

use crate::recordings;

#[test]
fn shows_two_runs_with_their_first_difference() {
    let recordings = recordings(&["plain-pass", "design-fails-once"]);
    assert_snapshot!(recordings.render(&["compare", &recordings.runs[0], &recordings.runs[1]]), @r#"
    A and B passed, A after no failed judgement and B after 1 failed judgement. Same until design#1; then other findings in design-review#1; A: nothing revised; B: design.

    A  RUN-A
       task ANSWER-001, pipeline scenario, strategy phase-aware
       model scripted:answers.toml
       passed: every gate passed
    B  RUN-B
       task ANSWER-001, pipeline scenario, strategy phase-aware
       model scripted:answers.toml
       passed: every gate passed

    both  [planning#1] [design#1]
    A     [design-review#1 passed] [code#1] [test#1 passed] passed
    B     [design-review#1 failed] [design#2] [design-review#2 passed] [code#1]
          [test#1 passed] passed

                     A                   B
    planning
      attempts       1                   1
      tokens         0                   0
      cost           no cost (scripted)  no cost (scripted)
      time   TIME
    design
      attempts       1                   2
      tokens         0                   0
      cost           no cost (scripted)  no cost (scripted)
      time   TIME
    design-review
      verdicts       1 (passed)          2 (failed, passed)
      issues         none                1 high
      escaped        0                   0
      tokens         0                   0
      cost           no cost (scripted)  no cost (scripted)
      time   TIME
    code
      attempts       1                   1
      tokens         0                   0
      cost           no cost (scripted)  no cost (scripted)
      time   TIME
    test
      verdicts       1 (passed)          1 (passed)
      issues         none                none
      escaped        0                   0
      tokens         0                   0
      cost           no cost (scripted)  no cost (scripted)
      time   TIME
    total
      status         passed              passed
      escaped        0 issues            0 issues
      model calls    0                   0
      input tokens   0                   0
      output tokens  0                   0
      cost           no cost (scripted)  no cost (scripted)
      time   TIME

    A and B
      changed: pipeline (settings of design-review)
      first difference: other findings
        A: design-review#1 done in TIME, findings DIGEST
        B: design-review#1 done in TIME, findings DIGEST

          {
            "checks": [],
        -   "issues": [],
        -   "reviewers": [
        -     "fixture"
        +   "issues": [
        +     {
        +       "category": "quality",
        +       "defect_type": "conventional_code_bug",
        +       "description": "The design forgets the question.",
        +       "evidence": "the settings say so",
        +       "id": "ISSUE-000",
        +       "impact": "none",
        +       "phase_injected": "design",
        +       "severity": "high"
        +     }
            ],
        +   "reviewers": [],
            "suggestions": []
          }
    exit 0
    "#);
    assert_snapshot!(recordings.render(&["compare", &recordings.runs[0], &recordings.runs[1], "--markdown"]), @r#"
    A and B passed, A after no failed judgement and B after 1 failed judgement. Same until design\#1; then other findings in design-review\#1; A: nothing revised; B: design.

    - **A** `RUN-A`: task ANSWER-001, pipeline scenario, strategy phase-aware, model scripted:answers.toml; passed: every gate passed
    - **B** `RUN-B`: task ANSWER-001, pipeline scenario, strategy phase-aware, model scripted:answers.toml; passed: every gate passed

    ```text
    both  [planning#1] [design#1]
    A     [design-review#1 passed] [code#1] [test#1 passed] passed
    B     [design-review#1 failed] [design#2] [design-review#2 passed] [code#1]
          [test#1 passed] passed
    ```

    | | A | B |
    |---|---|---|
    | **planning** | | |
    | attempts | 1 | 1 |
    | tokens | 0 | 0 |
    | cost | no cost (scripted) | no cost (scripted) |
    | time | TIME
    | **design** | | |
    | attempts | 1 | 2 |
    | tokens | 0 | 0 |
    | cost | no cost (scripted) | no cost (scripted) |
    | time | TIME
    | **design-review** | | |
    | verdicts | 1 (passed) | 2 (failed, passed) |
    | issues | none | 1 high |
    | escaped | 0 | 0 |
    | tokens | 0 | 0 |
    | cost | no cost (scripted) | no cost (scripted) |
    | time | TIME
    | **code** | | |
    | attempts | 1 | 1 |
    | tokens | 0 | 0 |
    | cost | no cost (scripted) | no cost (scripted) |
    | time | TIME
    | **test** | | |
    | verdicts | 1 (passed) | 1 (passed) |
    | issues | none | none |
    | escaped | 0 | 0 |
    | tokens | 0 | 0 |
    | cost | no cost (scripted) | no cost (scripted) |
    | time | TIME
    | **total** | | |
    | status | passed | passed |
    | escaped | 0 issues | 0 issues |
    | model calls | 0 | 0 |
    | input tokens | 0 | 0 |
    | output tokens | 0 | 0 |
    | cost | no cost (scripted) | no cost (scripted) |
    | time | TIME

    **A and B**: first difference: other findings

    - changed: pipeline (settings of design-review)
    - A: design-review\#1 done in TIME, findings DIGEST
    - B: design-review\#1 done in TIME, findings DIGEST

    ```diff
      {
        "checks": [],
    -   "issues": [],
    -   "reviewers": [
    -     "fixture"
    +   "issues": [
    +     {
    +       "category": "quality",
    +       "defect_type": "conventional_code_bug",
    +       "description": "The design forgets the question.",
    +       "evidence": "the settings say so",
    +       "id": "ISSUE-000",
    +       "impact": "none",
    +       "phase_injected": "design",
    +       "severity": "high"
    +     }
        ],
    +   "reviewers": [],
        "suggestions": []
      }
    ```
    exit 0
    "#);
}

#[test]
fn overlapping_calls_make_no_difference() {
    let mut recordings = recordings(&["asks-models"]);
    recordings.run("asks-models", &["--async"]);
    let message = recordings.render(&["compare", &recordings.runs[0], &recordings.runs[1]]);
    let end: Vec<&str> = message.lines().skip_while(|line| *line != "A and B").collect();
    assert_snapshot!(end.join("\n"), @r"
    A and B
      no difference: same artifacts, verdicts and decisions
    exit 0
    ");
}

#[test]
fn compares_later_runs_with_the_first() {
    let recordings = recordings(&["plain-pass", "code-is-mended", "waits-at-a-pass"]);
    let message = recordings.render(&["compare", &recordings.runs[0], &recordings.runs[1], &recordings.runs[2]]);
    assert!(message.lines().all(|line| line.chars().count() <= 120), "{message}");
    assert_snapshot!(message, @r#"
    A and B passed, A after no failed judgement and B after 1 failed judgement; same until design-review#1.
    A passed, C waits for a person; same until design-review#1.

    A  RUN-A
       task ANSWER-001, pipeline scenario, strategy phase-aware
       model scripted:answers.toml
       passed: every gate passed
    B  RUN-B
       task ANSWER-001, pipeline scenario, strategy phase-aware
       model scripted:answers.toml
       passed: every gate passed
    C  RUN-C
       task ANSWER-001, pipeline scenario, strategy phase-aware
       model scripted:answers.toml
       waiting: design-review passed: no issue. Approve?

    all  [planning#1] [design#1] [design-review#1 passed]
    A    [code#1] [test#1 passed] passed
    B    [code#1] [test#1 failed] [code#2] [test#2 passed] passed
    C    waiting

                     A                   B                   C
    planning
      attempts       1                   1                   1
      tokens         0                   0                   0
      cost           no cost (scripted)  no cost (scripted)  no cost (scripted)
      time   TIME
    design
      attempts       1                   1                   1
      tokens         0                   0                   0
      cost           no cost (scripted)  no cost (scripted)  no cost (scripted)
      time   TIME
    design-review
      verdicts       1 (passed)          1 (passed)          1 (passed)
      issues         none                none                none
      escaped        0                   0                   0
      tokens         0                   0                   0
      cost           no cost (scripted)  no cost (scripted)  no cost (scripted)
      time   TIME
    code
      attempts       1                   2                   0
      tokens         0                   0                   0
      cost           no cost (scripted)  no cost (scripted)  no cost (scripted)
      time   TIME
    test
      verdicts       1 (passed)          2 (failed, passed)  not reached
      issues         none                1 high              none
      escaped        0                   0                   0
      tokens         0                   0                   0
      cost           no cost (scripted)  no cost (scripted)  no cost (scripted)
      time   TIME
    total
      status         passed              passed              waiting
      escaped        0 issues            0 issues            0 issues
      model calls    0                   0                   0
      input tokens   0                   0                   0
      output tokens  0                   0                   0
      cost           no cost (scripted)  no cost (scripted)  no cost (scripted)
      time   TIME

    A and B
      changed: pipeline (settings of code)
      first difference: another artifact
        A: code#1 stored generated_code (135 bytes, DIGEST)
        B: code#1 stored generated_code (134 bytes, DIGEST)

          …
            "files": [
              {
                "content": """
        -         answer = 42
        +         answer = 41

                """,
                "path": "app.lines",
        -       "purpose": "holds the answer"
        +       "purpose": "holds an answer"
              }
            ],
            "language": "lines",

    A and C
      changed: pipeline (phase design-review)
      first difference: the runs continue with different events
        A: code#1 started with design_notes
        C: design-review#1 waits for a decision: design-review passed: no issue. Approve?
    exit 0
    "#);
}

#[test]
fn json_contains_figures_and_differing_events() {
    let recordings = recordings(&["plain-pass", "design-fails-once"]);
    let message = recordings.scenario.call(&["compare", &recordings.runs[0], &recordings.runs[1], "--json"]);
    assert_eq!((message.code, message.stderr.as_str()), (0, ""));
    let json: Value = serde_json::from_str(&message.stdout).unwrap();
    crate::schemas::check("comparison", &json);
    assert_eq!(json["gates"][0]["runs"][1]["verdicts"], json!(["failed", "passed"]));
    assert_eq!(json["gates"][0]["runs"][1]["issues"]["high"], 1);
    assert_eq!(json["runs"][0]["run_id"], Value::from(recordings.runs[0].as_str()));
    let difference = &json["against_first"][0]["first_difference"];
    assert_eq!(
        (&difference["differs"], &difference["before"]["event"]),
        (&json!("findings"), &json!("phase_finished"))
    );
    let names: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(names, ["against_first", "answer", "format", "gates", "phases", "runs", "steps"]);
}

#[test]
fn shows_differing_lines_of_requests_and_answers() {
    let mut recordings = recordings(&["asks-models"]);
    let base = scenarios().join("base.toml");
    let asks = |label: &str| {
        let phase = format!("[[phase]]\nname = \"planning\"\nsettings = {{ ask = \"{label}\" }}\n");
        format!("extends = \"{}\"\n{phase}", base.display())
    };
    fs::write(recordings.scenario.path("pipeline.toml"), asks("a bolder plan")).unwrap();
    let pipeline = recordings.scenario.path("pipeline.toml").display().to_string();
    recordings.run("asks-models", &["--pipeline", &pipeline]);
    fs::write(recordings.scenario.path("answers.toml"), "[[answer]]\ntext = '{ \"said\": \"no\" }'\n").unwrap();
    fs::write(recordings.scenario.path("phasegate.toml"), "[models]\ndefault = \"scripted:answers.toml\"\n").unwrap();
    let config = recordings.scenario.path("phasegate.toml").display().to_string();
    recordings.run("asks-models", &["--config", &config]);
    let message = recordings.render(&["compare", &recordings.runs[0], &recordings.runs[1], &recordings.runs[2]]);
    let end: Vec<&str> = message.lines().skip_while(|line| *line != "A and B").collect();
    assert_snapshot!(end.join("\n"), @r#"
    A and B
      changed: pipeline (settings of planning, settings of design, plugin fixture, plugin runner-lines)
      first difference: another model request
        A: planning#1 call 1 asks scripted:answers.toml for plan (request DIGEST)
        B: planning#1 call 1 asks scripted:answers.toml for a bolder plan (request DIGEST)

          {
            "answer_schema": null,
        -   "label": "plan",
        +   "label": "a bolder plan",
            "max_output_tokens": 1000,
            "messages": [
              {

    A and C
      first difference: another answer to the same request
        A: planning#1 call 1 answered in TIME: end, 15 input tokens, 5 output tokens, unknown cost
        C: planning#1 call 1 answered in TIME: end, 15 input tokens, 4 output tokens, unknown cost

          …
              "content": [
                {
                  "text": (text) {
        -           "said": "yes"
        +           "said": "no"
                  },
                  "type": "text"
                }
          …
              "usage": {
                "cached_input_tokens": 0,
                "input_tokens": 15,
        -       "output_tokens": 5,
        +       "output_tokens": 4,
                "usd": null
              }
            }
    exit 0
    "#);
}

#[test]
fn distinguishes_unfinished_runs_from_different_ones() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let mut recordings = Recordings { runs: vec![running.run_id()], scenario };
    running.signal("KILL");
    recordings.run("slow", &["--async"]);
    let message = recordings.render(&["compare", &recordings.runs[0], &recordings.runs[1]]);
    let end: Vec<&str> = message.lines().skip_while(|line| *line != "total").collect();
    assert_snapshot!(end.join("\n"), @r"
    total
      status         running                       passed
      escaped        0 issues                      0 issues
      model calls    4                             5
      unanswered     1 call, may have been billed  none
      input tokens   58                            72
      output tokens  24                            30
      cost           no cost (scripted)            no cost (scripted)
      time   TIME

    A and B
      no difference so far: A has no further events
        B: design#1 call 3 answered in TIME: end, 14 input tokens, 6 output tokens, unknown cost
    exit 0
    ");
}

#[test]
fn shows_overrides_and_savings_of_a_fork() {
    let mut recordings = recordings(&["asks-models"]);
    let swap = ["--set", "phases.design.settings.ask=a bolder design"];
    let output =
        recordings.scenario.call(&[&["fork", &recordings.runs[0], "--at", "design", "--json"], &swap[..]].concat());
    assert_eq!(output.code, 0, "{}", output.stderr);
    recordings.runs.push(output.run_id());
    let message = recordings.render(&["compare", &recordings.runs[0], &recordings.runs[1]]);
    let end: Vec<&str> = message.lines().skip_while(|line| *line != "total").collect();
    assert_snapshot!(end.join("\n"), @r#"
    total
      status         passed              passed
      escaped        0 issues            0 issues
      model calls    2                   2
      recorded       0                   1
      input tokens   29                  29
      output tokens  10                  10
      cost           no cost (scripted)  no cost (scripted)
      time   TIME

    A and B
      changed: pipeline (settings of design)
      first difference: another model request
        A: design#1 call 1 asks scripted:answers.toml for design (request DIGEST)
        B: design#1 call 1 asks scripted:answers.toml for a bolder design (request DIGEST)

          {
            "answer_schema": null,
        -   "label": "design",
        +   "label": "a bolder design",
            "max_output_tokens": 1000,
            "messages": [
              {
    exit 0
    "#);
}

#[test]
fn rejects_runs_that_cannot_be_compared() {
    let recordings = recordings(&["plain-pass"]);
    assert_snapshot!(recordings.render(&["compare", &recordings.runs[0]]), @r"
    exit 2
    error: 2 values required by '<RUN> <RUN>...'; only 1 was provided

    Usage: phasegate compare [OPTIONS] <RUN> <RUN>...

    For more information, try '--help'.
    ");
    assert_snapshot!(recordings.render(&["compare", &recordings.runs[0], "nothing"]), @"
    exit 2
    error[PG-0101]: no run matches `nothing`
    hint: list all runs with `phasegate runs`
    ");
    assert_snapshot!(recordings.render(&["compare", &recordings.runs[0], &recordings.runs[0]]), @"
    exit 2
    error[PG-0101]: run RUN-A is given twice
    hint: list all runs with `phasegate runs`; a task id stands for its newest run
    ");
    assert_snapshot!(recordings.render(&["compare", &recordings.runs[0], "x", "--json", "--markdown"]), @r"
    exit 2
    error: the argument '--json' cannot be used with '--markdown'

    Usage: phasegate compare --json <RUN> <RUN>...

    For more information, try '--help'.
    ");
}
