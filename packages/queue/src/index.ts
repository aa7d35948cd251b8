export { type ConsumerOptions, openConsumer, type QueueConsumer } from './consumer.ts'
export { openPublisher, type PublisherOptions } from './publisher.ts'
export { openSignals } from './signals.ts'
export {
  openStalledChecks,
  type StalledChecks,
  type StalledChecksOptions,
} from './stalled-checks.ts'
export { watchRedis } from './watch-redis.ts'
