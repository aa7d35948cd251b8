import type { Labels, WorkerProfile } from '@waggle/domain'

/** What a worker of the tests serves: docker pipelines of Linux with exactly these labels. */
export const plainProfile = (labels: Labels = {}): WorkerProfile => ({
  kind: 'pipeline',
  type: 'docker',
  os: 'linux',
  arch: 'amd64',
  variant: '',
  kernel: '',
  labels,
  labelMatch: 'equal',
})
