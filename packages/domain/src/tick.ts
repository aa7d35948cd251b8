/** Timers that every API process has and one wins (design §5): a row each, won by a compare-and-set. */
export type TickName =
  | 'webhooks'
  | 'reconcile'
  | 'outbox'
  | 'deliveries'
  | 'reap'
  | 'cleanup'
  | 'purge'
  | 'cron'

export interface TickStore {
  /** Wins the tick if it is due by the database's clock, and sets the next one `intervalMs` from now. Gives how
   *  late it came (milliseconds past due; `null` = not won). A process that dies after winning only skips one tick. */
  win(name: TickName, intervalMs: number): Promise<{ readonly lateMs: number } | null>
  /** Puts the next one off to `intervalMs` from now, by the process that works on this one still. */
  hold(name: TickName, intervalMs: number): Promise<void>
  /** When the tick is due next, database clock; 0 = it never ran. */
  dueAt(name: TickName): Promise<number>
}

/** Small facts of the installation. */
export interface SettingStore {
  get(name: SettingName): Promise<string | null>
  set(name: SettingName, value: string): Promise<void>
  /** Stores the value unless there is one, and gives the one that is there then. */
  init(name: SettingName, value: string): Promise<string>
}

/** waiting_counted_since: before this time of the database's clock no process was there for a while.
 *  mass_loss_since: since when the breaker holds the reaper back, database's clock; 0 = it does not.
 *  installation: random id, part of every container's name. queue_paused: `true` while nothing may be offered.
 *  queue_paused_by: who paused it and when, as JSON; kept only while it is paused.
 *  queue_epoch: the id put into Redis; its absence there means that Redis lost what it held.
 *  key_check: a sealed constant that tells whether the encryption key is the one of this database. */
export type SettingName =
  | 'installation'
  | 'queue_paused'
  | 'queue_paused_by'
  | 'queue_epoch'
  | 'waiting_counted_since'
  | 'mass_loss_since'
  | 'key_check'
