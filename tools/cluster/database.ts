import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { greets } from './probe.ts'
import type { ProcessSpec } from './process-spec.ts'

const run = promisify(execFile)

const NAME = 'homing'

export interface DatabaseSettings {
  readonly dataDir: string
  readonly env: NodeJS.ProcessEnv
  readonly password: string
  readonly port: number
}

/** A MariaDB of the cluster's own; `prepareDatabase` comes first. */
export function databaseSpec({ dataDir, env, port }: DatabaseSettings): ProcessSpec {
  const folder = databaseFolder(dataDir)
  return {
    role: 'database',
    name: 'database',
    command: 'mariadbd',
    args: [
      '--no-defaults',
      ...userArgs(),
      `--datadir=${folder}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      // Relative to the data directory: a path longer than 107 bytes is no socket address.
      '--socket=mariadb.sock',
      '--pid-file=mariadb.pid',
      `--init-file=${initFile(dataDir)}`,
      '--skip-name-resolve',
      '--character-set-server=utf8mb4',
      '--collation-server=utf8mb4_bin',
      '--max-connections=500',
      // Said although it is the default: what is acknowledged as saved must survive a power cut.
      '--innodb-flush-log-at-trx-commit=1',
    ],
    cwd: folder,
    env,
    ports: { mysql: port },
    isReady: () => greets(port),
    readyWithinMs: 30_000,
    stopWithinMs: 30_000,
  }
}

export function databaseUrl({ password, port }: DatabaseSettings): string {
  return `mysql://${NAME}:${password}@127.0.0.1:${port}/${NAME}`
}

/** Makes the data directory, once, and the statements that the server runs at every start. */
export async function prepareDatabase({ dataDir, password }: DatabaseSettings): Promise<void> {
  writeFileSync(
    initFile(dataDir),
    [
      `CREATE DATABASE IF NOT EXISTS ${NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;`,
      `CREATE USER IF NOT EXISTS '${NAME}'@'127.0.0.1';`,
      `ALTER USER '${NAME}'@'127.0.0.1' IDENTIFIED BY '${password}';`,
      `GRANT ALL ON ${NAME}.* TO '${NAME}'@'127.0.0.1';`,
      '',
    ].join('\n'),
    { mode: 0o600 },
  )
  const folder = databaseFolder(dataDir)
  if (existsSync(folder)) return
  // Under another name until it is whole: an installation that was cut short must not be taken for one.
  const unfinished = `${folder}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await install(unfinished)
  await rename(unfinished, folder)
}

async function install(folder: string): Promise<void> {
  // root may enter by the socket only, and only as the system user who runs this.
  const root = ['--auth-root-authentication-method=socket', `--auth-root-socket-user=${userInfo().username}`]
  const args = ['--no-defaults', ...userArgs(), `--datadir=${folder}`, ...root, '--skip-test-db']
  try {
    // Several at once would take each other's temporary files.
    const temporary = `${folder}.tmp`
    await mkdir(temporary, { recursive: true })
    await run('mariadb-install-db', args, { env: { ...process.env, TMPDIR: temporary } })
    await rm(temporary, { recursive: true, force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(
      'MariaDB is not installed: install it (Debian: apt install mariadb-server), or point HOMING_DATABASE_URL at a MySQL 8 or MariaDB 10.11 server',
    )
  }
}

/** mariadbd refuses to run as root unless told to. */
function userArgs(): string[] {
  return userInfo().uid === 0 ? ['--user=root'] : []
}

function databaseFolder(dataDir: string): string {
  return join(dataDir, 'database')
}

function initFile(dataDir: string): string {
  return join(dataDir, 'database-init.sql')
}
