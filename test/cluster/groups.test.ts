import { expect } from 'chai'
import { groupConversation } from '../../protocol/ids.ts'
import { groupRestSuite } from '../e2e/group-rest.ts'
import { groupsSuite } from '../e2e/groups.ts'
import { revokeSuite } from '../e2e/revoke.ts'
import { unreadOf } from '../support/api.ts'
import { ClusterTarget, unlimited } from '../support/cluster-target.ts'
import { GroupClients, heard, type Person } from '../support/group-clients.ts'
import { gatewayOf } from '../support/target.ts'
import { until } from '../support/until.ts'
import type { WireClient } from '../support/wire-client.ts'

const MEMBERS = 1000
const SPEAKERS = 4
const MESSAGES = 20
/** Connections opened at once. */
const AT_ONCE = 50

describe('groups of the cluster, its users on different gateways', function () {
  this.timeout(60_000)
  let target: ClusterTarget

  before(async () => {
    target = await ClusterTarget.start({ settings: unlimited })
  })
  after(() => target?.stop())

  groupsSuite(() => target)
  groupRestSuite(() => target)
  revokeSuite(() => target)

  describe(`a group of ${MEMBERS} who are all there`, () => {
    const clients = new GroupClients(() => target)
    after(() => clients.closeAll())

    it('hears everything once and in one order, unread is right, and who is removed hears no more', async function () {
      this.timeout(120_000)
      const members = await clients.people(...Array.from({ length: MEMBERS }, () => 'm'))
      const [owner, removed] = [members[0], members[MEMBERS - 1]]
      if (!owner || !removed) return
      const sockets = new Map<Person, WireClient>()
      for (let start = 0; start < MEMBERS; start += AT_ONCE) {
        const some = members.slice(start, start + AT_ONCE)
        const opened = await Promise.all(some.map((member, index) => clients.connect(member, index)))
        for (const [index, member] of some.entries()) sockets.set(member, opened[index] as WireClient)
      }
      const group = await clients.group(owner, members.slice(1))

      const send = (speaker: number, from: number, to: number) => {
        for (let n = from; n < to; n++) {
          const id = `${speaker}-${n}`
          sockets
            .get(members[speaker] as Person)
            ?.send({ type: 'GROUP_CHAT', clientMsgId: id, groupId: group, body: id })
        }
      }
      for (let speaker = 0; speaker < SPEAKERS; speaker++) send(speaker, 0, MESSAGES)
      await clients.ok(owner, 'DELETE', `/${group}/members/${removed.id}?operatorId=${owner.id}`)
      const atRemoved = sockets.get(removed)
      const notice = await atRemoved?.next({ type: 'GROUP_NOTIFY', event: 'removed' }, 30_000)
      for (let speaker = 0; speaker < SPEAKERS; speaker++) send(speaker, MESSAGES, 2 * MESSAGES)

      const total = SPEAKERS * 2 * MESSAGES
      const seqs = (client: WireClient) =>
        client.all({ type: 'GROUP_CHAT' }).map(({ serverMsgId }) => Number(serverMsgId))
      const listener = sockets.get(members[SPEAKERS] as Person) as WireClient
      await listener.atLeast(total, { type: 'GROUP_CHAT' }, 60_000)
      const order = seqs(listener)
      expect(order).to.deep.equal([...new Set(order)].sort((a, b) => a - b))
      for (const [member, client] of sockets) {
        const index = members.indexOf(member)
        if (member === removed) continue
        const expected = index < SPEAKERS ? total - 2 * MESSAGES : total
        await client.atLeast(expected, { type: 'GROUP_CHAT' }, 30_000)
        const heardHere = seqs(client)
        expect(heardHere, member.id).to.have.length(expected)
        if (index >= SPEAKERS) expect(heardHere, member.id).to.deep.equal(order)
      }
      await atRemoved?.settle()
      const until_ = Number(notice?.serverMsgId)
      expect(seqs(atRemoved as WireClient)).to.deep.equal(order.filter(seq => seq < until_))
      expect(heard(listener, group)).to.have.length(total)

      const silent = members.slice(SPEAKERS)
      for (let start = 0; start < silent.length; start += AT_ONCE) {
        const some = silent.slice(start, start + AT_ONCE).entries()
        await Promise.all([...some].map(([index, member]) => hasUnread(member, index, member === removed)))
      }

      async function hasUnread({ id, token }: Person, index: number, isOut: boolean): Promise<void> {
        const expected = isOut ? undefined : total
        const isRight = async () =>
          (await unreadOf(gatewayOf(target, index), id, token))[groupConversation(group)] === expected
        await until(isRight, `what is unread for ${id} is not right`)
      }
    })
  })
})
