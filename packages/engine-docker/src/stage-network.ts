import { randomInt } from 'node:crypto'
import { failpoint, type Spec, unavailable } from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'
import { isSameAttempt } from './stage-labels.ts'
import { isEngineAway, statusOf, textOf } from './translate-error.ts'

/** Where stages get their networks from: one IPv4 block, cut into equal parts. */
export interface SubnetBlock {
  /** Such as `10.213.0.0/16`. */
  readonly block: string
  /** Prefix of one stage's network: 26 holds 61 containers. */
  readonly prefix: number
}

/** The engine's own pools end after 31 networks (reliability.md M-14); this one after 1,024. */
export const defaultSubnets: SubnetBlock = { block: '10.213.0.0/16', prefix: 26 }

/** Makes the stage's network; one that is already there, of this attempt, is taken. */
export const createNetwork = async (
  client: EngineClient,
  spec: Spec,
  subnets: SubnetBlock,
): Promise<void> => {
  const { id, labels, options } = spec.network
  for (let attempt = 0; attempt < subnetTries; attempt++) {
    try {
      await client.call('POST', '/networks/create', {
        body: {
          Name: id,
          CheckDuplicate: true,
          Driver: spec.platform.os === 'windows' ? 'nat' : 'bridge',
          Labels: labels,
          Options: options,
          IPAM: { Driver: 'default', Config: [{ Subnet: anySubnet(subnets) }] },
        },
      })
      await failpoint('docker.network.created')
      return
    } catch (error) {
      if (isEngineAway(error)) throw error
      if (await isThere(client, spec, error)) return
      // 403 is how engines answer for a subnet that another network overlaps; newer ones say 400 or 500.
      if (![400, 403, 500].includes(statusOf(error)) || attempt + 1 === subnetTries) {
        throw unavailable('network_not_created', `cannot create the network: ${textOf(error)}`, {
          cause: error,
        })
      }
    }
  }
}

// Chosen at random, so that workers on one machine need not agree: with 100 networks in use one in ten meets another.
const subnetTries = 25

const isThere = async (client: EngineClient, spec: Spec, error: unknown): Promise<boolean> => {
  if (statusOf(error) !== 409) return false
  const found = await client.call<{ Labels?: Record<string, string> }>(
    'GET',
    `/networks/${spec.network.id}`,
  )
  return isSameAttempt(found.Labels, spec.network.labels)
}

const anySubnet = ({ block, prefix }: SubnetBlock): string => {
  const [address = '', length = '16'] = block.split('/')
  const start = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const count = 2 ** Math.max(0, prefix - Number(length))
  const first = start + randomInt(count) * 2 ** (32 - prefix)
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256)
  return `${parts.join('.')}/${prefix}`
}
