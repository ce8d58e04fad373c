import { z } from 'zod'

const port = z.coerce.number().int().min(1).max(65_535)
const token = z.string().min(1).optional()

/** What `dapr run` and the launcher put into the environment of a process that has a sidecar. */
const caller = z.object({ DAPR_HTTP_PORT: port, DAPR_API_TOKEN: token })
const host = caller.extend({ APP_PORT: port, APP_API_TOKEN: token })

export type CallerSidecarSettings = Readonly<z.output<typeof caller>>
export type HostSidecarSettings = Readonly<z.output<typeof host>>

type Environment = Readonly<Record<string, string | undefined>>

/** For processes that only call actors. Throws an Error that names every wrong variable. */
export const readCallerSidecar = (environment: Environment): CallerSidecarSettings =>
  parsed(caller, environment)

/** For processes that host actors. Throws an Error that names every wrong variable. */
export const readHostSidecar = (environment: Environment): HostSidecarSettings => parsed(host, environment)

function parsed<T>(schema: z.ZodType<T>, environment: Environment): T {
  const result = schema.safeParse(environment)
  if (result.success) return result.data
  const issues = result.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`${issues.join('\n')}\nThis process needs a Dapr sidecar; npm run cluster starts both.`)
}
