import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type ProtocolName, protocolNames } from '../../client/wire-protocol.ts'
import { type FaultTarget, targets } from './schedule.ts'

export interface DrillOptions {
  readonly seconds: number
  readonly seed: number
  readonly faults: readonly FaultTarget[]
  /** Between two faults on average. */
  readonly everyMs: number
  readonly users: number
  /** What they speak, in turns. */
  readonly protocols: readonly ProtocolName[]
  /** Each over up to 24 users or so. */
  readonly groups: number
  /** Sends a second. */
  readonly rate: number
  readonly gateways: number
  readonly hosts: number
  readonly savers: number
  readonly nats: 1 | 3
  /** Lose one thing after the other and measure the recoveries, instead of faults at seeded moments. */
  readonly recoveries: boolean
  /** Where history, logs and the cluster's data go. */
  readonly out: string
}

export const USAGE = `npm run drill -- [--seconds 60] [--seed N] [--faults ${targets.join(',')}]
  [--every-ms 900] [--users 24] [--protocol json,msgpack] [--groups 3] [--rate 200]
  [--gateways 2] [--hosts 2] [--savers 2] [--nats 1|3] [--out DIR]
  [--recoveries]: lose gateway, host and sidecar one after the other, and measure how long their users take
`

/** Throws an Error in words when an option cannot be used. */
export function readOptions(args: readonly string[]): DrillOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
      faults: { type: 'string', default: targets.join(',') },
      'every-ms': { type: 'string', default: '900' },
      users: { type: 'string', default: '24' },
      protocol: { type: 'string', default: 'json' },
      groups: { type: 'string', default: '3' },
      rate: { type: 'string', default: '200' },
      gateways: { type: 'string', default: '2' },
      hosts: { type: 'string', default: '2' },
      savers: { type: 'string', default: '2' },
      nats: { type: 'string', default: '1' },
      out: { type: 'string' },
      recoveries: { type: 'boolean', default: false },
    },
  })
  const whole = (name: string, text: string, least: number): number => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < least)
      throw new Error(`--${name} must be a whole number from ${least}`)
    return value
  }
  const seed = whole('seed', values.seed, 0)
  if (values.nats !== '1' && values.nats !== '3') throw new Error('--nats must be 1 or 3')
  return {
    seconds: whole('seconds', values.seconds, 1),
    seed,
    faults: readNames('faults', targets, values.faults),
    everyMs: whole('every-ms', values['every-ms'], 1),
    users: whole('users', values.users, 2),
    protocols: readNames('protocol', protocolNames, values.protocol),
    groups: whole('groups', values.groups, 0),
    rate: whole('rate', values.rate, 1),
    gateways: whole('gateways', values.gateways, 1),
    hosts: whole('hosts', values.hosts, 1),
    savers: whole('savers', values.savers, 1),
    nats: values.nats === '3' ? 3 : 1,
    recoveries: values.recoveries,
    out: values.out ?? join('.homing', `drill-${seed}`),
  }
}

function readNames<Name extends string>(option: string, known: readonly Name[], text: string): Name[] {
  return text.split(',').map(each => {
    const name = known.find(one => one === each.trim())
    if (!name) throw new Error(`--${option} knows ${known.join(', ')}; not ${each}`)
    return name
  })
}
