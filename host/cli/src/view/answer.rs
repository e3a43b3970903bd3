//! What a comparison of two runs comes to, in one to three sentences.

use phasegate_process::acceptance::Acceptance;
use phasegate_process::compare::{CostAfter, DifferenceKind, Outcome, PairAnswer, Reaction, RunDifference, RunFigures};
use phasegate_process::result::TaskStatus;
use phasegate_process::{AttemptId, PhaseName};

use crate::terminal::format::{compact_number, count, money};

/// Two runs and their difference, each run with the letter that stands for it.
pub struct Pair<'a> {
    /// The first run.
    pub first: (&'a str, &'a RunFigures),
    /// The other run.
    pub other: (&'a str, &'a RunFigures),
    /// The difference of the other from the first.
    pub against: &'a RunDifference,
}

impl Pair<'_> {
    /// Renders how both ended, until where they are the same, what followed, and its cost.
    pub fn render(&self) -> String {
        let sentences = [Some(self.outcome()), Some(self.course()), self.cost()];
        let sentences: Vec<String> = sentences.into_iter().flatten().map(|sentence| format!("{sentence}.")).collect();
        sentences.join(" ")
    }

    /// Renders how both ended and until where they are the same, as one sentence.
    pub fn render_short(&self) -> String {
        let same = match (&self.against.first_difference, &self.answer().same_until) {
            (None, _) => "no difference".to_owned(),
            (_, Some(at)) => format!("same until {at}"),
            (_, None) => "different from the beginning".to_owned(),
        };
        format!("{}; {same}.", self.outcome())
    }

    fn answer(&self) -> &PairAnswer {
        &self.against.answer
    }

    fn outcome(&self) -> String {
        let ([first, other], (a, b)) = (&self.answer().outcomes, (self.first.0, self.other.0));
        match (is_plain_pass(first), is_plain_pass(other)) {
            (true, true) if first.failed_judgements == other.failed_judgements => {
                format!("{a} and {b} {}", render_both(first, other))
            }
            (true, true) => format!(
                "{a} and {b} {}, {a} after {} and {b} after {}",
                render_both(first, other),
                render_failed(first.failed_judgements),
                render_failed(other.failed_judgements)
            ),
            (true, false) | (false, true) if first.has_ended() && other.has_ended() => {
                format!("{b} {} where {a} {}", render_outcome(other), render_outcome(first))
            }
            _ => match (first.status, other.status, &first.failed_at, &other.failed_at) {
                (TaskStatus::Failed, TaskStatus::Failed, Some(at), Some(also)) if at == also => {
                    format!("{a} and {b} failed at {at}")
                }
                (TaskStatus::Failed, TaskStatus::Failed, Some(at), Some(also)) => {
                    format!("{a} failed at {at} and {b} at {also}")
                }
                _ => format!("{a} {}, {b} {}", render_outcome(first), render_outcome(other)),
            },
        }
    }

    /// Renders until where the runs are the same, and what followed.
    fn course(&self) -> String {
        let Some(difference) = &self.against.first_difference else { return self.sameness("No difference") };
        if difference.differs == DifferenceKind::Further {
            return self.sameness("No difference so far");
        }
        let at = [&difference.before, &difference.after].into_iter().flatten().find_map(|it| it.event.attempt());
        let what = describe_difference(difference.differs);
        let what = at.map_or_else(|| what.to_owned(), |at| format!("{what} in {at}"));
        let same = |at: &AttemptId| format!("Same until {at}");
        match (&self.answer().same_until, self.reactions(), difference.differs) {
            (Some(at), Some(reactions), DifferenceKind::Decision | DifferenceKind::Person | DifferenceKind::Way) => {
                format!("{}; then {reactions}", same(at))
            }
            (Some(at), Some(reactions), _) => format!("{}; then {what}; {reactions}", same(at)),
            (Some(at), None, _) => format!("{}; then {what}", same(at)),
            (None, Some(reactions), _) => format!("Different from the beginning: {what}; {reactions}"),
            (None, None, _) => format!("Different from the beginning: {what}"),
        }
    }

    fn sameness(&self, words: &str) -> String {
        let ended =
            |run: &RunFigures| matches!(run.status, TaskStatus::Passed | TaskStatus::Failed | TaskStatus::Aborted);
        let so_far = ended(self.first.1) && ended(self.other.1) || words.ends_with("so far");
        format!("{words}{}", if so_far { "" } else { " so far" })
    }

    /// Renders what was revised in each run; `None` if nothing was in either.
    fn reactions(&self) -> Option<String> {
        let [first, other] = self.answer().reactions.each_ref().map(|reactions| {
            let words: Vec<String> = reactions.iter().map(render_reaction).collect();
            if words.is_empty() { "nothing revised".to_owned() } else { words.join(", ") }
        });
        let none = self.answer().reactions.iter().all(Vec::is_empty);
        (!none).then(|| format!("{}: {first}; {}: {other}", self.first.0, self.other.0))
    }

    /// Renders what followed cost; `None` if nothing followed, or nothing of it used a model.
    fn cost(&self) -> Option<String> {
        let after = &self.answer().after;
        let tokens = |cost: &CostAfter| cost.own.input_tokens + cost.own.output_tokens;
        let known = after.iter().all(|cost| cost.own.usd.is_some());
        let in_money = known && after.iter().any(|cost| cost.own.usd > Some(0.0));
        let used = after.iter().any(|cost| tokens(cost) > 0 || cost.recorded.calls > 0);
        let [first, other] = after.each_ref().map(|cost| {
            let own = match in_money {
                true => money(cost.own.usd),
                false => format!("{} tokens", compact_number(tokens(cost))),
            };
            match cost.recorded.calls {
                0 => own,
                calls => format!("{own} and {} without cost", count(calls, "recorded answer")),
            }
        });
        let forks = |one: &RunFigures, other: &RunFigures| one.fork_of.as_ref() == Some(&other.run_id);
        let since = match forks(self.other.1, self.first.1) || forks(self.first.1, self.other.1) {
            true => "After the fork",
            false if self.answer().same_until.is_some() => "After that",
            false => "Together",
        };
        used.then(|| format!("{since} {} {first}, {} {other}", self.first.0, self.other.0))
    }
}

/// Whether a run passed, no person overrode a gate, and no acceptance test failed.
fn is_plain_pass(outcome: &Outcome) -> bool {
    let rejected = matches!(outcome.acceptance, Acceptance::NotAccepted { .. });
    outcome.status == TaskStatus::Passed && outcome.overridden.is_empty() && !rejected
}

/// Renders the outcome of two runs that passed.
fn render_both(first: &Outcome, other: &Outcome) -> &'static str {
    match [first, other].iter().all(|outcome| outcome.acceptance == Acceptance::Accepted) {
        true => "passed and were accepted",
        false => "passed",
    }
}

fn render_failed(judgements: usize) -> String {
    match judgements {
        0 => "no failed judgement".to_owned(),
        number => count(number as u64, "failed judgement"),
    }
}

fn render_outcome(outcome: &Outcome) -> String {
    match outcome.status {
        TaskStatus::Passed if !outcome.overridden.is_empty() => {
            format!("passed with an override at {}", join(&outcome.overridden, ", "))
        }
        TaskStatus::Passed => match outcome.acceptance {
            Acceptance::Accepted => "passed and was accepted".to_owned(),
            Acceptance::NotAccepted { .. } => "passed and was not accepted".to_owned(),
            Acceptance::NotTested | Acceptance::NotRun { .. } => "passed".to_owned(),
        },
        TaskStatus::Failed => "failed".to_owned(),
        TaskStatus::Aborted => "was aborted".to_owned(),
        TaskStatus::Waiting => "waits for a person".to_owned(),
        TaskStatus::Stopped => "stopped before its end".to_owned(),
        TaskStatus::Running => "has not ended".to_owned(),
    }
}

fn render_reaction(reaction: &Reaction) -> String {
    match reaction {
        Reaction::Revise(phases) => join(phases, " and "),
        Reaction::Override => "overridden by a person".to_owned(),
        Reaction::AskAPerson => "a person is asked".to_owned(),
        Reaction::GiveUp => "given up".to_owned(),
        Reaction::Refused => "decision rejected by the host".to_owned(),
        Reaction::Abort => "aborted by a person".to_owned(),
    }
}

fn join(phases: &[PhaseName], by: &str) -> String {
    phases.iter().map(PhaseName::as_str).collect::<Vec<_>>().join(by)
}

/// Names a kind of difference.
pub fn describe_difference(differs: DifferenceKind) -> &'static str {
    match differs {
        DifferenceKind::Request => "another model request",
        DifferenceKind::Answer => "another answer to the same request",
        DifferenceKind::Trial => "other trial tests or results",
        DifferenceKind::Artifact => "another artifact",
        DifferenceKind::Outcome => "another outcome of an attempt",
        DifferenceKind::Findings => "other findings",
        DifferenceKind::Tests => "other test results",
        DifferenceKind::Verdict => "another verdict",
        DifferenceKind::Decision => "another decision of the feedback strategy",
        DifferenceKind::Person => "another decision of a person",
        DifferenceKind::End => "another end",
        DifferenceKind::Way => "the runs continue with different events",
        DifferenceKind::Further => "one run continues where the other stopped",
    }
}
