//! The decisions that a person may make, and the events that record them.

use super::harness::Run;
use crate::event::{Choice, Event, Recorded, RunStatus, Verdict};
use crate::names::{AttemptId, PhaseName};
use crate::state::{DecisionError, DecisionRequest, JudgedAttempt};

const REVIEW: &str = "review";
/// The time of all events of these runs, in Unix milliseconds.
const NOW: u64 = 7;

/// Returns a run that waits for a person after this verdict of its review.
fn waiting(verdict: Verdict) -> Run {
    let mut run = Run::with("", "ask = \"always\"");
    run.run_until(REVIEW);
    run.judge(verdict, if verdict == Verdict::Passed { &[] } else { &["design"] });
    for _ in 0..2 {
        if verdict == Verdict::NotJudged {
            run.judge(verdict, &[]);
        }
    }
    run.ask_person();
    run
}

fn phase(name: &str) -> PhaseName {
    name.parse().unwrap()
}

/// Returns a decision about the judgement that waits.
fn request(run: &Run, choice: Choice, reason: &str) -> Result<DecisionRequest, DecisionError> {
    let about = match run.state.waiting() {
        Some((gate, judged, _)) => JudgedAttempt::new(gate, judged),
        None => run.state.judgement_to_decide(&choice, None)?,
    };
    Ok(DecisionRequest { choice, by: "ann".parse().unwrap(), reason: reason.to_owned(), about })
}

fn check(run: &Run, choice: Choice, reason: &str) -> Result<(), DecisionError> {
    run.state.check_decision(&request(run, choice, reason)?, NOW)
}

fn decide(run: &Run, choice: Choice, reason: &str) -> Vec<Event> {
    run.state.decide(request(run, choice, reason).unwrap(), NOW).unwrap()
}

fn refusal(run: &Run, choice: Choice, reason: &str) -> DecisionError {
    check(run, choice, reason).unwrap_err()
}

fn at(text: &str) -> AttemptId {
    text.parse().unwrap()
}

/// Returns the message and the hint.
fn message_and_hint(error: DecisionError) -> [String; 2] {
    [error.to_string(), error.hint()]
}

fn reject(target: Option<&str>) -> Choice {
    Choice::Reject { revise: target.map(phase) }
}

#[test]
fn approves_only_a_gate_that_passed() {
    assert!(check(&waiting(Verdict::Passed), Choice::Approve, "").is_ok());
    let not_passed = |judged| DecisionError::NotPassed { gate: phase(REVIEW), judged };
    assert_eq!(refusal(&waiting(Verdict::Failed), Choice::Approve, "fine"), not_passed(true));
    assert_eq!(refusal(&waiting(Verdict::NotJudged), Choice::Approve, "fine"), not_passed(false));
    assert_eq!(not_passed(false).to_string(), "gate review could not be judged; a failing gate cannot be approved");
}

#[test]
fn overrides_only_a_failing_gate_with_reason() {
    let run = waiting(Verdict::Failed);
    assert!(check(&run, Choice::Override, "known").is_ok());
    assert_eq!(refusal(&run, Choice::Override, " "), DecisionError::ReasonMissing);
    let passed = DecisionError::Passed { gate: phase(REVIEW) };
    assert_eq!(refusal(&waiting(Verdict::Passed), Choice::Override, "known"), passed);
    assert!(check(&waiting(Verdict::NotJudged), Choice::Override, "known").is_ok());
}

#[test]
fn rejects_with_reason_and_allowed_phase() {
    for verdict in [Verdict::Passed, Verdict::Failed, Verdict::NotJudged] {
        let run = waiting(verdict);
        assert!(check(&run, reject(None), "too long").is_ok());
        assert!(check(&run, reject(Some("design")), "too long").is_ok());
        assert_eq!(refusal(&run, reject(None), ""), DecisionError::ReasonMissing);
        let error = refusal(&run, reject(Some("post")), "too long");
        assert_eq!(error.to_string(), "gate review may not send work back to `post`");
        assert_eq!(error.hint(), "it may send work back to plan, design");
    }
}

#[test]
fn aborts_with_a_reason_and_ends_the_run() {
    let run = waiting(Verdict::Passed);
    assert_eq!(refusal(&run, Choice::Abort, " "), DecisionError::ReasonMissing);
    let events = decide(&run, Choice::Abort, "wrong task");
    let [Event::ApprovalGiven { at, about, .. }, Event::RunFinished { status, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    let judged = run.state.waiting().unwrap().1;
    assert_eq!((at.to_string().as_str(), about, *status), ("review#1", &judged.about, RunStatus::Aborted));
}

#[test]
fn refuses_decisions_when_no_gate_waits() {
    let mut run = Run::new();
    let not_waiting = DecisionError::NotWaiting { run: run.state.created.run_id.clone() };
    assert_eq!(refusal(&run, Choice::Approve, ""), not_waiting);
    run.run_to_end();
    let error = refusal(&run, Choice::Abort, "");
    assert_eq!(error.hint(), "it is over: every gate passed");
}

#[test]
fn allowed_decisions_fold_into_the_state() {
    let choices = |verdict: Verdict| match verdict.passes() {
        true => [Choice::Approve, reject(None), reject(Some("plan")), Choice::Abort],
        false => [Choice::Override, reject(None), reject(Some("plan")), Choice::Abort],
    };
    for verdict in [Verdict::Passed, Verdict::PassedWithConditions, Verdict::Failed, Verdict::NotJudged] {
        for choice in choices(verdict) {
            let mut run = waiting(verdict);
            for event in decide(&run, choice, "words") {
                run.push(event);
            }
            assert!(run.state.waiting().is_none());
        }
    }
}

/// Returns a run whose review failed once, was rejected, and waits at its second attempt.
fn waiting_again() -> Run {
    let mut run = waiting(Verdict::Failed);
    run.decide(reject(Some("design")), "once more").unwrap();
    run.run_until(REVIEW);
    run.judge(Verdict::Passed, &[]);
    run.ask_person();
    run
}

#[test]
fn refuses_decisions_about_an_earlier_attempt() {
    let run = waiting_again();
    let first = &run.state.phases[&phase(REVIEW)].judged[0];
    let about = JudgedAttempt::new(run.state.waiting().unwrap().0, first);
    let about_first = |choice, reason: &str| {
        let request =
            DecisionRequest { choice, by: "ann".parse().unwrap(), reason: reason.to_owned(), about: about.clone() };
        run.state.decide(request, NOW).unwrap_err()
    };
    let message = "review#1 is no longer waiting: review#2 is, which was judged at 1970-01-01 00:00 UTC";
    let hint = |command: &str| format!("read it with `phasegate show run-1`, then decide with `phasegate {command}`");
    let approve = hint("approve run-1 --at review#2");
    assert_eq!(message_and_hint(about_first(Choice::Approve, "")), [message, &approve]);
    assert_eq!(message_and_hint(about_first(Choice::Override, "known")), [message, &approve]);
    assert_eq!(
        message_and_hint(about_first(reject(None), "no")),
        [message, &hint("reject run-1 --at review#2 --reason TEXT")]
    );
    assert_eq!(
        message_and_hint(about_first(Choice::Abort, "")),
        [message, &hint("abort run-1 --at review#2 --reason TEXT")]
    );
}

#[test]
fn refuses_decisions_about_other_digests() {
    let run = waiting(Verdict::Failed);
    let mut other = request(&run, Choice::Override, "known").unwrap();
    other.about.about.pop();
    assert!(matches!(run.state.check_decision(&other, NOW), Err(DecisionError::OtherDigest { .. })));
    let mut other = request(&run, Choice::Override, "known").unwrap();
    let waiting = other.about.clone();
    other.about.report = Some(crate::Digest::from_content(b"another report"));
    let [message, hint] = message_and_hint(run.state.decide(other.clone(), NOW).unwrap_err());
    let digest = |about: &JudgedAttempt| about.digest().short().to_owned();
    let (read, waits) = (digest(&other.about), digest(&waiting));
    assert_ne!(read, waits);
    assert_eq!(message, format!("review#1 is not what was read: the decision is about {read}, and {waits} waits"));
    let command = "phasegate override run-1 --at review#1 --reason TEXT";
    assert_eq!(hint, format!("read it with `phasegate show run-1`, then decide with `{command}`"));
}

#[test]
fn names_other_attempts_that_do_not_wait() {
    let run = waiting(Verdict::Failed);
    for other in ["review#2", "check#1", "nothing#9"] {
        let error = run.state.judgement_to_decide(&Choice::Abort, Some(&at(other))).unwrap_err();
        let judged = "review#1 does, which was judged at 1970-01-01 00:00 UTC";
        assert_eq!(error.to_string(), format!("{other} does not wait for a decision: {judged}"));
    }
}

#[test]
fn only_the_first_question_needs_no_attempt() {
    assert!(waiting(Verdict::Failed).state.judgement_to_decide(&Choice::Abort, None).is_ok());
    let run = waiting_again();
    assert_eq!(
        message_and_hint(run.state.judgement_to_decide(&Choice::Approve, None).unwrap_err()),
        [
            "the decision does not name its attempt, and run run-1 has several that could be meant: review#2 waits",
            "read it with `phasegate show run-1`, then decide with `phasegate approve run-1 --at review#2`"
        ]
    );
    assert!(run.state.judgement_to_decide(&Choice::Approve, Some(&at("review#2"))).is_ok());
    // Another gate, judged for the first time.
    let mut run = waiting(Verdict::Passed);
    run.decide(Choice::Approve, "").unwrap();
    run.run_until("check");
    run.judge(Verdict::Passed, &[]);
    run.ask_person();
    let error = run.state.judgement_to_decide(&Choice::Approve, None).unwrap_err();
    assert!(matches!(error, DecisionError::AttemptMissing { waiting, .. } if waiting == at("check#1")));
}

/// Returns a run that waits after this verdict of its review, whose gate has these rules; `ben` started it.
fn with_rules(verdict: Verdict, rules: &str) -> Run {
    let mut run = Run::with("", &format!("ask = \"always\"\n{rules}"));
    let created = std::sync::Arc::make_mut(&mut run.state.created);
    created.started_by = Some("ben".parse().unwrap());
    run.run_until(REVIEW);
    run.judge(verdict, &[]);
    run.ask_person();
    run
}

/// Returns what a decision of this person at this time is answered: the words of a refusal, or nothing.
fn answer(run: &Run, by: &str, choice: Choice, now_ms: u64) -> String {
    let request = DecisionRequest { by: by.parse().unwrap(), ..request(run, choice, "known").unwrap() };
    run.state
        .check_decision(&request, now_ms)
        .map_or_else(|error| message_and_hint(error).join("; "), |()| String::new())
}

#[test]
fn only_approvers_approve_override_and_reject() {
    let rules = "approvers = [\"ann\", \" carl \"]";
    let refused = |choice: &str| {
        let hint = "ask one of them to decide; anybody may abort the run";
        format!("`dora` may not {choice} gate review: its approvers are ann, carl; {hint}")
    };
    for (verdict, opens) in [(Verdict::Passed, Choice::Approve), (Verdict::Failed, Choice::Override)] {
        let run = with_rules(verdict, rules);
        assert_eq!(answer(&run, "dora", opens.clone(), NOW), refused(opens.as_str()));
        assert_eq!(answer(&run, "dora", reject(None), NOW), refused("reject"));
        assert_eq!(answer(&run, "dora", Choice::Abort, NOW), "");
        for by in ["ann", " carl\t"] {
            assert_eq!(answer(&run, by, opens.clone(), NOW), "");
            assert_eq!(answer(&run, by, reject(None), NOW), "");
        }
        assert_ne!(answer(&run, "Ann", opens, NOW), "");
    }
}

#[test]
fn starter_approves_nothing_where_that_is_forbidden() {
    let mut run = with_rules(Verdict::Passed, "forbid_self_approval = true");
    assert_eq!(
        answer(&run, "ben", Choice::Approve, NOW),
        "`ben` started run run-1 and may not approve gate review, which forbids self-approval; \
         ask another person to decide, reject it, or abort the run"
    );
    assert_eq!([answer(&run, "ben", reject(None), NOW), answer(&run, "ben", Choice::Abort, NOW)], ["", ""]);
    assert_eq!(answer(&run, "ann", Choice::Approve, NOW), "");
    std::sync::Arc::make_mut(&mut run.state.created).started_by = None;
    assert_eq!(
        answer(&run, "ann", Choice::Approve, NOW),
        "gate review forbids self-approval, and run run-1 does not record the person who started it; \
         reject it or abort the run; start the task again with USER set"
    );
    let run = with_rules(Verdict::Failed, "forbid_self_approval = true");
    assert!(answer(&run, "ben", Choice::Override, NOW).starts_with("`ben` started run run-1 and may not override"));
    assert_eq!(answer(&with_rules(Verdict::Passed, ""), "ben", Choice::Approve, NOW), "");
}

#[test]
fn expired_questions_are_asked_again() {
    const DAY: u64 = 86_400_000;
    let mut run = with_rules(Verdict::Passed, "expires_after = \"1d\"");
    let late = NOW + DAY;
    assert_eq!(answer(&run, "ann", Choice::Approve, late - 1), "");
    assert_eq!(
        answer(&run, "ann", Choice::Approve, late),
        "the question about review#1 expired at 1970-01-02 00:00 UTC; it was asked at 1970-01-01 00:00 UTC; \
         ask again with `phasegate resume run-1`, reject it, or abort the run"
    );
    assert_eq!([answer(&run, "ann", reject(None), late), answer(&run, "ann", Choice::Abort, late)], ["", ""]);
    assert_eq!(run.state.renewed_question(late - 1), None);
    let again = run.state.renewed_question(late).unwrap();
    let early = Recorded { number: run.state.events + 1, at_ms: late - 1, event: again.clone() };
    assert!(run.state.clone().apply(&early).unwrap_err().to_string().contains("review#1 waits for a person already"));
    run.state.apply(&Recorded { at_ms: late, ..early }).unwrap();
    assert_eq!(answer(&run, "ann", Choice::Approve, late + DAY - 1), "");
    assert_eq!(run.state.renewed_question(late + DAY - 1), None);
    assert!(run.state.judgement_to_decide(&Choice::Approve, None).is_ok(), "it is the same attempt");
    assert_eq!(with_rules(Verdict::Passed, "").state.renewed_question(u64::MAX), None);
}
