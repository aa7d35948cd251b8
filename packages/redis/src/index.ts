export { type ChainableCommander, Redis } from 'ioredis'
export {
  ask,
  connectRedis,
  type RedisAddress,
  type RedisDeps,
  whenReady,
} from './redis-connection.ts'
