import { expect } from 'chai'
import { api } from './api.ts'
import { gatewayOf, newUser, signToken, type Target } from './target.ts'
import { WireClient } from './wire-client.ts'

/** Somebody with a token, who may or may not be connected. */
export interface Person {
  readonly id: string
  readonly token: string
}

/** What tests of groups do over and over, on any target. */
export class GroupClients {
  readonly #target: () => Target
  readonly #open: WireClient[] = []

  constructor(target: () => Target) {
    this.#target = target
  }

  async person(name: string): Promise<Person> {
    const id = newUser(name)
    return { id, token: await signToken(this.#target(), id) }
  }

  people(...names: string[]): Promise<Person[]> {
    return Promise.all(names.map(name => this.person(name)))
  }

  /** `index` picks the gateway. */
  async connect(person: Person, index = 0): Promise<WireClient> {
    const client = await WireClient.authenticated(gatewayOf(this.#target(), index), person.token)
    this.#open.push(client)
    return client
  }

  /** A REST call in somebody's name; `index` picks the gateway. */
  call(person: Person, method: string, path: string, body?: unknown, index = 0) {
    const options = { token: person.token, method, ...(body !== undefined && { body }) }
    return api(gatewayOf(this.#target(), index), `/api/im/groups${path}`, options)
  }

  /** The same, which must succeed; answers its data. */
  async ok(person: Person, method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.call(person, method, path, body)
    expect(answer.body, `${method} ${path}`).to.include({ success: true })
    return answer.body.data
  }

  /** The same, which must be refused with this status and code. */
  async refused(
    person: Person,
    [status, errCode]: readonly [number, string],
    method: string,
    path: string,
    body?: unknown,
  ): Promise<void> {
    const answer = await this.call(person, method, path, body)
    expect(answer.status, JSON.stringify(answer.body)).to.equal(status)
    expect(answer.body).to.include({ success: false, errCode })
  }

  /** A new group; answers its id. */
  async group(owner: Person, members: readonly Person[], more: object = {}): Promise<string> {
    const body = { groupName: 'friends', ownerId: owner.id, memberIds: members.map(({ id }) => id), ...more }
    const data = (await this.ok(owner, 'POST', '', body)) as { groupId: string }
    return data.groupId
  }

  /** Says something in a group and waits until it is saved; answers its serverMsgId. */
  async say(client: WireClient, groupId: string, text: string): Promise<string> {
    client.send({ type: 'GROUP_CHAT', clientMsgId: text, groupId, body: text })
    const ack = await client.next({ type: 'ACK', ackType: 'saved', clientMsgId: text })
    return String(ack.serverMsgId)
  }

  closeAll(): void {
    for (const client of this.#open.splice(0)) client.socket.terminate()
  }
}

/** What of a group's messages has come, in order. */
export const heard = (client: WireClient, groupId: string): unknown[] =>
  client.all({ type: 'GROUP_CHAT', groupId }).map(({ body }) => body)
