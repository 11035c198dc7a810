/** Placeholder for the id of a dataset that is still to be made, where only the rest of a job is checked. No request can send it. */
export const TO_COME = '';
