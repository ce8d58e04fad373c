import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const secrets = z.strictObject({
  jwtSecret: z.string(),
  databasePassword: z.string(),
  natsGatewayPassword: z.string(),
  natsHostPassword: z.string(),
  natsSaverPassword: z.string(),
  natsRoutePassword: z.string(),
})

/** What a data directory's processes know each other by. */
export type Secrets = Readonly<z.infer<typeof secrets>>

/** Reads the data directory's secrets, or makes them once and keeps them readable by their owner only. */
export function loadSecrets(dataDir: string): Secrets {
  const file = join(dataDir, 'secrets.json')
  if (existsSync(file)) return secrets.parse(JSON.parse(readFileSync(file, 'utf8')))
  const made = Object.fromEntries(Object.keys(secrets.shape).map(name => [name, randomSecret()])) as Secrets
  writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  return made
}

/** 192 random bits. It begins with a letter, or NATS would read some as numbers; safe in URLs and SQL. */
export function randomSecret(): string {
  return `s${randomBytes(24).toString('hex')}`
}
