import { expect, it } from 'vitest'
import { deniedNetworks } from './denied-networks.ts'

const read = (text?: string) => deniedNetworks().safeParse(text)

it('reads networks, addresses and the machine itself', () => {
  expect(read(' 10.0.0.0/8, host ,192.0.2.7,host,').data).toEqual([
    '10.0.0.0/8',
    'host',
    '192.0.2.7',
  ])
  expect(read().data).toEqual([])
})

it.each(['fd00::/8', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/8/8', '-j', '10.0.0.0/-1', 'Host'])(
  'refuses %s',
  (text) => {
    expect(read(text).error?.issues[0]?.message).toBe(
      `"${text}" is neither an IPv4 network such as 10.0.0.0/8 nor host`,
    )
  },
)
