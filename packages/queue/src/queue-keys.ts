/** Names of everything this package keeps in Redis, beside what BullMQ keeps under `<prefix>:<partition>:`.
 *  A partition's name always holds a `/`, so the two cannot meet. */
export const queueKeys = (prefix: string) => ({
  /** Hash: name of a partition → its attributes as JSON. */
  partitions: `${prefix}:partitions`,
  /** Sorted set: name of a partition, by the time it was last in use (milliseconds, Redis's clock). */
  partitionsUsed: `${prefix}:partitions:used`,
  /** Changes with every change of the registry: says whether it is worth reading. */
  partitionsVersion: `${prefix}:partitions:version`,
  /** Channel: the registry changed. */
  partitionsChanged: `${prefix}:partitions:changed`,
  epoch: `${prefix}:epoch`,
  bell: (workerId: string) => `${prefix}:bell:${workerId}`,
  cancels: (workerId: string) => `${prefix}:cancels:${workerId}`,
  changes: `${prefix}:changes`,
  marker: (partition: string) => `${prefix}:${partition}:marker`,
  queue: (partition: string, part: string) => `${prefix}:${partition}:${part}`,
})

export type QueueKeys = ReturnType<typeof queueKeys>
