import type { Cluster } from '../cluster/cluster.ts'

interface ConnectionList {
  readonly connections: readonly { readonly name?: string; readonly subscriptions_list?: readonly string[] }[]
}

const USER = 'actor.user.'

/** Whose actors a host serves, by the subjects it has subscribed at NATS. */
export async function usersOfHost(cluster: Cluster, host: string): Promise<Set<string>> {
  const users = new Set<string>()
  for (const { role, ports } of cluster.processes) {
    if (role !== 'nats') continue
    const answer = await fetch(`http://127.0.0.1:${ports.http}/connz?subs=1&limit=4096`)
    for (const { name, subscriptions_list: subjects } of ((await answer.json()) as ConnectionList)
      .connections) {
      // A start of a process has a name of its own, which begins with the process's.
      if (name?.slice(0, name.lastIndexOf('-')) !== host) continue
      for (const subject of subjects ?? [])
        if (subject.startsWith(USER)) users.add(subject.slice(USER.length))
    }
  }
  return users
}
