import { type Bus, NoResponders } from '../messaging/bus.ts'
import { subjects } from '../messaging/subjects.ts'
import type { PresenceStatus } from '../protocol/presence.ts'
import { delay, fullJitter } from '../runtime/backoff.ts'
import type { Attachment } from './user/attachment.ts'
import type { Attached } from './user/contract.ts'

const ANSWER_MS = 1000
const RETRY_CAP_MS = 5000

/** What a new owner asks a gateway: which of these connections are there. From then on they are the owner's. */
export interface AttachRequest {
  readonly connections: readonly (Attached & { readonly connId: string })[]
}

export interface AttachAnswer {
  readonly present: readonly string[]
  /** Of those whose clients have said that they are not online. */
  readonly presence?: Readonly<Record<string, PresenceStatus>>
}

/**
 * Asks a gateway until it has answered for every attachment that still waits, or nobody serves it: then what waits
 * is absent. A gateway that is only cut off finds out when it touches its connections.
 */
export async function confirmRoute(
  bus: Bus,
  gatewayId: string,
  waiting: () => readonly Attachment[],
  absent: (attachment: Attachment) => void,
): Promise<void> {
  for (let attempt = 0; waiting().length > 0; attempt++) {
    const asked = waiting()
    const request: AttachRequest = {
      connections: asked.map(attachment => ({ ...attachment.attached, connId: attachment.binding.connId })),
    }
    try {
      const { present, presence } = (await bus.request(
        subjects.attach(gatewayId),
        request,
        ANSWER_MS,
      )) as AttachAnswer
      for (const attachment of asked) {
        const { connId } = attachment.binding
        attachment.presence = presence?.[connId] ?? 'online'
        if (present.includes(connId)) attachment.confirm()
        else absent(attachment)
      }
    } catch (error) {
      if (error instanceof NoResponders) asked.forEach(absent)
      else await delay(fullJitter(attempt, 100, RETRY_CAP_MS))
    }
  }
}
