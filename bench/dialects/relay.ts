import type { Dialect } from './dialect.ts'

/** The plain relay’s own frames: lines of `a` (I am), `m` (message), `d` (done). */
export const relayDialect: Dialect = {
  path: '/',
  hello: user => `a ${user}`,
  isWelcome: frame => frame === 'a',
  message: (n, to, body) => `m ${n} ${to} ${body}`,
  done: frame => (frame.startsWith('d ') ? Number(frame.slice(2)) : undefined),
  received: frame => (frame.startsWith('m ') ? { n: Number(frame.split(' ', 2)[1]), seq: '' } : undefined),
}
