import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

// The fields of Dapr's multi-app run template that Homing's uses. Strict, so that a field that the
// launcher would silently ignore is said instead.
const shared = {
  resourcesPath: z.string().optional(),
  configFilePath: z.string().optional(),
  appProtocol: z.string().optional(),
  apiListenAddresses: z.string().optional(),
  placementHostAddress: z.string().optional(),
  logLevel: z.string().optional(),
  enableAppHealthCheck: z.boolean().optional(),
  appHealthCheckPath: z.string().optional(),
  appHealthProbeInterval: z.int().optional(),
  appHealthProbeTimeout: z.int().optional(),
  appHealthThreshold: z.int().optional(),
  env: z.record(z.string(), z.string()).optional(),
}

const template = z.strictObject({
  version: z.literal(1),
  common: z.strictObject(shared).optional(),
  apps: z.array(
    z.strictObject({
      ...shared,
      appID: z.string(),
      appDirPath: z.string(),
      command: z.array(z.string()).min(1),
      appPort: z.int().optional(),
    }),
  ),
})

type App = z.infer<typeof template>['apps'][number]

/** What a template says of one application; all paths are absolute. */
export interface TemplateApp {
  readonly appId: string
  readonly folder: string
  readonly command: readonly [string, ...string[]]
  /** Whether daprd talks to it, on a port that each replica gets for itself. */
  readonly hasAppPort: boolean
  readonly env: Readonly<Record<string, string>>
  /** daprd's arguments, save the ports and addresses that differ between replicas. */
  readonly daprdArgs: readonly string[]
}

/** Reads the template's application with this id; throws when the file says something else than expected. */
export function readTemplateApp(file: string, appId: string): TemplateApp {
  const result = template.safeParse(parse(readFileSync(file, 'utf8')))
  if (!result.success) throw new Error(`${file}: ${z.prettifyError(result.error)}`)
  const app = result.data.apps.find(a => a.appID === appId)
  if (!app) throw new Error(`${file} has no app with appID ${appId}`)

  const common = result.data.common ?? {}
  const merged: App = { ...common, ...app, env: { ...common.env, ...app.env } }
  const folder = resolve(dirname(file), app.appDirPath)
  const [executable = '', ...args] = app.command
  return {
    appId,
    folder,
    command: [executable, ...args],
    hasAppPort: merged.appPort !== undefined,
    env: merged.env ?? {},
    daprdArgs: daprdArgs(merged, dirname(file)),
  }
}

function daprdArgs(app: App, templateFolder: string): string[] {
  const args = ['--app-id', app.appID, '--app-protocol', app.appProtocol ?? 'http']
  const add = (flag: string, value: string | number | undefined) => {
    if (value !== undefined) args.push(flag, String(value))
  }
  add('--resources-path', app.resourcesPath && resolve(templateFolder, app.resourcesPath))
  add('--config', app.configFilePath && resolve(templateFolder, app.configFilePath))
  add('--dapr-listen-addresses', app.apiListenAddresses)
  add('--log-level', app.logLevel)
  if (app.enableAppHealthCheck) args.push('--enable-app-health-check')
  add('--app-health-check-path', app.appHealthCheckPath)
  add('--app-health-probe-interval', app.appHealthProbeInterval)
  add('--app-health-probe-timeout', app.appHealthProbeTimeout)
  add('--app-health-threshold', app.appHealthThreshold)
  return args
}
