/** Whether a user is in the group, and whether the part of the server that counts for the user knows. */
export class SimulatedMembership {
  /** The seq of the joining; undefined when out. */
  since: number | undefined
  knownSince: number | undefined

  get isIn(): boolean {
    return this.since !== undefined
  }

  learn(): void {
    this.knownSince = this.since
  }
}
