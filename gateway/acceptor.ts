import { Connection } from './connection.ts'
import type { ConnectionParts } from './connection-parts.ts'
import type { Connections } from './connections.ts'
import type { Accepted } from './handshake.ts'
import type { OnlineList } from './online-list.ts'
import type { Socket } from './socket.ts'
import { StompProtocol } from './stomp/stomp-protocol.ts'
import type { WireProtocol } from './wire-protocol.ts'

export interface AcceptorParts extends Omit<ConnectionParts, 'closed'> {
  readonly connections: Connections
  readonly online: OnlineList
  readonly json: WireProtocol
}

/** Makes connections of the sockets that handshakes have led to. */
export class Acceptor {
  readonly #parts: AcceptorParts
  #count = 0

  constructor(parts: AcceptorParts) {
    this.#parts = parts
  }

  acceptJson(socket: Socket, accepted: Accepted): void {
    const connection = this.#accept(this.#nextId(), socket, this.#parts.json, accepted.device)
    if (accepted.session) connection.begin(accepted.session)
  }

  /** Binds with the CONNECT frame, of which the handshake's token is the default one. */
  acceptStomp(socket: Socket, { token, device }: Accepted): void {
    const { online, settings } = this.#parts
    const connId = this.#nextId()
    const protocol = new StompProtocol({
      token,
      pingMs: settings.PING_INTERVAL_MS,
      idleMs: settings.IDLE_TIMEOUT_MS,
      bound: session => online.add(connId, session),
    })
    this.#accept(connId, socket, protocol, device, () => online.remove(connId))
  }

  #nextId(): string {
    return `${this.#parts.gatewayId}-${++this.#count}`
  }

  #accept(
    connId: string,
    socket: Socket,
    protocol: WireProtocol,
    device: string | undefined,
    gone?: () => void,
  ): Connection {
    const { connections, metrics } = this.#parts
    const closed = () => {
      gone?.()
      connections.remove(connection)
      metrics.connections[protocol.name].dec()
    }
    const connection = new Connection(connId, socket, protocol, { ...this.#parts, closed }, device)
    connections.add(connection)
    metrics.connections[protocol.name].inc()
    return connection
  }
}
