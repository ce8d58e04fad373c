import type { HistoryLine } from '../../../tools/checker/history.ts'
import { groupPlants } from './group-plants.ts'
import type { Plant } from './plant.ts'
import type { Planter } from './planter.ts'

const loss: readonly Plant[] = [
  {
    name: 'an acknowledged message that nobody received by the quiet end',
    kind: 'lost',
    plant: planter => {
      const direct = planter.messages().filter(({ conv }) => conv.startsWith('direct:'))
      planter.remove(planter.random.pick(direct).receipts[0] ?? -1)
    },
  },
  {
    name: 'an acknowledged message that is missing before a later one, in a history that breaks off',
    kind: 'lost',
    quiet: false,
    plant: planter => {
      const { random } = planter
      const direct = planter.messages().filter(({ conv }) => conv.startsWith('direct:'))
      const followed = direct.filter(({ conv, from, receipts: [place = Number.POSITIVE_INFINITY] }) =>
        planter.recvs(line => line.conv === conv && line.from === from).some(later => later.place > place),
      )
      planter.remove(random.pick(followed).receipts[0] ?? -1)
    },
  },
]

const receiving: readonly Plant[] = [
  {
    name: 'a message received again, sooner or later',
    kind: 'duplicated',
    plant: planter => {
      const { line, place } = planter.random.pick(planter.recvs())
      const later = place + planter.random.below(planter.lines.length - place)
      planter.insertAfter(later, line)
    },
  },
  {
    name: 'a message stored twice and received under both seqs',
    kind: 'duplicated',
    plant: planter => {
      const { line } = planter.random.pick(planter.recvs())
      planter.insertAfter(planter.lines.length - 1, { ...line, seq: planter.highestSeq + 1 })
    },
  },
  {
    name: 'two messages of a conversation received in the wrong order',
    kind: 'misordered',
    plant: planter => {
      const recvs = planter.recvs()
      const isAfter = (a: (typeof recvs)[number], b: (typeof recvs)[number]) =>
        b.place > a.place && b.line.user === a.line.user && b.line.conv === a.line.conv
      const first = planter.random.pick(recvs.filter(a => recvs.some(b => isAfter(a, b))))
      const second = planter.random.pick(recvs.filter(b => isAfter(first, b)))
      planter.replace(first.place, () => ({ ...second.line, t: first.line.t }))
      planter.replace(second.place, () => ({ ...first.line, t: second.line.t }))
    },
  },
  {
    name: 'a message that nobody sent',
    kind: 'invented',
    plant: planter => {
      const { line, place } = planter.random.pick(planter.recvs())
      planter.insertAfter(place, { ...line, id: 'phantom', seq: planter.highestSeq + 1 })
    },
  },
  {
    name: 'a message received before it was sent',
    kind: 'invented',
    plant: planter => {
      const { receipts, invoked } = planter.random.pick(planter.messages().filter(m => m.receipts.length > 0))
      const [place = -1] = receipts
      const received = planter.lines[place]
      planter.remove(place)
      if (received) planter.insertAfter(invoked - 1, received)
    },
  },
  {
    name: 'a message received although its send was refused',
    kind: 'refused-but-received',
    plant: planter => {
      const received = planter.messages().filter(({ receipts }) => receipts.length > 0)
      planter.replace(planter.random.pick(received).acknowledged, line =>
        line.f === 'send' ? { ...line, type: 'fail' } : line,
      )
    },
  },
  {
    name: 'a direct message received by somebody else',
    kind: 'misdelivered',
    plant: planter => {
      const { line, place } = planter.random.pick(planter.directRecvs())
      const other = planter.random.pick(planter.users.filter(user => user !== line.user))
      planter.insertAfter(place, { ...line, user: other, proc: other, conn: 'elsewhere' })
    },
  },
]

const order: readonly Plant[] = [
  {
    name: 'an acknowledgement with the seq of another message',
    kind: 'seq-disagreement',
    plant: planter => {
      const [a, b] = [planter.random.pick(planter.messages()), planter.random.pick(planter.recvs())]
      const seq = a.seq === b.line.seq ? planter.highestSeq + 1 : b.line.seq
      planter.replace(a.acknowledged, line =>
        line.f === 'send' && line.type === 'ok' ? { ...line, seq } : line,
      )
    },
  },
  {
    name: 'a receipt with another seq than the acknowledgement',
    kind: 'seq-disagreement',
    plant: planter => {
      const received = planter.messages().filter(({ receipts }) => receipts.length > 0)
      const place = planter.random.pick(planter.random.pick(received).receipts)
      const seq = planter.highestSeq + 1
      planter.replace(place, line => (line.f === 'recv' ? { ...line, seq } : line))
    },
  },
  {
    name: 'a message received in another conversation than it was sent in',
    kind: 'seq-disagreement',
    plant: planter => {
      const { place, line } = planter.random.pick(planter.directRecvs())
      planter.replace(place, () => ({ ...line, conv: 'group:crew' }))
    },
  },
  {
    name: 'a message stored before another client’s message that was already acknowledged at its send',
    kind: 'real-time-order',
    plant: planter => {
      const messages = planter.messages()
      const isLater = (a: (typeof messages)[number], b: (typeof messages)[number]) =>
        b.invoked > a.acknowledged && b.from !== a.from && b.conv !== a.conv
      const a = planter.random.pick(messages.filter(a => messages.some(b => isLater(a, b))))
      planter.swapSeqs(a, planter.random.pick(messages.filter(b => isLater(a, b))))
    },
  },
  {
    name: 'two sends of one client stored in the wrong order, neither waiting for the other’s answer',
    kind: 'send-order',
    plant: planter => {
      const messages = planter.messages()
      const overlaps = (a: (typeof messages)[number], b: (typeof messages)[number]) =>
        b.proc === a.proc &&
        b.conv === a.conv &&
        b.invoked > a.invoked &&
        b.invoked < Math.min(a.acknowledged, ...a.receipts)
      const a = planter.random.pick(messages.filter(a => messages.some(b => overlaps(a, b))))
      planter.swapSeqs(a, planter.random.pick(messages.filter(b => overlaps(a, b))))
    },
  },
]

const sessions: readonly Plant[] = [
  {
    name: 'a send accepted on a connection after a login had replaced it',
    kind: 'accepted-on-old-connection',
    plant: planter => {
      const messages = planter.messages()
      const pairs = planter
        .replaced()
        .flatMap(old =>
          messages
            .filter(({ from, invoked }) => from === old.user && invoked > old.replacedAt)
            .map(message => ({ old, message })),
        )
      const { old, message } = planter.random.pick(pairs)
      for (const place of [message.invoked, message.acknowledged])
        planter.replace(place, line => (line.f === 'send' ? { ...line, conn: old.conn } : line))
    },
  },
  {
    name: 'a message that is delivered to a connection that was replaced before it was sent',
    kind: 'delivered-to-old-connection',
    plant: planter => {
      const messages = planter.messages()
      const pairs = planter.replaced().flatMap(old =>
        messages
          .filter(({ invoked }) => invoked > old.replacedAt)
          .flatMap(({ receipts }) => receipts)
          .filter(place => isReceiptOf(planter.lines[place], old.user))
          .map(place => ({ conn: old.conn, place })),
      )
      const { conn, place } = planter.random.pick(pairs)
      planter.replace(place, line => (line.f === 'recv' ? { ...line, conn } : line))
    },
  },
  {
    name: 'a session version that went back',
    kind: 'session-version',
    plant: planter => {
      const replaced = planter.replaced().map(({ conn, replacedAt }) => ({
        place: replacedAt,
        sv: planter.lines.flatMap(line =>
          line.f === 'login' && line.type === 'ok' && line.conn === conn ? [line.sv] : [],
        )[0],
      }))
      const { place, sv = 0 } = planter.random.pick(replaced.filter(({ sv = 0 }) => sv > 0))
      planter.replace(place, line => (line.f === 'login' ? { ...line, sv: sv - 1 } : line))
    },
  },
]

const unread: readonly Plant[] = [
  {
    name: 'an unread count that is off by one when all is quiet',
    kind: 'unread',
    plant: planter => {
      const quiet = planter.lines.findLastIndex(({ f }) => f === 'quiet')
      const answers = placesOfUnread(planter.lines).filter(
        place => place > quiet && isDirect(planter.lines[place]),
      )
      changeUnread(planter, planter.random.pick(answers), value =>
        value === 0 || planter.random.chance(0.5) ? value + 1 : value - 1,
      )
    },
  },
  {
    name: 'an unread count of more than was ever sent, under load',
    kind: 'unread',
    quiet: false,
    plant: planter =>
      changeUnread(planter, planter.random.pick(placesOfUnread(planter.lines)), value => value + 1_000),
  },
]

export const plants: readonly Plant[] = [
  ...loss,
  ...receiving,
  ...order,
  ...sessions,
  ...unread,
  ...groupPlants,
]

const isDirect = (line: HistoryLine | undefined): boolean =>
  line?.f === 'unread' && line.conv.startsWith('direct:')

const isReceiptOf = (line: HistoryLine | undefined, user: string): boolean =>
  line?.f === 'recv' && line.user === user

const placesOfUnread = (lines: readonly HistoryLine[]): number[] =>
  lines.flatMap(({ f, type }, place) => (f === 'unread' && type === 'ok' ? [place] : []))

function changeUnread(planter: Planter, place: number, change: (value: number) => number): void {
  planter.replace(place, line =>
    line.f === 'unread' && line.type === 'ok' ? { ...line, value: change(line.value) } : line,
  )
}
