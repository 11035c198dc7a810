// Actions of the page as requests to the API, for "Copy as code".
/** One request to the API, with the equivalent calls of the SDK and the command line. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: object;
  /** The method of the SDK's client: `trainingJobs.create`. */
  sdk: string;
  /** Arguments of that method before the body. */
  args?: (string | number)[];
  /** Argument of that method in place of the body, if the two differ; null: none. */
  params?: object | null;
  /** The command; absent if the command line has none. */
  cli?: string;
  /** Body that the command `train` reads from a file. */
  jobFile?: object;
}

/** One action with its requests. */
export interface CodeChoice {
  label: string;
  calls: Call[];
}

export const trainingCall = (request: object): Call => ({
  ...{ method: 'POST', path: '/v1/training-jobs', body: request, sdk: 'trainingJobs.create' },
  jobFile: request,
});

/** Requests for a job by its id. */
export const jobCall = (id: string, verb: string, sdk: string, body?: object): Call => ({
  ...{ method: verb === '' ? 'GET' : 'POST', path: `/v1/training-jobs/${id}${verb && `/${verb}`}`, sdk: `trainingJobs.${sdk}`, args: [id] },
  ...(body && { body }),
});
