import { concernedBy, directionIn, type Notice } from './changes.ts'

/** A notice that lets in who is in, or takes out who is out: what lies between has happened, and nobody heard of it. */
export interface Untold {
  readonly notice: Notice
  readonly user: string
}

/** `notices`: all that were heard of a group whose beginning was. A group's end concerns whoever is in. */
export function untoldBy(notices: Iterable<Notice>): readonly Untold[] {
  const members = new Set<string>()
  return [...notices]
    .sort((a, b) => a.seq - b.seq)
    .flatMap(notice => {
      const direction = directionIn(notice.event)
      const concerned = concernedBy(notice)
      if (direction === undefined || concerned === 'all') return []
      const untold = concerned.filter(user => members.has(user) === (direction === 'in'))
      for (const user of concerned) {
        if (direction === 'in') members.add(user)
        else members.delete(user)
      }
      return untold.map(user => ({ notice, user }))
    })
}
