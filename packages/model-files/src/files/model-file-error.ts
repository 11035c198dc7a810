// A file of a model that cannot be used as it is.
export class ModelFileError extends Error {
  override name = 'ModelFileError';
  /** The failure's code, wherever a job meets it. */
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
