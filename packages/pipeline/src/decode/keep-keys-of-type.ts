import type { Pipeline, PipelineStep } from '../manifest.ts'

/** A pipeline without the keys that its type does not have (pipeline.md §4.3): they are unknown keys there and have no
 *  effect, neither on what runs nor on the secrets that the stage is sent. Types that we only route stay whole. */
export const keepKeysOfType = (pipeline: Pipeline): Pipeline => {
  if (pipeline.kind !== 'pipeline') return pipeline
  switch (pipeline.type) {
    case 'exec':
    case 'ssh':
      return onHost(pipeline)
    case 'kubernetes':
      return inPod(pipeline)
    default:
      return pipeline
  }
}

const onHost = (pipeline: Pipeline): Pipeline => ({
  ...pipeline,
  workspace: { base: '', path: pipeline.workspace.path },
  environment: {},
  services: [],
  steps: pipeline.steps.map((step) => step && hostStep(step)),
  // A cache is a folder there, which the steps' environment names.
  volumes: pipeline.volumes.filter(({ source }) => source.kind === 'cache'),
  volumeEntries: [],
  imagePullSecrets: [],
})

/** `image` stays: an exec pipeline with one is refused. */
const hostStep = (step: PipelineStep): PipelineStep => ({
  ...step,
  ...noContainerKeys,
  command: [],
  entrypoint: [],
  settings: {},
  pull: '',
  privileged: false,
  user: '',
  workingDir: '',
  volumes: [],
})

const inPod = (pipeline: Pipeline): Pipeline => ({
  ...pipeline,
  workspace: { base: '', path: pipeline.workspace.path },
  services: pipeline.services.map((step) => step && { ...step, ...noContainerKeys }),
  steps: pipeline.steps.map((step) => step && { ...step, ...noContainerKeys }),
})

const noContainerKeys = {
  devices: [],
  dns: [],
  dnsSearch: [],
  extraHosts: [],
  networkMode: '',
  shmBytes: 0,
  memoryBytes: 0,
  memorySwapBytes: 0,
} as const
