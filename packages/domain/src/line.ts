/** Where one try of one step writes its lines: one stream, one archive. */
export interface LogKey {
  readonly stageId: number
  readonly attempt: number
  /** Number of the step record. */
  readonly step: number
  readonly try: number
}

/** The key as text, safe in Redis keys and file names. */
export const logKeyText = (key: LogKey): string =>
  `${key.stageId}-${key.attempt}-${key.step}-${key.try}`

/** One record of a step's output: its bytes with their line feed, already masked; a record ends at LF or after 64 KiB. */
export interface Line {
  /** 0-based, without gaps: a pure function of the step's bytes. */
  readonly number: number
  /** Whole seconds since the step's log was opened. */
  readonly time: number
  readonly bytes: Buffer
}

/** Consecutive lines, encoded (see `line-block.ts`). */
export interface LineBlock {
  readonly first: number
  readonly count: number
  /** Encoded lines. */
  readonly data: Buffer
}

/** How a log ended. */
export interface LogSeal {
  readonly lines: number
  readonly bytes: number
  /** CRC-32 over all archived line bytes, in order. */
  readonly crc32: number
  /** Empty when the log is complete; else the reason why its end is open or what was left out. */
  readonly gap: string
}

export interface LogSegment {
  readonly first: number
  readonly count: number
  /** Sum of the lines' bytes, without encoding. */
  readonly bytes: number
  readonly data: Buffer
}

/** Lines for good: segments in order, then a seal. */
export interface LogArchive {
  /** Adds the segment if it starts where the archive ends. Gives the number of the next line that is missing:
   *  a repeat changes nothing, a hole is refused by the same answer. */
  append(key: LogKey, stepId: number, segment: LogSegment): Promise<number>
  /** Number of the next line the archive is missing. */
  next(key: LogKey): Promise<number>
  /** Sealing twice keeps the first seal. */
  seal(key: LogKey, stepId: number, seal: LogSeal): Promise<LogSeal>
  findSeal(key: LogKey): Promise<LogSeal | null>
  /** The newest log of a step: the highest attempt and try that wrote one. */
  findLatest(stepId: number): Promise<LogKey | null>
  /** Segments from the one that holds line `from`, in order, a bounded number at a time. */
  read(key: LogKey, from: number): AsyncIterable<LogSegment>
  deleteByStep(stepId: number): Promise<void>
}

/** The live side: a bounded window in Redis, appended by workers, followed by viewers. */
export interface LiveLog {
  /** Makes the stream, at the grant; a stream that is there stays as it is. */
  open(key: LogKey): Promise<void>
  /** Appends a block. `false` when there is no stream: Redis lost it, or it was closed (design §9). */
  append(key: LogKey, block: LineBlock): Promise<boolean>
  /** Shows an unfinished last line; it is neither numbered nor kept. */
  preview(key: LogKey, bytes: Buffer): Promise<void>
  /** Drops the blocks whose lines are all below `line`: they are in the archive. */
  trim(key: LogKey, line: number): Promise<void>
  /** Marks the end, for viewers, and lets the stream expire. */
  close(key: LogKey): Promise<void>
  /** Blocks that the stream holds now, oldest first. */
  snapshot(key: LogKey): Promise<readonly LineBlock[]>
  /** Follows the stream from line `from` until it is closed or gone. One reader a stream, however many followers.
   *  A follower that is too slow ends with `unavailable` `viewer_too_slow`, and may resume. `onPreview` is given the
   *  unfinished last line as it grows; such a word may be lost. */
  tail(
    key: LogKey,
    from: number,
    signal: AbortSignal,
    onPreview?: (bytes: Buffer) => void,
  ): AsyncIterable<LineBlock>
}
