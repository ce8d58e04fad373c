import type { RouteOptions } from 'fastify'
import { docsPage } from './docs-page.ts'
import { toOpenApi } from './openapi.ts'
import type { ZodApp } from './validation.ts'

/** `/openapi.json`, and the same to read at `/docs`: of all routes that are added after this call. */
export function addDocumentation(app: ZodApp): void {
  const routes: RouteOptions[] = []
  app.get('/openapi.json', async () => toOpenApi(routes))
  app.get('/docs', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(docsPage(toOpenApi(routes))),
  )
  app.addHook('onRoute', route => {
    if (route.method !== 'HEAD') routes.push(route)
  })
}
