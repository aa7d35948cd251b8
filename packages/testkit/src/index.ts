export { type ChildServer, startChild } from './child-server.ts'
export {
  describeEngine,
  type EngineCaseStep,
  type EngineCases,
} from './describe-engine/describe-engine.ts'
export { describeScenarios, type ScenarioCases } from './describe-scenarios/describe-scenarios.ts'
export { describeStores } from './describe-stores/describe-stores.ts'
export {
  type DockerStep,
  dockerStage,
  installationOf,
  type Ran,
  runNamed,
} from './docker-stage.ts'
export { EngineGate } from './engine-gate.ts'
export { FakeEngine, type FakeStep } from './fake-engine.ts'
export { freePort } from './free-port.ts'
export { makeSpec, makeSpecStep } from './make-spec.ts'
export { MemorySink } from './memory-sink.ts'
export { createNoopEngine } from './noop-engine.ts'
export {
  answerJson,
  type OutsideCall,
  type OutsideService,
  startOutsideService,
} from './outside-service.ts'
export { plainPartition, plainProfile } from './plain-profile.ts'
export { RecordingReporter } from './recording-reporter.ts'
export { serveGit } from './serve-git.ts'
export { type StartDockerOptions, startDocker, type TestDocker } from './start-docker.ts'
export { startPostgres, type TestPostgres } from './start-postgres.ts'
export { startRedis, type TestRedis } from './start-redis.ts'
export { tempFolder } from './temp-folder.ts'
export { testImages } from './test-images.ts'
export { waitUntil } from './wait-until.ts'
