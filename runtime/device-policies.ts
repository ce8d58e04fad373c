import type { DevicePolicy } from '../protocol/device-policy.ts'
import type { Settings } from './settings.ts'

type PolicySettings = Pick<Settings, 'DEVICE_POLICY' | 'MAX_CONNECTIONS_PER_USER'>

/** The policy of users whose tokens name none. */
export const serverPolicy = ({ DEVICE_POLICY, MAX_CONNECTIONS_PER_USER }: PolicySettings): DevicePolicy =>
  DEVICE_POLICY ?? { keep: 'newest', count: MAX_CONNECTIONS_PER_USER }
