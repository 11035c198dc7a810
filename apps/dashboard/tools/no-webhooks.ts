// Takes the place of the library that verifies webhooks, which nothing in a page calls.
export class Webhook {
  constructor() {
    throw new Error('Webhooks are verified by the program that receives them, not by this page.');
  }
}
