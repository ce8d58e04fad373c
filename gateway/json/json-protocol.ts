import type { ClientFrame, WireProtocol } from '../connection/wire-protocol.ts'
import { decodeJson } from './decode.ts'
import { encodeAck, encodeError, encodeEvent } from './encode.ts'

export interface JsonProtocolLimits {
  readonly maxBodyCharacters: number
  readonly outstanding: number
}

/** The JSON text protocol of `/ws`. Source: the JSON contract. */
export const jsonProtocol = ({ maxBodyCharacters, outstanding }: JsonProtocolLimits): WireProtocol => ({
  name: 'json',
  // No JSON client's own message is large, whatever its characters are.
  delivery: { outstanding, large: 2 * maxBodyCharacters },
  liveness: undefined,
  decode: (data, isBinary, user, take) =>
    take(isBinary ? binary : decodeJson(data.toString(), user, maxBodyCharacters)),
  authenticated: ({ user }) => `{"type":"AUTH_OK","from":"${user}"}`,
  authFailed: reason => [`{"type":"AUTH_FAIL","reason":"${reason}"}`],
  pong: () => '{"type":"PONG"}',
  accepted: (user, clientMsgId, sent) => encodeAck('accepted', user, clientMsgId, sent),
  saved: (user, _to, clientMsgId, sent) => encodeAck('saved', user, clientMsgId, sent),
  revoked: (user, clientMsgId, sent) => encodeAck('revoked', user, clientMsgId, sent),
  synced: () => undefined,
  refused: encodeError,
  event: encodeEvent,
})

const binary: ClientFrame = { kind: 'refused', reason: 'bad_json', about: {} }
