import { WebSocket } from 'ws'
import {
  HomingClient,
  type HomingClientOptions,
  type Message,
  type ProtocolName,
} from '../../client/index.ts'
import { gatewayOf, newUser, signToken, type Target } from './target.ts'
import { until } from './until.ts'

/** A user's client of the library, and what has come to it. */
export interface LibraryClient {
  readonly user: string
  readonly client: HomingClient
  readonly received: Message[]
}

export interface Who {
  readonly user?: string
  /** Picks the gateway. */
  readonly index?: number
}

type Options = Partial<HomingClientOptions>

/** Clients of the library on any target, closed together. */
export class LibraryClients {
  readonly #target: () => Target
  readonly #open: HomingClient[] = []

  constructor(target: () => Target) {
    this.#target = target
  }

  async online(protocol: ProtocolName, who: Who = {}, options: Options = {}): Promise<LibraryClient> {
    const started = await this.start(protocol, who, options)
    await until(() => started.client.state.name === 'online', `${started.user} is not online`)
    return started
  }

  async start(
    protocol: ProtocolName,
    { user = newUser('user'), index = 0 }: Who = {},
    options: Options = {},
  ): Promise<LibraryClient> {
    const token = await signToken(this.#target(), user)
    const url = gatewayOf(this.#target(), index)
    const client = new HomingClient({ url, token, protocol, webSocket: WebSocket, ...options })
    const received: Message[] = []
    client.on('message', message => received.push(message))
    this.#open.push(client)
    await client.connect()
    return { user, client, received }
  }

  closeAll(): void {
    for (const client of this.#open.splice(0)) client.close()
  }
}
