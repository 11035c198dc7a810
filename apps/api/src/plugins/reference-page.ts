// API reference at /docs: Swagger UI served without internet access, also for phones, in light and dark colors.
import swaggerUi from '@fastify/swagger-ui';
import type { ApiServer } from '../http/api-server.ts';

/** The page's own template has no viewport, so that phones would show it 980 pixels wide. */
const VIEWPORT = `const viewport = document.createElement('meta');
viewport.name = 'viewport';
viewport.content = 'width=device-width, initial-scale=1';
document.head.append(viewport);
`;

const STYLES = `:root { color-scheme: light dark }
.swagger-ui .topbar { display: none }
.swagger-ui .info { margin: 1.5rem 0 }
@media (max-width: 600px) {
  #swagger-ui { overflow-x: hidden }
  .swagger-ui .wrapper { padding: 0 12px }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; padding: 8px 4px }
  .swagger-ui .opblock .opblock-summary-path { max-width: 100%; font-size: 13px; word-break: break-all }
  .swagger-ui .opblock .opblock-summary-description { flex-basis: 100%; padding: 4px 10px }
  .swagger-ui .opblock-tag { flex-wrap: wrap; font-size: 18px }
  .swagger-ui .opblock-tag small { flex-basis: 100%; padding: 4px 0 }
  .swagger-ui .scheme-container .schemes { flex-direction: column; gap: 12px }
  .swagger-ui table.parameters, .swagger-ui table.responses-table { display: block; overflow-x: auto }
  .swagger-ui .info .title { font-size: 28px }
  .swagger-ui .models .model-box, .swagger-ui .model-example { max-width: 100%; overflow-x: auto }
}
`;

const CONFIG = { docExpansion: 'none', persistAuthorization: true, displayRequestDuration: true, deepLinking: true } as const;

export async function registerReferencePage(app: ApiServer): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: CONFIG,
    theme: {
      title: 'StyleForge API',
      js: [{ filename: 'viewport.js', content: VIEWPORT }],
      css: [{ filename: 'styleforge.css', content: STYLES }],
    },
  });
}
