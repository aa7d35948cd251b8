import { expect, it } from 'vitest'
import { subnetBlock } from './subnet-block.ts'

const fallback = { block: '10.213.0.0/16', prefix: 26 }
const read = (text?: string) => subnetBlock(fallback).safeParse(text)

it('reads a block and the prefix of the networks in it', () => {
  expect(read('172.20.0.0/14:24').data).toEqual({ block: '172.20.0.0/14', prefix: 24 })
  expect(read(' 192.168.128.0/20 ').data).toEqual({ block: '192.168.128.0/20', prefix: 26 })
  expect(read('192.168.1.0/28').data).toEqual({ block: '192.168.1.0/28', prefix: 28 })
  expect(read().data).toEqual(fallback)
})

it.each([
  ['10.213.0.0', 'such as 10.213.0.0/16:26'],
  ['fd00::/64', 'such as 10.213.0.0/16:26'],
  ['10.213.0.256/16', 'above 255'],
  ['10.213.1.0/16', 'not the start of a /16'],
  ['10.0.0.0/4', '8 to 29'],
  ['10.0.0.0/30', '8 to 29'],
  ['10.213.0.0/16:15', '16 to 29'],
  ['10.213.0.0/16:30', '16 to 29'],
])('refuses %s: %s', (text, why) => {
  expect(read(text).error?.issues[0]?.message).toContain(why)
})
