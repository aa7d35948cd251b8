import { describe, expect, it } from 'vitest'
import { findRegistryAuth, parseRegistryAuths } from './registry-auth.ts'

const json = JSON.stringify({
  auths: {
    'registry.example:5000': { auth: Buffer.from('user:pa:ss').toString('base64') },
    'https://index.docker.io/v1/': { username: 'u', password: 'p' },
    broken: { auth: '%%%', username: 'u', password: 'p' },
    other: 7,
  },
})

describe('parseRegistryAuths', () => {
  it('reads both forms, in order', () => {
    expect(parseRegistryAuths(json)).toEqual([
      { address: 'registry.example:5000', username: 'user', password: 'pa:ss' },
      { address: 'docker.io', username: 'u', password: 'p' },
      { address: 'broken', username: '', password: '' },
    ])
  })

  it.each(['', '{', '[]', '{"auths":[]}', 'null', '{"auths":{"a":null}}'])(
    'finds none in %j',
    (text) => {
      expect(parseRegistryAuths(text)).toEqual([])
    },
  )
})

describe('findRegistryAuth', () => {
  it.each<[string, string | undefined]>([
    ['redis', 'u'],
    ['index.docker.io/acme/app:1', 'u'],
    ['registry.example:5000/x', 'user'],
    ['registry.example/x', undefined],
    ['Not An Image', undefined],
  ])('for %s', (image, username) => {
    expect(findRegistryAuth(parseRegistryAuths(json), image)?.username).toBe(username)
  })
})
