import type { Labels, Partition, WorkerProfile } from '@waggle/domain'

/** Docker stages of Linux with exactly these labels. */
export const plainPartition = (labels: Labels = {}): Partition => ({
  kind: 'pipeline',
  type: 'docker',
  os: 'linux',
  arch: 'amd64',
  variant: '',
  kernel: '',
  labels,
})

/** What a worker of the tests serves: that partition and no other. */
export const plainProfile = (labels: Labels = {}): WorkerProfile => ({
  ...plainPartition(labels),
  labelMatch: 'equal',
})
