// A requirement of a device on the machine, and whether it is fulfilled.
export interface MachinePart {
  readonly name: string;
  readonly isFound: boolean;
  /** What was found and where, or what is missing. */
  readonly detail: string;
  /** What to do if it is missing. */
  readonly remedy: string;
}

/** Settings of the machine that drivers read from the environment. */
export interface MachineHints {
  /** VK_DRIVER_FILES, or VK_ICD_FILENAMES of older loaders. */
  readonly driverFiles?: string | undefined;
}
