/** Placeholder for the id of a dataset that does not exist yet, used to check the rest of a job. No request can send it. */
export const TO_COME = '';
