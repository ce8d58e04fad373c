import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** Paths that must never be readable in a log line, wherever an object is logged. */
const redacted = [
  'token',
  'accessToken',
  'refreshToken',
  'password',
  'authorization',
  '*.token',
  '*.accessToken',
  '*.refreshToken',
  '*.password',
  '*.authorization',
  'req.headers.authorization',
]

/** The root logger of a process; parts of it take children that name what they are about. */
export function makeLogger(level: string, instance: string, destination?: DestinationStream): Logger {
  const options = { level, base: { instance }, redact: redacted }
  return destination ? pino(options, destination) : pino(options)
}
