import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'

export interface ReadinessCheck {
  readonly name: string
  /** Rejects while the part is not usable. */
  readonly check: () => Promise<void>
}

/** A check that takes longer has failed. */
export const CHECK_TIMEOUT_MS = 2000

export interface HealthOptions {
  readonly checks: readonly ReadinessCheck[]
  readonly isDraining: () => boolean
  readonly registry: Registry
}

/**
 * `/healthz`: 200 while the process answers at all. `/readyz`: 200, or 503 with the names of what is not ready
 * (`draining` among them). `/metrics`: Prometheus text.
 */
export function addHealthRoutes(app: FastifyInstance, options: HealthOptions): void {
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const failed = options.isDraining() ? ['draining'] : await failedChecks(options.checks)
    return reply.code(failed.length > 0 ? 503 : 200).send({ ready: failed.length === 0, failed })
  })

  app.get('/metrics', async (_request, reply) =>
    reply.type(options.registry.contentType).send(await options.registry.metrics()),
  )
}

async function failedChecks(checks: readonly ReadinessCheck[]): Promise<string[]> {
  const outcomes = await Promise.all(
    checks.map(async ({ name, check }) => ((await holds(check)) ? [] : [name])),
  )
  return outcomes.flat()
}

function holds(check: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, CHECK_TIMEOUT_MS, false)
  })
  const passed = Promise.resolve()
    .then(check)
    .then(
      () => true,
      () => false,
    )
  return Promise.race([passed, tooLong]).finally(() => clearTimeout(timer))
}
