import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

interface Process {
  readonly role: string
  readonly pid: number
}

export type ByRole = Readonly<Record<string, number>>

/** CPU seconds (user and system) that these processes have used so far, by role. */
export const cpuSeconds = (processes: readonly Process[]): ByRole => byRole(processes, cpuOf)

/** Resident memory of these processes, bytes, by role. */
export const residentBytes = (processes: readonly Process[]): ByRole => byRole(processes, residentOf)

export const total = (values: ByRole): number => Object.values(values).reduce((sum, value) => sum + value, 0)

export const difference = (after: ByRole, before: ByRole): ByRole =>
  Object.fromEntries(Object.entries(after).map(([role, value]) => [role, value - (before[role] ?? 0)]))

function byRole(processes: readonly Process[], read: (pid: number) => number): ByRole {
  const sums: Record<string, number> = {}
  for (const { role, pid } of processes) sums[role] = (sums[role] ?? 0) + read(pid)
  return sums
}

function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the command in parentheses and may hold spaces; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function residentOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1024
}
