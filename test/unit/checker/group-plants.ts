import type { HistoryLine, MembershipLine, NoticeLine, RecvLine } from '../../../tools/checker/history.ts'
import type { Plant } from './plant.ts'
import type { Planter } from './planter.ts'

const GROUP = 'group:crew'
const OWNER = 'u0'

interface Place<Line> {
  readonly line: Line
  readonly place: number
}

const notices = ({ lines }: Planter): Place<NoticeLine>[] =>
  lines.flatMap((line, place) => (line.f === 'notice' ? [{ line, place }] : []))

const changes = ({ lines }: Planter): Place<MembershipLine>[] =>
  lines.flatMap((line, place) =>
    line.f === 'join' || line.f === 'leave' || line.f === 'remove' ? [{ line, place }] : [],
  )

const groupRecvs = (planter: Planter) => planter.recvs(({ conv }) => conv === GROUP)

/** Whether the user is in at a seq, as all notices tell. */
function isIn(planter: Planter, user: string, seq = Number.POSITIVE_INFINITY): boolean {
  const told = new Map(notices(planter).map(({ line }) => [line.seq, line]))
  let answer = false
  for (const { event, from, users, seq: at } of [...told.values()].sort((a, b) => a.seq - b.seq)) {
    if (at > seq) break
    if (event === 'left' ? from === user : users.includes(user))
      answer = event === 'created' || event === 'joined'
    if (event === 'created' && from === user) answer = true
  }
  return answer
}

const guests = (planter: Planter): string[] => planter.users.filter(user => user !== OWNER)

/** What a client says in the group at the very end, and how that is answered. */
function speakAtTheEnd(
  planter: Planter,
  from: string,
  answer: { type: 'ok'; seq: number } | { type: 'fail' },
): void {
  const send = { f: 'send', proc: from, conv: GROUP, from, id: 'planted', conn: 'planted' } as const
  const last = () => planter.lines.length - 1
  const t = planter.lines[last()]?.t ?? 0
  planter.insertAfter(last(), { t, type: 'invoke', ...send })
  const end: HistoryLine =
    answer.type === 'ok' ? { t, ...answer, ...send } : { t, ...answer, ...send, reason: 'not_group_member' }
  planter.insertAfter(last(), end)
}

function changeUnread(planter: Planter, users: readonly string[], change: (value: number) => number): void {
  const quiet = planter.lines.findLastIndex(({ f }) => f === 'quiet')
  const answers = planter.lines.flatMap((line, place) =>
    place > quiet &&
    line.f === 'unread' &&
    line.type === 'ok' &&
    line.conv === GROUP &&
    users.includes(line.user)
      ? [place]
      : [],
  )
  planter.replace(planter.random.pick(answers), line =>
    line.f === 'unread' && line.type === 'ok' ? { ...line, value: change(line.value) } : line,
  )
}

const loss: readonly Plant[] = [
  {
    name: 'a group’s message that one member had not received by the quiet end',
    kind: 'lost',
    plant: planter => planter.remove(planter.random.pick(groupRecvs(planter)).place),
  },
  {
    name: 'a group’s message that is missing at one member before a later one, in a history that breaks off',
    kind: 'lost',
    quiet: false,
    plant: planter => {
      const recvs = groupRecvs(planter)
      const isStored = ({ id, user }: RecvLine) =>
        recvs.some(({ line }) => line.id === id && line.user !== user) ||
        planter.lines.some(line => line.f === 'send' && line.type === 'ok' && line.id === id)
      const firstChange = (user: string) =>
        changes(planter).find(({ line }) => line.users.includes(user))?.place ?? planter.lines.length
      const staying = recvs.filter(({ line, place }) => {
        const isFollowed = recvs.some(
          other =>
            other.place > place && other.line.user === line.user && other.place < firstChange(line.user),
        )
        return isFollowed && isStored(line)
      })
      planter.remove(planter.random.pick(staying).place)
    },
  },
  {
    name: 'a notice that one member had not received by the quiet end',
    kind: 'lost',
    plant: planter => {
      const all = notices(planter)
      const shared = all.filter(({ line }) =>
        all.some(o => o.line.seq === line.seq && o.line.user !== line.user),
      )
      planter.remove(planter.random.pick(shared).place)
    },
  },
  {
    name: 'a change of members that was made, and its notice reached nobody',
    kind: 'lost',
    plant: planter => {
      const told = notices(planter)
      const isTold = ({ f, by, users }: MembershipLine) =>
        told.filter(({ line: { event, from, users: named } }) =>
          f === 'leave'
            ? event === 'left' && from === by
            : event !== 'created' && from === by && named[0] === users[0],
        )
      // One whose user changes but once, so that no other notice can be taken for its own.
      const made = changes(planter).filter(({ line }) => line.type === 'ok')
      const single = made.filter(
        ({ line }) =>
          new Set(isTold(line).map(({ line: { seq } }) => seq)).size === 1 && line.users[0] !== undefined,
      )
      const { line } = planter.random.pick(single)
      for (const { place } of isTold(line).toReversed()) planter.remove(place)
    },
  },
]

const receiving: readonly Plant[] = [
  {
    name: 'a notice received again',
    kind: 'duplicated',
    plant: planter => {
      const { line, place } = planter.random.pick(notices(planter))
      planter.insertAfter(place + planter.random.below(planter.lines.length - place), line)
    },
  },
  {
    name: 'a notice received after what follows it in the group',
    kind: 'misordered',
    plant: planter => {
      const recvs = groupRecvs(planter)
      const following = ({ line, place }: Place<NoticeLine>) =>
        recvs.find(recv => recv.place > place && recv.line.user === line.user)
      const { line, place } = planter.random.pick(notices(planter).filter(notice => following(notice)))
      const after = following({ line, place })
      if (!after) return
      planter.insertAfter(after.place, line)
      planter.remove(place)
    },
  },
  {
    name: 'a group’s message that came back to its sender',
    kind: 'misdelivered',
    plant: planter => {
      const { line, place } = planter.random.pick(groupRecvs(planter))
      planter.insertAfter(place, { ...line, user: line.from, proc: line.from })
    },
  },
  {
    name: 'a group’s message received by one who had left, or had not yet joined',
    kind: 'delivered-to-non-member',
    plant: planter => {
      const pairs = groupRecvs(planter).flatMap(recv =>
        guests(planter)
          .filter(user => user !== recv.line.from && !isIn(planter, user, recv.line.seq))
          .map(user => ({ ...recv, user })),
      )
      const { line, place, user } = planter.random.pick(pairs)
      planter.insertAfter(place, { ...line, user, proc: user, conn: 'elsewhere' })
    },
  },
  {
    name: 'a notice received by one who had left before',
    kind: 'delivered-to-non-member',
    plant: planter => {
      const pairs = notices(planter).flatMap(notice =>
        guests(planter)
          .filter(user => !isIn(planter, user, notice.line.seq) && !isIn(planter, user, notice.line.seq - 1))
          .map(user => ({ ...notice, user })),
      )
      const { line, place, user } = planter.random.pick(pairs)
      planter.insertAfter(place, { ...line, user, proc: user, conn: 'elsewhere' })
    },
  },
]

const deciding: readonly Plant[] = [
  {
    name: 'a send accepted from one who was no member',
    kind: 'accepted-from-non-member',
    plant: planter => {
      const out = guests(planter).filter(user => !isIn(planter, user))
      const seq = planter.highestSeq + 1
      speakAtTheEnd(planter, planter.random.pick(out), { type: 'ok', seq })
    },
  },
  {
    name: 'a member refused as a stranger',
    kind: 'member-refused',
    plant: planter => {
      const within = planter.users.filter(user => isIn(planter, user))
      speakAtTheEnd(planter, planter.random.pick(within), { type: 'fail' })
    },
  },
  {
    name: 'a change of members that was refused and heard of all the same',
    kind: 'refused-but-received',
    plant: planter => {
      const heard = notices(planter)
      const isHeard = ({ f, by, users }: MembershipLine) =>
        heard.some(({ line: { event, from, users: named } }) =>
          f === 'leave'
            ? event === 'left' && from === by
            : from === by && named[0] === users[0] && event !== 'created',
        )
      const made = changes(planter).filter(({ line }) => line.type === 'ok' && isHeard(line))
      // No other try may be the one that the notice is of.
      const alone = made.filter(({ line: { by, f, users, proc } }) =>
        changes(planter).every(
          ({ line }) => line.proc === proc || line.by !== by || line.f !== f || line.users[0] !== users[0],
        ),
      )
      planter.replace(planter.random.pick(alone).place, line =>
        line.f === 'join' || line.f === 'leave' || line.f === 'remove' ? { ...line, type: 'fail' } : line,
      )
    },
  },
  {
    name: 'a notice of what nobody had asked for',
    kind: 'invented',
    plant: planter => {
      const seq = planter.highestSeq + 1
      const end = planter.lines.length - 1
      const t = planter.lines[end]?.t ?? 0
      const notice = { f: 'notice', proc: OWNER, user: OWNER, conn: 'planted', conv: GROUP, seq } as const
      const told = { event: 'joined', from: OWNER, users: ['stranger'] } as const
      planter.insertAfter(end, { t, type: 'ok', ...notice, ...told })
    },
  },
  {
    name: 'a notice that one hears differently',
    kind: 'seq-disagreement',
    plant: planter => {
      const all = notices(planter)
      const shared = all.filter(({ line }) =>
        all.some(o => o.line.seq === line.seq && o.line.user !== line.user),
      )
      planter.replace(planter.random.pick(shared).place, line =>
        line.f === 'notice' ? { ...line, users: [...line.users, 'stranger'] } : line,
      )
    },
  },
  {
    name: 'a message with the seq of a notice',
    kind: 'seq-disagreement',
    plant: planter => {
      const { seq } = planter.random.pick(notices(planter)).line
      planter.replace(planter.random.pick(planter.messages()).acknowledged, line =>
        line.f === 'send' && line.type === 'ok' ? { ...line, seq } : line,
      )
    },
  },
  {
    name: 'a change of members whose place in the log was taken before it was asked for',
    kind: 'real-time-order',
    plant: planter => {
      const half = planter.lines.length / 2
      const changed = notices(planter).filter(({ line, place }) => line.event !== 'created' && place > half)
      const { seq } = planter.random.pick(changed).line
      for (const { line, place } of notices(planter))
        if (line.seq === seq) planter.replace(place, () => ({ ...line, seq: 0.5 }))
    },
  },
  {
    name: 'a change of members that lies behind what was sent once it was answered',
    kind: 'real-time-order',
    plant: planter => {
      const messages = planter.messages()
      const told = notices(planter).filter(({ line }) => line.event !== 'created')
      // A try whose notice can be no other's, with a message that was sent after its answer.
      const alone = changes(planter).filter(
        ({ line: { by, f, users, proc, type }, place }) =>
          type === 'ok' &&
          messages.some(({ invoked }) => invoked > place) &&
          changes(planter).every(
            ({ line }) => line.proc === proc || line.by !== by || line.f !== f || line.users[0] !== users[0],
          ),
      )
      const events = { join: 'joined', leave: 'left', remove: 'removed' }
      const { line: change } = planter.random.pick(alone)
      for (const { line, place } of told)
        if (
          line.event === events[change.f] &&
          line.from === change.by &&
          (change.f === 'leave' || line.users[0] === change.users[0])
        )
          planter.replace(place, () => ({ ...line, seq: planter.highestSeq + 1 }))
    },
  },
]

const unread: readonly Plant[] = [
  {
    name: 'an unread count of a group that is off by one when all is quiet',
    kind: 'unread',
    plant: planter => {
      const within = planter.users.filter(user => isIn(planter, user))
      changeUnread(planter, within, value =>
        value === 0 || planter.random.chance(0.5) ? value + 1 : value - 1,
      )
    },
  },
  {
    name: 'something unread in a group for one who has left it',
    kind: 'unread',
    plant: planter => {
      const out = guests(planter).filter(user => !isIn(planter, user))
      changeUnread(planter, out, value => value + 1)
    },
  },
]

export const groupPlants: readonly Plant[] = [...loss, ...receiving, ...deciding, ...unread].map(plant => ({
  ...plant,
  users: 9,
}))
