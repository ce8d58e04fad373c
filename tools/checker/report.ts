import type { Verdict } from './check.ts'
import type { Violation } from './violation.ts'

const FAULTS_SHOWN = 5

/**
 * What a person reads: the first violation with its lines and the faults before it, then counts by kind and what
 * could not be judged. `texts` are the history's lines, read again for those of the violation.
 */
export function reportOf(verdict: Verdict, texts: Iterable<string>): string {
  const [first] = verdict.violations
  const report = [...tallyOf(verdict), ...(first ? storyOf(first, verdict, texts) : ['no violation'])]
  for (const note of verdict.notes) report.push(`note: ${note}`)
  return `${report.join('\n')}\n`
}

function tallyOf({ tally, faults }: Verdict): string[] {
  return [
    `${tally.operations} operations in ${tally.lines} lines, ${faults.length} faults`,
    `${tally.sent} messages sent, ${tally.acknowledged} acknowledged, ${tally.received} received, ${tally.duplicates} duplicates on the wire`,
  ]
}

function storyOf(first: Violation, { counts, faults }: Verdict, texts: Iterable<string>): string[] {
  const before = faults.filter(({ t }) => t <= first.t).slice(-FAULTS_SHOWN)
  return [
    `first violation (${first.kind}): ${first.sentence}`,
    ...linesOf(first, texts),
    ...before.map(
      ({ t, what, process, seed }) => `  fault before it, at ${t} ms: ${what} ${process} (seed ${seed})`,
    ),
    'violations by kind:',
    ...Array.from(counts, ([kind, count]) => `  ${kind}: ${count}`),
  ]
}

function linesOf(violation: Violation, texts: Iterable<string>): string[] {
  const wanted = new Set(violation.lines)
  const found: string[] = []
  let number = 0
  for (const text of texts) {
    number += 1
    if (wanted.delete(number)) found.push(`  line ${number}: ${text}`)
    if (wanted.size === 0) break
  }
  return found
}
