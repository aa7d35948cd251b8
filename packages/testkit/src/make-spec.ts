import { noLimits, type Spec, type SpecStep } from '@waggle/domain'

/** A step with everything at its default. */
export const makeSpecStep = (step: Partial<SpecStep> & { readonly name: string }): SpecStep => ({
  id: `waggle-test-1-1-${step.name}`,
  number: 1,
  isImplicit: false,
  image: '',
  entrypoint: [],
  command: [],
  environment: {},
  secrets: [],
  dependsOn: [],
  runPolicy: 'on-success',
  errPolicy: 'fail',
  detach: false,
  privileged: false,
  pull: 'default',
  user: '',
  workingDir: '',
  mounts: [],
  devices: [],
  dns: [],
  dnsSearch: [],
  extraHosts: [],
  network: '',
  networks: [],
  namespace: -1,
  labels: {},
  auth: null,
  limits: noLimits,
  script: '',
  ...step,
})

/** A spec of these steps, numbered as compile numbers them. With `isSerial` each depends on the one before. */
export const makeSpec = (
  steps: readonly (Partial<SpecStep> & { readonly name: string })[],
  more: Partial<Omit<Spec, 'steps'>> & { readonly isSerial?: boolean } = {},
): Spec => {
  const { isSerial = false, ...rest } = more
  let number = 0
  return {
    platform: { os: 'linux', arch: 'amd64', variant: '', version: '' },
    steps: steps.map((step, i) => {
      const before = steps[i - 1]
      return makeSpecStep({
        dependsOn: isSerial && before ? [before.name] : [],
        ...step,
        number: step.runPolicy === 'never' ? 0 : ++number,
      })
    }),
    volumes: [],
    network: { id: 'waggle-test-1-1', labels: {}, options: {} },
    masks: [],
    root: '',
    ...rest,
  }
}
