import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@waggle/domain'
import { ask, connectRedis, type Redis, type RedisDeps, whenReady } from '@waggle/redis'
import type { Follower } from './follower.ts'
import { idBefore, parseEntry, type RawEntry } from './line-entry.ts'

const blockMs = 5_000
/** Between two looks whether the streams still exist: XREAD does not tell. */
const lookMs = 2_000
/** Entries of one stream per read: more at once would run over the buffers of viewers that are quick enough. */
const entriesPerRead = 4

interface Followed {
  readonly followers: Set<Follower>
  lastId: string
}

/** The one connection that reads all streams that somebody follows, for all their followers. */
export class StreamReader {
  readonly #deps: RedisDeps
  readonly #log: Logger
  /** For the bell and the looks; shared with the owner. */
  readonly #commands: Redis
  readonly #bell: string
  readonly #followed = new Map<string, Followed>()
  readonly #closing = new AbortController()
  #redis: Redis | null = null
  #bellId = '0-0'
  #dropped: (() => void) | null = null
  #started: (() => void) | null = null
  #loop: Promise<void> | null = null

  constructor(deps: RedisDeps, commands: Redis) {
    this.#deps = deps
    this.#log = deps.log
    this.#commands = commands
    this.#bell = `${deps.redis.prefix}:lines-bell:${randomUUID()}`
  }

  /** Gives the follower everything that is added from now on, and what it gave since `follower.next` before. */
  add(key: string, follower: Follower): void {
    const known = this.#followed.get(key)
    if (known) {
      known.followers.add(follower)
      return
    }
    this.#followed.set(key, { followers: new Set([follower]), lastId: idBefore(follower.next) })
    this.#loop ??= this.#run()
    this.#started?.()
    this.#ring()
  }

  remove(key: string, follower: Follower): void {
    const followed = this.#followed.get(key)
    if (!followed?.followers.delete(follower) || followed.followers.size > 0) return
    this.#followed.delete(key)
    // The blocking read goes on with the old set until something comes; that costs nothing.
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const { followers } of this.#followed.values()) for (const one of followers) one.end()
    this.#started?.()
    this.#dropped?.()
    this.#redis?.disconnect(false)
    if (!this.#loop) return
    await this.#loop
    await ask(this.#commands, () => this.#commands.del(this.#bell)).catch(() => undefined)
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    const redis = connectRedis(this.#deps, 'lines-reader', {
      // Its one command takes long, and has its own watchdog.
      commandTimeout: undefined,
      socketTimeout: undefined,
    })
    this.#redis = redis
    // ioredis forgets the pending read of a lost connection: its promise never settles.
    redis.on('close', () => this.#dropped?.())
    const looking = setInterval(() => void this.#look(), lookMs)
    looking.unref()
    while (!signal.aborted) {
      try {
        if (this.#followed.size === 0) await this.#untilFollowed()
        else if (await whenReady(redis, 60_000, signal)) await this.#read(redis)
        else await delay(500, undefined, { signal })
      } catch (err) {
        if (signal.aborted) break
        this.#log.debug('lines not read', { err })
        await delay(200)
      }
    }
    clearInterval(looking)
    redis.disconnect(false)
  }

  async #read(redis: Redis): Promise<void> {
    const keys = [...this.#followed.keys()]
    const ids = keys.map((key) => this.#followed.get(key)?.lastId ?? '$')
    let watchdog: NodeJS.Timeout | undefined
    const dropped = new Promise<null>((resolve) => {
      this.#dropped = () => resolve(null)
      watchdog = setTimeout(() => {
        redis.disconnect(true)
        resolve(null)
      }, blockMs + 1_500)
    })
    try {
      const asked = redis.xreadBuffer(
        'COUNT',
        entriesPerRead,
        'BLOCK',
        blockMs,
        'STREAMS',
        ...keys,
        this.#bell,
        ...ids,
        this.#bellId,
      )
      asked.catch(() => undefined)
      const reply = (await Promise.race([asked, dropped])) as readonly RawStream[] | null
      for (const [key, entries] of reply ?? []) this.#deliver(key.toString(), entries)
    } finally {
      clearTimeout(watchdog)
      this.#dropped = null
    }
  }

  #deliver(key: string, entries: readonly RawEntry[]): void {
    const lastId = entries.at(-1)?.[0].toString('latin1')
    if (lastId === undefined) return
    if (key === this.#bell) {
      this.#bellId = lastId
      return
    }
    const followed = this.#followed.get(key)
    if (!followed) return
    followed.lastId = lastId
    for (const raw of entries) {
      const entry = parseEntry(raw)
      if (entry === 'end') this.#end(key)
      else if (entry === 'broken')
        this.#log.warn('entry of a log stream is broken, skipped', { name: key })
      else if (entry !== 'opening') for (const follower of followed.followers) follower.push(entry)
    }
  }

  #end(key: string): void {
    const followed = this.#followed.get(key)
    this.#followed.delete(key)
    for (const follower of followed?.followers ?? []) follower.end()
  }

  /** A stream that vanished ends its followers: Redis lost it, or it expired. */
  async #look(): Promise<void> {
    const keys = [...this.#followed.keys()]
    if (keys.length === 0) return
    try {
      const found = await ask(this.#commands, () => {
        const pipeline = this.#commands.pipeline()
        for (const key of keys) pipeline.exists(key)
        return pipeline.exec()
      })
      for (const [i, key] of keys.entries()) if (found?.[i]?.[1] === 0) this.#end(key)
    } catch (err) {
      this.#log.debug('log streams not looked at', { err })
    }
  }

  #ring(): void {
    ask(this.#commands, () =>
      this.#commands
        .pipeline()
        .xadd(this.#bell, 'MAXLEN', 1, '*', 'b', '1')
        .expire(this.#bell, 3_600)
        .exec(),
    ).catch((err: unknown) => this.#log.debug('reader of lines not woken', { err }))
  }

  async #untilFollowed(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#started = resolve
    })
    this.#started = null
  }
}

type RawStream = readonly [Buffer, readonly RawEntry[]]
