export const modes = ['connect', 'ping', 'single-e2e', 'ack-stress', 'group'] as const
export type Mode = (typeof modes)[number]

/** How clients come by their tokens: signed here with the server's secret, or by /auth/login. */
export type Credentials = { readonly kind: 'signed'; readonly secret: string } | { readonly kind: 'login' }

/** One load run, as a person or a drill asks for it. All of it is JSON: workers are given it as it is. */
export interface LoadOptions {
  /** http:// addresses of gateways; clients take turns. */
  readonly urls: readonly string[]
  readonly credentials: Credentials
  readonly mode: Mode
  readonly clients: number
  /** Between two messages (pings) of one client, ms. */
  readonly msgIntervalMs: number
  /** What is measured. */
  readonly seconds: number
  /** Sent before it, and judged, but not timed. */
  readonly warmupSeconds: number
  /** How long after the last message answers are waited for at most. */
  readonly drainSeconds: number
  readonly repeats: number
  readonly groupSize: number
  readonly bodyCharacters: number
  /** Connections begun a second at most, and under way at once, over all workers. */
  readonly connectRate: number
  readonly connecting: number
  /** Processes; 0: as many as the clients' sockets need. */
  readonly workers: number
  /** Addresses 127.0.0.x that clients of a local server connect from; 0: as many as their ports need. */
  readonly sourceAddresses: number
  /** Whether a lost connection is made again, with backoff; what had no answer is repeated then. */
  readonly reconnect: boolean
  readonly seed: number
}

/** The run of document 001. */
export const defaultOptions: Omit<LoadOptions, 'urls' | 'credentials'> = {
  mode: 'single-e2e',
  clients: 5000,
  msgIntervalMs: 3000,
  seconds: 60,
  warmupSeconds: 5,
  drainSeconds: 15,
  repeats: 1,
  groupSize: 50,
  bodyCharacters: 100,
  connectRate: 1000,
  connecting: 200,
  workers: 0,
  sourceAddresses: 0,
  reconnect: false,
  seed: 1,
}

/** Sockets that one process takes, below the usual limit of 20,000 open files. */
const CLIENTS_A_WORKER = 15_000
/** Of an address's 28,000 ephemeral ports. */
const CLIENTS_AN_ADDRESS = 20_000

export const workersOf = ({ workers, clients }: LoadOptions): number =>
  workers > 0 ? workers : Math.ceil(clients / CLIENTS_A_WORKER)

/** Where the `index`th client connects from; undefined: the system chooses. */
export function sourceAddress(options: LoadOptions, index: number): string | undefined {
  const { sourceAddresses, clients } = options
  const count = sourceAddresses > 0 ? sourceAddresses : Math.ceil(clients / CLIENTS_AN_ADDRESS)
  return count > 1 ? `127.0.0.${1 + (index % count)}` : undefined
}

/** How many neighbouring clients belong together, and so into one worker. */
export function unitOf({ mode, groupSize }: LoadOptions): number {
  if (mode === 'connect' || mode === 'ping') return 1
  return mode === 'group' ? groupSize : 2
}
