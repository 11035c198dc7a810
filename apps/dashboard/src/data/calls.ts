// What the page does, as requests to the API that programs can make.
/** One request to the API, and how the SDK and the command line make it. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: object;
  /** The method of the SDK's client: `trainingJobs.create`. */
  sdk: string;
  /** Arguments of that method in front of the body. */
  args?: (string | number)[];
  /** What that method takes in place of the body, where the two differ; null: nothing. */
  params?: object | null;
  /** The command; absent where the command line has none. */
  cli?: string;
  /** The request that the command `train` reads from a file. */
  jobFile?: object;
}

/** One action, and the requests that do it. */
export interface CodeChoice {
  label: string;
  calls: Call[];
}

export const trainingCall = (request: object): Call => ({
  ...{ method: 'POST', path: '/v1/training-jobs', body: request, sdk: 'trainingJobs.create' },
  jobFile: request,
});

/** What is done with a job by its id. */
export const jobCall = (id: string, verb: string, sdk: string, body?: object): Call => ({
  ...{ method: verb === '' ? 'GET' : 'POST', path: `/v1/training-jobs/${id}${verb && `/${verb}`}`, sdk: `trainingJobs.${sdk}`, args: [id] },
  ...(body && { body }),
});
