//! Applies `[phases]` and `max_total_attempts` to a pipeline, and checks that they agree.

use phasegate_process::pipeline::{Pipeline, SettingLocations, check_attempts};
use phasegate_process::source::{Source, SourceError};

use crate::config::file::Config;

impl Config {
    /// Applies `[phases.NAME]` and `max_total_attempts`. Fails at the line of the key that does not fit.
    pub(super) fn apply_phases(
        &self,
        pipeline: &mut Pipeline,
        locations: &mut SettingLocations,
    ) -> Result<(), SourceError> {
        if let Some(total) = &self.max_total_attempts {
            pipeline.max_total_attempts = *total.get_ref();
        }
        self.phases.iter().try_for_each(|(name, changes)| changes.apply_to(self.source(), name, pipeline, locations))
    }

    /// Checks that each gate can have its verdicts. `source` is the file of the pipeline; the error is at the line that says
    /// the number, if the configuration says it.
    pub(super) fn check_attempts(&self, source: Source<'_>, pipeline: &Pipeline) -> Result<(), SourceError> {
        let Err(fault) = check_attempts(pipeline) else { return Ok(()) };
        let own = self.phases.iter().find(|(name, _)| name.get_ref() == fault.gate.as_str());
        let own = own.and_then(|(_, changes)| changes.max_retries_span());
        let own = own.or_else(|| self.max_total_attempts.as_ref().map(toml::Spanned::span));
        let (source, span) = match own {
            Some(span) => (self.source(), span),
            None => (source, source.find_word(fault.gate.as_str())),
        };
        Err(source.error(span, fault.to_string(), fault.hint()))
    }
}
