// Security requirement that documents in OpenAPI that a route needs an API key.
export const security = [{ apiKey: [] }];
