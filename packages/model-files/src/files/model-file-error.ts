// The error for a model file that cannot be used.
export class ModelFileError extends Error {
  override name = 'ModelFileError';
  /** Code of the failure in every kind of job. */
  readonly code = 'unsupported_base_model';
  readonly path: string;
  /** The message without the path: the fault and the remedy. */
  readonly fault: string;

  /** `fault` continues after the file's name: 'is not valid JSON'. */
  constructor(path: string, fault: string, options: { cause?: unknown } = {}) {
    super(`${path} ${fault}`, options);
    this.path = path;
    this.fault = fault;
  }
}
