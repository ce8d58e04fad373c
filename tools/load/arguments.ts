import { parseArgs } from 'node:util'
import { defaultOptions, type LoadOptions, type Mode, modes } from './options.ts'

export interface LoadCommand {
  /** `compare` starts its own servers. */
  readonly command: 'load' | 'compare'
  readonly options: LoadOptions
  /** Where the figures go as JSON. */
  readonly json: string | undefined
  /** What `compare` starts: a cluster instead of a standalone server. */
  readonly cluster: boolean
}

/** What a person got wrong, in words for them. */
export class UsageError extends Error {}

const flags = {
  url: { type: 'string', multiple: true },
  mode: { type: 'string' },
  clients: { type: 'string' },
  'msg-interval-ms': { type: 'string' },
  seconds: { type: 'string' },
  warmup: { type: 'string' },
  drain: { type: 'string' },
  repeats: { type: 'string' },
  'group-size': { type: 'string' },
  body: { type: 'string' },
  'connect-rate': { type: 'string' },
  connecting: { type: 'string' },
  workers: { type: 'string' },
  'source-addresses': { type: 'string' },
  reconnect: { type: 'boolean' },
  seed: { type: 'string' },
  'jwt-secret': { type: 'string' },
  login: { type: 'boolean' },
  cluster: { type: 'boolean' },
  json: { type: 'string' },
} as const

/** Reads a command line; throws UsageError. */
export function readArguments(args: readonly string[], environment: NodeJS.ProcessEnv): LoadCommand {
  const { values, positionals } = parse(args)
  const [command = 'load', ...rest] = positionals
  if ((command !== 'load' && command !== 'compare') || rest.length > 0) {
    throw new UsageError(`no such command: ${positionals.join(' ')}; there is compare`)
  }
  const number = (name: keyof typeof values, fallback: number, least = 1) =>
    wholeNumber(name, values[name], fallback, least)
  const secret = values['jwt-secret'] ?? environment.HOMING_JWT_SECRET
  const urls = (values.url ?? []).map(httpUrl)
  if (command === 'load') requireTarget(urls, secret, values.login === true)
  const mode = readMode(values.mode)
  const unit = mode === 'group' ? number('group-size', defaultOptions.groupSize, 2) : 2
  const options: LoadOptions = {
    urls,
    credentials: secret === undefined || values.login ? { kind: 'login' } : { kind: 'signed', secret },
    mode,
    clients: number('clients', defaultOptions.clients, mode === 'connect' || mode === 'ping' ? 1 : unit),
    msgIntervalMs: number('msg-interval-ms', defaultOptions.msgIntervalMs),
    seconds: number('seconds', defaultOptions.seconds),
    warmupSeconds: number('warmup', defaultOptions.warmupSeconds, 0),
    drainSeconds: number('drain', defaultOptions.drainSeconds),
    repeats: number('repeats', defaultOptions.repeats),
    groupSize: number('group-size', defaultOptions.groupSize, 2),
    bodyCharacters: number('body', defaultOptions.bodyCharacters),
    connectRate: number('connect-rate', defaultOptions.connectRate),
    connecting: number('connecting', defaultOptions.connecting),
    workers: number('workers', defaultOptions.workers, 0),
    sourceAddresses: number('source-addresses', defaultOptions.sourceAddresses, 0),
    reconnect: values.reconnect ?? false,
    seed: number('seed', defaultOptions.seed, 0),
  }
  return { command, options, json: values.json, cluster: values.cluster ?? false }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function requireTarget(urls: readonly string[], secret: string | undefined, login: boolean): void {
  if (urls.length === 0) throw new UsageError('--url says which gateway; repeat it for more')
  if (secret === undefined && !login) {
    throw new UsageError('--jwt-secret (or HOMING_JWT_SECRET) signs the tokens; or use --login')
  }
}

function httpUrl(text: string): string {
  const url = URL.parse(text)
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new UsageError(`--url is an http:// or https:// address, not ${text}`)
  }
  return url.origin
}

function readMode(text: string | undefined): Mode {
  const mode = text ?? defaultOptions.mode
  const found = modes.find(each => each === mode)
  if (!found) throw new UsageError(`--mode is one of ${modes.join(', ')}, not ${mode}`)
  return found
}

function wholeNumber(name: string, value: unknown, fallback: number, least: number): number {
  if (value === undefined) return fallback
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < least || value === '') {
    throw new UsageError(`--${name} is a whole number from ${least}, not ${String(value)}`)
  }
  return number
}

export const USAGE = `npm run load -- --url http://127.0.0.1:8080 [--url …] [options]   loads a server
npm run load -- compare [--cluster] [options]                       runs document 001’s three variants

  --mode ${modes.join(' | ')}
  --clients 5000   --msg-interval-ms 3000   --seconds 60   --warmup 5   --repeats 1   --drain 15
  --body 100 (characters)   --group-size 50   --connect-rate 1000 (a second)   --connecting 200 (at once)
  --jwt-secret … (or HOMING_JWT_SECRET) | --login   --reconnect   --seed 1   --json FILE
  --workers 0   --source-addresses 0 (0: as many as needed)
`
