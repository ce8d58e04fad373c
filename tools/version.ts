/** The three numbers of a release, the greatest first. */
export type Version = readonly [major: number, minor: number, patch: number]

/** The first `x.y.z` in a text, or undefined when there is none (a development build calls itself "edge"). */
export function parseVersion(text: string): Version | undefined {
  const match = /(\d+)\.(\d+)\.(\d+)/.exec(text)
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined
}

/** Whether `version` is `wanted` or a later release. */
export function isAtLeast(version: Version, wanted: Version): boolean {
  for (const [i, number] of version.entries()) {
    const other = wanted[i] ?? 0
    if (number !== other) return number > other
  }
  return true
}

export function formatVersion(version: Version): string {
  return version.join('.')
}
