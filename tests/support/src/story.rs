//! The story of a run: a line for each event that matters. Scenarios hold it in `story.txt`.

use serde_json::Value;

/// The text of a field, without quotes where it is a string.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The attempt of an event, as in `code#2`.
pub fn attempt(event: &Value) -> String {
    format!("{}#{}", text(&event["phase"]), event["attempt"])
}

/// The line of an event; none for events that the story leaves out.
pub fn line(event: &Value) -> Option<String> {
    Some(match text(&event["event"]).as_str() {
        "phase_finished" => {
            let outcome = event["outcome"].as_object().unwrap().iter().next().unwrap();
            match outcome {
                (how, what) if how == "submitted" => {
                    let names: Vec<_> =
                        what["artifacts"].as_array().unwrap().iter().map(|it| text(&it["name"])).collect();
                    format!("{} {how} {}", attempt(event), names.join(", ")).trim_end().to_owned()
                }
                (how, what) if how == "invalid" => {
                    let faults: Vec<_> = what["faults"].as_array().unwrap().iter().map(text).collect();
                    format!("{} {how}: {}", attempt(event), faults.join("; "))
                }
                (how, what) => format!("{} {how}: {}", attempt(event), text(&what["reason"])),
            }
        }
        "tests_ran" if event["call"].is_null() => format!("{} was tested by the host", attempt(event)),
        "tests_ran" => format!("{} tried tests", attempt(event)),
        "gate_judged" => {
            let ids: Vec<_> = event["issues"].as_array().unwrap().iter().map(|it| text(&it["id"])).collect();
            let dropped = event["dropped"].as_array().into_iter().flatten();
            let dropped: String =
                dropped.map(|it| format!("; dropped {} ({})", text(&it["test"]), text(&it["reason"]))).collect();
            let found = if ids.is_empty() { String::new() } else { format!(" [{}]", ids.join(", ")) };
            format!("{} {}: {}{found}{dropped}", attempt(event), text(&event["verdict"]), text(&event["reason"]))
        }
        "feedback_decided" => {
            let (how, what) = event["decided"].as_object().unwrap().iter().next().unwrap();
            let parts = what["rework"].as_array().into_iter().flatten().map(|it| {
                let issues = it["feedback"]["issues"].as_array().unwrap().iter().map(|issue| text(&issue["id"]));
                format!("{} [{}]", text(&it["phase"]), issues.collect::<Vec<_>>().join(", "))
            });
            let parts = parts.collect::<Vec<_>>().join(", ");
            let reason = if parts.is_empty() { format!(": {}", text(&what["reason"])) } else { format!(" {parts}") };
            format!("{} {how}{reason}", attempt(event))
        }
        "approval_asked" => format!("{} waits: {}", attempt(event), text(&event["question"])),
        "approval_given" => {
            format!("{} {} by {}: {}", attempt(event), event["choice"], text(&event["by"]), text(&event["reason"]))
        }
        "run_stopped" => format!("stopped: {}", text(&event["reason"])),
        "run_finished" => format!("{}: {}", text(&event["status"]), text(&event["reason"])),
        _ => return None,
    })
}
