import { describe, expect, it } from 'vitest'
import { RecentManifests } from './recent-manifests.ts'

const text = 'kind: pipeline\ntype: docker\nname: a\nsteps: []\n'
const build = (id: number, createdAt = 1) => ({ id, createdAt })

describe('RecentManifests', () => {
  it('gives a text back for its own build only', () => {
    const recent = new RecentManifests()
    recent.add(build(1), text)
    expect(recent.find(build(1))).toBe(text)
    expect(recent.find(build(2))).toBeNull()
    expect(recent.find(build(1, 2))).toBeNull()
  })

  it('parses a text once, and one that it does not keep each time', () => {
    const recent = new RecentManifests()
    recent.add(build(1), text)
    expect(recent.parse(build(1), text)).toBe(recent.parse(build(1), text))
    expect(recent.parse(build(2), text)).not.toBe(recent.parse(build(2), text))
    expect(recent.parse(build(1), `${text}\n`)).not.toBe(recent.parse(build(1), text))
  })

  it('stays within its limit, whatever it is given, and lets go of what was not used for longest', () => {
    const recent = new RecentManifests(text.length * 2 * 3)
    for (const id of [1, 2, 3]) recent.add(build(id), text)
    recent.find(build(1))
    recent.add(build(4), text)
    expect([1, 2, 3, 4].map((id) => recent.find(build(id)) !== null)).toEqual([
      true,
      false,
      true,
      true,
    ])
    recent.parse(build(1), text)
    expect(recent.size).toBe(3)
    recent.add(build(5), text.repeat(4))
    expect(recent.find(build(5))).toBeNull()
    const small = new RecentManifests(text.length * 43)
    small.add(build(1), text)
    small.add(build(2), text)
    small.parse(build(2), text)
    expect(small.find(build(1))).toBeNull()
    expect(small.parse(build(2), text)).toBe(small.parse(build(2), text))
  })
})
