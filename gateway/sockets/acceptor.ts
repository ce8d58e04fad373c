import { Connection } from '../connection/connection.ts'
import type { ConnectionParts } from '../connection/connection-parts.ts'
import type { Spoken } from '../connection/dialogue.ts'
import type { WireProtocol } from '../connection/wire-protocol.ts'
import type { Connections } from '../connections.ts'
import { MsgpackProtocol } from '../msgpack/msgpack-protocol.ts'
import type { OnlineList } from '../online-list.ts'
import { StompProtocol } from '../stomp/stomp-protocol.ts'
import type { Addresses } from './addresses.ts'
import type { Accepted } from './handshake.ts'
import type { Socket } from './socket.ts'

export interface AcceptorParts extends Omit<ConnectionParts, 'closed'> {
  readonly connections: Connections
  readonly addresses: Addresses
  readonly online: OnlineList
  readonly json: WireProtocol
}

/** Subprotocols of `/ws`, each for one of the two that it speaks. */
export const JSON_TEXT = 'homing.json'
export const MSGPACK = 'homing.msgpack'

/** Makes connections of the sockets that handshakes have led to. */
export class Acceptor {
  readonly #parts: AcceptorParts
  #count = 0

  constructor(parts: AcceptorParts) {
    this.#parts = parts
  }

  /** A client of `/ws`. `subprotocol`: what it has agreed to speak; else its first frame says it. */
  acceptClient(socket: Socket, accepted: Accepted, subprotocol: string): void {
    const connId = this.#nextId()
    const { json, settings } = this.#parts
    const binary = () => new MsgpackProtocol({ connId, idleMs: settings.MSGPACK_IDLE_TIMEOUT_MS })
    const spoken = subprotocol === MSGPACK ? { protocol: binary() } : { protocol: json }
    const choice = subprotocol === '' ? { ...spoken, binary } : spoken
    const connection = this.#accept(connId, socket, choice, accepted)
    if (accepted.session) connection.begin(accepted.session)
  }

  /** Binds with the CONNECT frame, of which the handshake's token is the default one. */
  acceptStomp(socket: Socket, accepted: Accepted): void {
    const { online, settings } = this.#parts
    const connId = this.#nextId()
    const protocol = new StompProtocol({
      token: accepted.token,
      pingMs: settings.PING_INTERVAL_MS,
      idleMs: settings.IDLE_TIMEOUT_MS,
      bound: session => online.add(connId, session),
    })
    this.#accept(connId, socket, { protocol }, accepted, () => online.remove(connId))
  }

  #nextId(): string {
    return `${this.#parts.gatewayId}-${++this.#count}`
  }

  #accept(
    connId: string,
    socket: Socket,
    spoken: Spoken,
    { address, device }: Accepted,
    gone?: () => void,
  ): Connection {
    const { addresses, connections, metrics } = this.#parts
    const closed = () => {
      gone?.()
      addresses.closed(address)
      connections.remove(connection)
      metrics.connections[connection.protocol.name].dec()
    }
    const connection = new Connection(connId, socket, spoken, { ...this.#parts, closed }, device)
    connections.add(connection)
    addresses.opened(address)
    metrics.connections[connection.protocol.name].inc()
    return connection
  }
}
