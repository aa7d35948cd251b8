import { isRefusedAddress } from '@waggle/domain'
import { expect, test } from 'vitest'
import { readGitAddress, shownAddress } from './git-address.ts'

test.each([
  '',
  '--upload-pack=touch /tmp/x',
  '-oProxyCommand=x',
  'ext::sh -c touch% /tmp/x',
  'ext::sh',
  'fd::17',
  'git://example.com/x',
  'ftp://example.com/x',
  'https://',
  'https://-oProxyCommand=x/y',
  'ssh://-oProxyCommand=x/y',
  'ssh://me:password@example.com/x',
  'me@-host:x',
  '-x@host:y',
  'host:-x',
  'https://example.com/a b',
  'https://example.com/a\nb',
  'https://example.com/\u0000',
  'https://example.com/x#y',
  `https://example.com/${'x'.repeat(2_000)}`,
])('refuses %j', async (text) => {
  await expect(readGitAddress(text, ['/'])).rejects.toMatchObject({ kind: 'invalid' })
})

test.each([
  ['https://example.com/a/b.git', 'https', 'example.com', 443],
  ['HTTP://example.com:81/a', 'http', 'example.com', 81],
  ['ssh://git@example.com:2222/a', 'ssh', 'example.com', 2222],
  ['git@example.com:a/b.git', 'ssh', 'example.com', 22],
  ['http://[::1]:80/a', 'http', '::1', 80],
])('takes %s', async (text, protocol, host, port) => {
  expect(await readGitAddress(text, [])).toMatchObject({ protocol, host, port, credentials: '' })
})

test('keeps credentials apart from the address', async () => {
  const address = await readGitAddress('https://me:p%40ss@example.com/x', [])
  expect(address).toMatchObject({ url: 'https://example.com/x', credentials: 'me:p@ss' })
  expect(shownAddress('https://me:p%40ss@example.com/x')).toBe('https://example.com/x')
})

test.each([
  ['127.0.0.1', true],
  ['10.1.2.3', true],
  ['192.168.1.1', true],
  ['172.31.0.1', true],
  ['100.64.0.1', true],
  ['::1', true],
  ['fc00::1', true],
  ['::ffff:10.0.0.1', true],
  ['::ffff:0a00:0001', true],
  ['64:ff9b::7f00:1', true],
  ['169.254.169.254', true],
  ['8.8.8.8', false],
  ['2606:4700::1', false],
])('says of %s that it is refused without private hosts: %s', (address, refused) => {
  expect(isRefusedAddress(address, false)).toBe(refused)
})

test.each(['169.254.169.254', 'fe80::1', 'fe80::1%eth0', '0.0.0.0', '::', 'fd00:ec2::254'])(
  'refuses %s even with private hosts',
  (address) => {
    expect(isRefusedAddress(address, true)).toBe(true)
  },
)
