import { randomBytes } from 'node:crypto'
import { type OwnServer, startOwnCluster, startStandalone } from '../../tools/load/own-server.ts'
import { signToken } from '../../tools/load/tokens.ts'
import { acknowledgingRelayDialect } from '../dialects/acknowledging-relay.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { homingDialect } from '../dialects/homing.ts'
import { msgpackDialect } from '../dialects/msgpack.ts'
import { relayDialect } from '../dialects/relay.ts'
import { socketIoDialect } from '../dialects/socket-io.ts'
import {
  type RunningServer,
  type ServerProcess,
  startNats,
  startNodeServer,
  startRedis,
} from '../servers/server-process.ts'

/** One of the things that are compared, running. */
export interface Subject {
  readonly name: SubjectName
  /** http:// addresses; the two ends of a pair use different ones where there are several. */
  readonly urls: readonly string[]
  readonly dialect: Dialect
  /** Everything on a message’s path but the clients. */
  readonly processes: readonly ServerProcess[]
  stop(): Promise<void>
}

export const subjectNames = [
  'standalone',
  'standalone-each',
  'standalone-msgpack',
  'cluster',
  'socket.io',
  'sqlite-relay',
  'nats-relay',
  'ws-relay',
] as const
export type SubjectName = (typeof subjectNames)[number]

const SOCKET_IO_PROCESSES = 2
/** Gateways, and hosts. */
const NATS_RELAY_PROCESSES = 2

/** What one client may send is limited; a hundred that stand for all of a server’s users need more. */
const unlimited = {
  FRAMES_PER_SECOND: '1000000',
  FRAMES_BURST: '1000000',
  MESSAGES_PER_SECOND: '1000000',
  MESSAGES_BURST: '1000000',
}

/** Whether it stores its messages in the database server that the subjects share. */
export const needsDatabase = (name: SubjectName): boolean => name === 'cluster' || name === 'socket.io'

/** Starts a subject; those that need the shared database server get it fresh. */
export function startSubject(name: SubjectName, database: RunningServer | undefined): Promise<Subject> {
  switch (name) {
    case 'standalone':
      return startHoming(name, startStandalone(unlimited), 'client')
    case 'standalone-each':
      return startHoming(name, startStandalone(unlimited), 'each')
    case 'standalone-msgpack':
      return startHoming(name, startStandalone(unlimited), 'msgpack')
    case 'cluster':
      return startCluster(required(database))
    case 'socket.io':
      return startSocketIo(required(database))
    case 'nats-relay':
      return startNatsRelay()
    case 'sqlite-relay':
      return startRelay(name, acknowledgingRelayDialect)
    case 'ws-relay':
      return startRelay(name, relayDialect)
    default:
      return name satisfies never
  }
}

async function startHoming(
  name: SubjectName,
  starting: Promise<OwnServer>,
  speaking: 'client' | 'each' | 'msgpack',
): Promise<Subject> {
  const server = await starting
  const sign = (user: string) => signToken(user, server.secret)
  const runId = randomBytes(3).toString('hex')
  const dialect = speaking === 'msgpack' ? msgpackDialect(sign) : homingDialect(runId, sign, speaking)
  return { name, dialect, ...server }
}

async function startCluster(database: RunningServer): Promise<Subject> {
  const settings = { ...unlimited, DATABASE_URL: database.url }
  const cluster = await startHoming(
    'cluster',
    startOwnCluster(settings, () => undefined),
    'client',
  )
  return { ...cluster, processes: [...cluster.processes, database] }
}

async function startSocketIo(database: RunningServer): Promise<Subject> {
  const secret = randomBytes(24).toString('hex')
  const redis = await startRedis()
  const env = { DATABASE_URL: database.url, REDIS_URL: redis.url, JWT_SECRET: secret }
  const nodes = []
  for (let i = 0; i < SOCKET_IO_PROCESSES; i++) nodes.push(await startNodeServer('socket-io.ts', 'node', env))
  const own = [...nodes, redis]
  return {
    name: 'socket.io',
    urls: nodes.map(({ url }) => url),
    dialect: socketIoDialect(user => signToken(user, secret)),
    processes: [...own, database],
    stop: () => stopAll(own),
  }
}

async function stopAll(servers: readonly RunningServer[]): Promise<void> {
  for (const server of servers) await server.stop()
}

function required(database: RunningServer | undefined): RunningServer {
  if (!database) throw new Error('this subject needs a database server')
  return database
}

async function startNatsRelay(): Promise<Subject> {
  const nats = await startNats()
  const start = (role: string, number: number) =>
    startNodeServer('nats-relay.ts', role, { ROLE: role, NAME: `${role}-${number}`, NATS_URL: nats.url })
  const hosts = []
  const gateways = []
  for (let i = 0; i < NATS_RELAY_PROCESSES; i++) hosts.push(await start('host', i))
  for (let i = 0; i < NATS_RELAY_PROCESSES; i++) gateways.push(await start('gateway', i))
  const own = [...gateways, ...hosts, nats]
  return {
    name: 'nats-relay',
    urls: gateways.map(({ url }) => url),
    dialect: acknowledgingRelayDialect,
    processes: own,
    stop: () => stopAll(own),
  }
}

/** A relay of one process. */
async function startRelay(name: 'sqlite-relay' | 'ws-relay', dialect: Dialect): Promise<Subject> {
  const relay = await startNodeServer(`${name}.ts`, 'node')
  return { name, urls: [relay.url], dialect, processes: [relay], stop: () => relay.stop() }
}
