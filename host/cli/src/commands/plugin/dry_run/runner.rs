//! The dry calls of a test runner: its environment, a collection without tests, and one test where it serves Python.

use phasegate_process::testing::File;
use phasegate_sandbox::{Call, Plugin};
use serde_json::Value;

use super::call::{DryCall, MAX_TEXT, finish_call, new_call};
use super::log::CallLog;
use crate::terminal::format::{count, truncate};

/// Calls the runner.
pub async fn call_runner(plugin: &Plugin) -> Vec<DryCall> {
    let log = CallLog::default();
    let call = new_call("dry run", plugin.usual_limits(), &log);
    let offers = plugin.environment(&call).await;
    let mut first = finish_call("runner.environment".to_owned(), log.take(), offers.as_ref().err());
    let Ok(offers) = offers else { return vec![first] };
    let language = offers.get("language").and_then(Value::as_str).unwrap_or_default().to_owned();
    let modules = offers.get("modules").and_then(Value::as_array).map_or(0, Vec::len);
    first.happened.push(format!("offers {}, {}", render_language(&language), count(modules as u64, "module")));
    let mut steps = vec![first, call_collect("runner.collect without tests", plugin, &[], &call, &log).await];
    // There is a sample test for Python only.
    if language == "python" {
        let content = "def test_sums():\n    assert 1 + 1 == 2\n".to_owned();
        let tests = [File { path: "test_check.py".to_owned(), content }];
        steps.push(call_collect("runner.collect of one test", plugin, &tests, &call, &log).await);
        let run = plugin.run_tests(&[], &tests, "test_check.py", &call).await;
        let mut last = finish_call("runner.run-tests of one test".to_owned(), log.take(), run.as_ref().err());
        match run {
            Err(_) => {}
            Ok(Err(why)) => last.happened.push(format!("reports a failure: {}", truncate(&why.to_string(), MAX_TEXT))),
            Ok(Ok(run)) => {
                let ends =
                    run.tests.iter().map(|test| format!("{} {}", truncate(&test.name, 80), test.outcome.as_str()));
                last.happened
                    .extend(ends.chain(run.build_errors.iter().map(|error| truncate(error, MAX_TEXT))).take(20));
            }
        }
        steps.push(last);
    }
    steps
}

fn render_language(language: &str) -> String {
    if language.is_empty() { "no language".to_owned() } else { format!("language {}", truncate(language, 40)) }
}

async fn call_collect(what: &str, plugin: &Plugin, tests: &[File], call: &Call, log: &CallLog) -> DryCall {
    let found = plugin.collect(&[], tests, call).await;
    let mut step = finish_call(what.to_owned(), log.take(), found.as_ref().err());
    match found {
        Err(_) => {}
        Ok(Ok(names)) => step.happened.push(format!("finds {}", count(names.len() as u64, "test"))),
        Ok(Err(errors)) => {
            step.happened.push(format!("reports build errors: {}", truncate(&errors.join("; "), MAX_TEXT)));
        }
    }
    step
}
