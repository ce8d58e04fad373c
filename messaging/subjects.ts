import type { ActorType } from '../runtime/actor-runtime.ts'

/** Every bus subject, who publishes on it and who listens. The NATS permissions follow this list. */
export const subjects = {
  /** Gateways and hosts request; an active actor's host answers. */
  actor: (type: ActorType, id: string) => `actor.${type}.${id}`,
  /** Hosts tell other active actors: receipts and presence at best effort; memberships are requests, and answered. */
  actorEvent: (type: ActorType, id: string) => `actor-event.${type}.${id}`,
  /** Hosts place events on connections. */
  push: (gatewayId: string) => `gateway.${gatewayId}.push`,
  /** Hosts ask for a connection to be closed; answered when it is. */
  kick: (gatewayId: string) => `gateway.${gatewayId}.kick`,
  /** A new owner asks which of a route's connections are there. */
  attach: (gatewayId: string) => `gateway.${gatewayId}.attach`,
  /** Hosts ask for connections to be touched: their actor leaves, or what it has pushed may be lost. */
  doubt: (gatewayId: string) => `gateway.${gatewayId}.doubt`,
  /** An actor asks whether a connection is still there before it puts another out for it. */
  holds: (gatewayId: string) => `gateway.${gatewayId}.holds`,
  gatewayAlive: (gatewayId: string) => `gateway.${gatewayId}.alive`,
  hostAlive: (hostId: string) => `host.${hostId}.alive`,
  /** A gateway sends a host the list of its connections there. */
  reconcile: (hostId: string) => `host.${hostId}.reconcile`,
  /** Gateways tell each other what has happened to a topic's items. */
  sync: (topic: string) => `sync.${topic}`,
  /** The saver's position after each commit. */
  watermark: 'watermark',
} as const
