import { parseArgs } from 'node:util'
import { type ProtocolName, protocolNames } from '../wire-protocol.ts'

export interface ChatOptions {
  readonly username: string
  readonly url: string
  readonly password: string
  /** Nobody chose the password. */
  readonly isTrialPassword: boolean
  readonly to: string | undefined
  readonly dataDir: string
  readonly protocol: ProtocolName
}

export const USAGE = `npm run chat -- <username> [--to NAME] [--url URL] [--password TEXT] [--data DIR] [--protocol json|msgpack]

  --to NAME        whom to talk to
  --url URL        the server; http://127.0.0.1:8080 by default
  --password TEXT  or HOMING_CHAT_PASSWORD; without either, one that is only for trying out
  --data DIR       where unsent messages are kept; ./data/chat by default
  --protocol NAME  how it speaks to the server; json by default`

const TRIAL_PASSWORD = 'just-trying-homing'

/** Throws a TypeError that says what is wrong with the arguments. */
export function readChatOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ChatOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      url: { type: 'string', default: 'http://127.0.0.1:8080' },
      password: { type: 'string' },
      data: { type: 'string', default: './data/chat' },
      protocol: { type: 'string', default: 'json' },
    },
  })
  const [username, ...others] = positionals
  if (username === undefined || others.length > 0) throw new TypeError('exactly one username is needed')
  if (!URL.canParse(values.url)) throw new TypeError(`${values.url} is not a URL`)
  const protocol = protocolNames.find(name => name === values.protocol)
  if (!protocol) throw new TypeError(`the protocol is ${protocolNames.join(' or ')}, not ${values.protocol}`)
  const password = values.password ?? env.HOMING_CHAT_PASSWORD
  return {
    username,
    url: values.url,
    password: password ?? TRIAL_PASSWORD,
    isTrialPassword: password === undefined,
    to: values.to,
    dataDir: values.data,
    protocol,
  }
}
