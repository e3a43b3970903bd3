// The errors that a plugin may end with. Any other error is a bug of the plugin.

/** The work could not be done. The host shows the reason to people and, on retry, to the next attempt. */
export class Failure extends Error {
  constructor(reason, options) {
    super(reason, options);
    this.name = "Failure";
    this.reason = reason;
    this.input = null;
  }

  /** An input is unusable. */
  static badInput(input, reason) {
    const failure = new Failure(`input \`${input}\` cannot be worked with: ${reason}`);
    failure.reason = reason;
    failure.input = input;
    return failure;
  }

  /** Returns the failure as the contract's record. */
  toContract() {
    if (this.input === null) return { tag: "failed", val: this.reason };
    return { tag: "bad-input", val: [this.input, this.reason] };
  }
}

/** Tests could not be run. `kind` is `no-runner`, `limit`, `invalid` or `other`. */
export class BenchError extends Failure {
  constructor(kind, why, options) {
    super(`the tests cannot be run: ${why}`, options);
    this.name = "BenchError";
    this.kind = kind;
    this.why = why;
  }
}

/** The build errors of a runner's `collect`, each as `path:line: message`. */
export class BuildErrors extends Error {
  constructor(errors) {
    super(errors.join("\n"));
    this.name = "BuildErrors";
    this.errors = errors;
  }
}

/** The error of a tool that a model called, worded so that the model can correct its call. */
export class ToolError extends Error {
  constructor(message) {
    super(message);
    this.name = "ToolError";
  }
}
