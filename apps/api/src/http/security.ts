// The mark that makes OpenAPI say a route needs an API key.
export const security = [{ apiKey: [] }];
