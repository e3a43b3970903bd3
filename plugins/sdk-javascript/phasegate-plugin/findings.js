// Findings as models write them in JSON (`defect_type`), and as the contract has them (`defectType`).

/** Returns findings as the contract's record. Accepts both forms; lists that are absent are empty. */
export function toFindings({ issues = [], suggestions = [], checks = [], reviewers = [] }) {
  return {
    issues: issues.map(toIssue),
    suggestions: suggestions.map((suggestion) => ({
      issueId: either(suggestion, "issueId", "issue_id") ?? null,
      priority: suggestion.priority,
      description: suggestion.description,
    })),
    checks: checks.map(({ item, status, notes }) => ({ item, status, notes })),
    reviewers,
  };
}

/** Returns an issue as the contract's record. */
export function toIssue(issue) {
  const { location } = issue;
  return {
    id: issue.id,
    severity: issue.severity,
    category: issue.category,
    defectType: either(issue, "defectType", "defect_type"),
    phaseInjected: either(issue, "phaseInjected", "phase_injected"),
    description: issue.description,
    evidence: issue.evidence,
    impact: issue.impact,
    recommendation: issue.recommendation ?? null,
    location: location ? { path: location.path, line: location.line ?? null } : null,
  };
}

/** Returns an issue of the contract as artifacts and models have it. */
export function toJsonIssue({ defectType, phaseInjected, ...issue }) {
  const { id, severity, category, description, evidence, impact, recommendation, location } = issue;
  return {
    id,
    severity,
    category,
    defect_type: defectType,
    phase_injected: phaseInjected,
    description,
    evidence,
    impact,
    ...(recommendation ? { recommendation } : {}),
    ...(location ? { location: location.line === null ? { path: location.path } : location } : {}),
  };
}

function either(record, name, jsonName) {
  return record[name] ?? record[jsonName];
}
