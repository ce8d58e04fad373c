/**
 * The rooms and what each may import: itself and what is named here. The order is the design's: `protocol ← runtime
 * ← messaging, storage, dapr ← actors ← gateway`, and `bin` puts processes together.
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  runtime: ['protocol'],
  messaging: ['protocol', 'runtime'],
  storage: ['protocol', 'runtime', 'messaging'],
  dapr: ['protocol', 'runtime', 'messaging'],
  actors: ['protocol', 'runtime', 'messaging', 'storage'],
  gateway: ['protocol', 'runtime', 'messaging', 'storage', 'actors'],
  client: ['protocol'],
  bin: ['protocol', 'runtime', 'messaging', 'storage', 'dapr', 'actors', 'gateway', 'client'],
}

/** Packages that talk to the outside, and the one room that may: see the design, "Rooms". */
export const packageRooms: Readonly<Record<string, string>> = {
  ws: 'gateway',
  'socket.io': 'gateway',
  fastify: 'gateway',
  sockjs: 'gateway',
  'prom-client': 'gateway',
  jose: 'gateway',
  limiter: 'gateway',
  nats: 'messaging',
  '@dapr/dapr': 'dapr',
  '@mikro-orm/core': 'storage',
  '@mikro-orm/sql': 'storage',
  '@mikro-orm/mysql': 'storage',
  '@mikro-orm/migrations': 'storage',
  'node:sqlite': 'storage',
  pino: 'runtime',
}
