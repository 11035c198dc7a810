// Webhook endpoints, to which the service sends its events.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import type { PageParams, Webhook, WebhookCreateParams, WebhookUpdateParams, WebhookDelivery, WebhookWithSecret } from '../types.ts';
import { unwrapWebhook } from '../webhook-signature.ts';

export class Webhooks {
  readonly #api: Api;
  /** Verifies a delivery and returns its event. */
  readonly unwrap = unwrapWebhook;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Creates an endpoint. Only this response, and that of `rotateSecret`, contain the secret. */
  create(params: WebhookCreateParams, options?: RequestOptions): Promise<WebhookWithSecret> {
    return take(this.#api.http.POST('/v1/webhooks', { body: params, ...this.#api.with(options) }));
  }

  list(params: PageParams = {}, options?: RequestOptions): PagePromise<Webhook> {
    const fetch = (after?: string) =>
      take(this.#api.http.GET('/v1/webhooks', { params: { query: { ...params, ...(after && { after }) } }, ...this.#api.with(options) }));
    return new PagePromise(fetch, params.after);
  }

  get(id: string, options?: RequestOptions): Promise<Webhook> {
    return take(this.#api.http.GET('/v1/webhooks/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/webhooks/{id}', { params: { path: { id } }, ...this.#api.with(options) });
  }

  /** Replaces the secret; both secrets sign for a day. */
  rotateSecret(id: string, options?: RequestOptions): Promise<WebhookWithSecret> {
    return take(this.#api.http.POST('/v1/webhooks/{id}/rotate-secret', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Changes the URL or the events, or disables or enables the endpoint; the secret does not change. */
  update(id: string, params: WebhookUpdateParams, options?: RequestOptions): Promise<Webhook> {
    return take(this.#api.http.PATCH('/v1/webhooks/{id}', { params: { path: { id } }, body: params, ...this.#api.with(options) }));
  }

  /** Sends an event of the type `webhook.test`. */
  test(id: string, options?: RequestOptions): Promise<WebhookDelivery> {
    return take(this.#api.http.POST('/v1/webhooks/{id}/test', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Sends the same event again, with the same `webhook-id`. */
  redeliver(id: string, deliveryId: string, options?: RequestOptions): Promise<WebhookDelivery> {
    const path = { id, delivery_id: deliveryId };
    return take(
      this.#api.http.POST('/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver', { params: { path }, ...this.#api.with(options) }),
    );
  }

  /** The log of deliveries, newest first. */
  deliveries(id: string, params: PageParams = {}, options?: RequestOptions): PagePromise<WebhookDelivery> {
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/webhooks/{id}/deliveries', {
          params: { path: { id }, query: { ...params, ...(after && { after }) } },
          ...this.#api.with(options),
        }),
      );
    return new PagePromise(fetch, params.after);
  }
}
